import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { tunacorn } from '@tunacorn/express'
import { isProof } from '../../../test/support/proof.js'
import { defaultHttpLimits, HttpServer, type HttpLimits } from '../src/http-server.js'
import { createApp } from '../src/app.js'
import { createLogger } from '../src/logger.js'
import { ask } from './support/http.js'

const quick: HttpLimits = {
  ...defaultHttpLimits,
  headersTimeoutMs: 300,
  requestTimeoutMs: 600,
  checkEveryMs: 50,
}

async function listening(limits: HttpLimits, maxWaiting?: number): Promise<string> {
  const logger = createLogger('silent', process.stdout)
  const { answer, mount } = createApp(logger, () => true)
  const router = tunacorn({ logger, maxWaiting })
  mount(router)
  const http = await HttpServer.listen(answer, { host: '127.0.0.1', port: 0 }, limits)
  onTestFinished(async () => {
    const closed = http.close()
    await router.close()
    await closed
  })
  return http.url
}

/** A connection on which this is said, and nothing more. */
async function say(url: string, text: string): Promise<{ socket: Socket; ended: Promise<string> }> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  let heard = ''
  socket.setEncoding('utf8').on('data', (part: string) => {
    heard += part
  })
  socket.on('error', () => {})
  const ended = once(socket, 'close').then(() => heard)
  if (text !== '') socket.write(text)
  return { socket, ended }
}

const begun =
  'POST /processes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n'

test('who is slow with headers or bodies, or says nothing, is cut off, and others are served meanwhile', async () => {
  const url = await listening(quick)
  const slow = await Promise.all([
    say(url, ''),
    say(url, 'GET /livez HTTP/1.1\r\nHo'),
    say(url, begun),
    say(url, `${begun}\r\n{"definition"`),
  ])
  // One that is never silent for long is no quicker.
  const dripping = await say(url, `${begun}\r\n`)
  const drip = setInterval(() => dripping.socket.write(' '), 50)
  onTestFinished(() => clearInterval(drip))
  expect(await ask(`${url}/livez`)).toMatchObject({ status: 200 })
  const heard = await Promise.all([...slow, dripping].map(({ ended }) => ended))
  // Who has said nothing is told nothing worth hearing.
  for (const answer of heard.slice(1)) expect(answer).toMatch(/^HTTP\/1.1 408 /)
  expect(await ask(`${url}/livez`)).toMatchObject({ status: 200 })
})

test('a half-open connection, whose client has gone without a word, is let go of', async () => {
  const url = await listening(quick)
  const { socket, ended } = await say(url, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
  socket.pause()
  const half = await say(url, `${begun}\r\n{`)
  half.socket.end()
  await half.ended
  expect(await ask(`${url}/livez`)).toMatchObject({ status: 200 })
  socket.resume()
  socket.end()
  expect(await ended).toMatch(/^HTTP\/1.1 200 /)
})

test('a request for what is no path is answered as a problem', async () => {
  const url = await listening(quick)
  const { ended } = await say(url, 'GET http://[ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
  const heard = await ended
  expect(heard).toMatch(/^HTTP\/1.1 400 /)
  expect(heard).toContain('application/problem+json')
  expect(heard).toContain('"code":"invalid-request"')
})

test('who asks again and again, and reads nothing, is let go of', async () => {
  const url = await listening({ ...defaultHttpLimits, silenceMs: 500 })
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  // More than is kept on the way: the server cannot get rid of it.
  for (let n = 0; n < 400; n += 1) socket.write('GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n')
  const waiting = await say(url, '')
  await waiting.ended
  // Who reads none of it learns by writing that the other end is gone.
  const poking = setInterval(() => socket.write('x'), 50)
  onTestFinished(() => clearInterval(poking))
  await closed
  expect(await ask(`${url}/livez`)).toMatchObject({ status: 200 })
})

// Each takes a descriptor at both ends, and both are here.
const idleCount = isProof ? 5_000 : 500

test(`with ${idleCount} idle connections, others are served`, { timeout: 120_000 }, async () => {
  const url = await listening(defaultHttpLimits)
  const open: Socket[] = []
  onTestFinished(() => open.forEach((socket) => socket.destroy()))
  while (open.length < idleCount) {
    const some = await Promise.all(Array.from({ length: 100 }, () => say(url, '')))
    open.push(...some.map(({ socket }) => socket))
  }
  for (let n = 0; n < 20; n += 1) expect(await ask(`${url}/processes`)).toMatchObject({ status: 200 })
  expect(open.every((socket) => !socket.destroyed)).toBe(true)
})

test('connections beyond the limit are closed at once, and there is room again when others go', async () => {
  const url = await listening({ ...defaultHttpLimits, maxConnections: 3 })
  const held = await Promise.all([say(url, ''), say(url, ''), say(url, '')])
  await (
    await say(url, '')
  ).ended
  await expect(ask(`${url}/livez`)).rejects.toThrow('fetch failed')
  held[0]?.socket.destroy()
  await expect.poll(async () => (await ask(`${url}/livez`).catch(() => undefined))?.status).toBe(200)
})

test('however many want to wait, what need not wait is served', async () => {
  const url = await listening(defaultHttpLimits, 2)
  const poll = JSON.stringify({ worker: 'w', wait: '60s' })
  const claim = `POST /tasks/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${poll.length}\r\n\r\n${poll}`
  const waiting = [await say(url, claim), await say(url, claim)]
  const full = { status: 503, body: { code: 'too-many-waiting' } }
  // Until both have been heard, a third may still find a place: it does not ask for long.
  await expect
    .poll(async () => (await ask(`${url}/tasks/claim`, { worker: 'late', wait: '1ms' })).status)
    .toBe(503)
  const refused = await ask(`${url}/tasks/claim`, { worker: 'late', wait: '60s' })
  expect(refused).toMatchObject(full)
  expect(refused.headers.get('retry-after')).toBe('1')

  // Neither are those without a place passed over, nor are those who do not want one in need of it.
  expect(await ask(`${url}/tasks/claim`, { worker: 'late' })).toMatchObject({ status: 200 })
  await ask(`${url}/definitions`, { name: 'd', tasks: [{ name: 'A' }, { name: 'B' }, { name: 'C' }] })
  const { body: process } = await ask(`${url}/processes`, { definition: 'd' })
  const got = await ask(`${url}/tasks/claim`, { worker: 'late', wait: '60s', names: ['C'] })
  expect(got.body['tasks']).toMatchObject([{ name: 'C' }])
  const id = String(process['id'])

  // The two have been given their tasks, so there is room again.
  await expect.poll(async () => (await ask(`${url}/processes/${id}?wait=1ms`)).status).toBe(200)
  for (const { socket } of waiting) socket.destroy()
  const again = [await say(url, claim), await say(url, claim)]
  await expect.poll(async () => (await ask(`${url}/processes/${id}?wait=1ms`)).status).toBe(503)
  const followed = await fetch(`${url}/processes/${id}/history`, { headers: { accept: 'text/event-stream' } })
  expect(followed.status).toBe(503)
  await followed.body?.cancel()
  for (const { socket } of again) socket.destroy()
  await expect.poll(async () => (await ask(`${url}/processes/${id}?wait=1ms`)).status).toBe(200)
})
