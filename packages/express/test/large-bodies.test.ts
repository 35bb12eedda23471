import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import { describe, expect, test, vi } from 'vitest'
import { tunacorn } from '@tunacorn/express'
import { exchange, open } from './support/raw.js'
import { listen, serve } from './support/serve.js'
import { register } from './support/steps.js'

const json = { 'content-type': 'application/json' }
const megabyte = Buffer.alloc(1024 * 1024, 'x')
const tooLarge = { status: 413, body: { code: 'too-large' } }

/** A client of the simplest kind: it sends all it has, and only then looks whether there is an answer. */
async function sendAllThenRead(url: string, parts: readonly (Buffer | string)[]): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  for (const part of parts)
    await new Promise<void>((resolve, reject) =>
      socket.write(part, (error) => (error ? reject(error) : resolve())),
    )
  await sleep(50)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const head = (path: string, more: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${more}\r\n\r\n`

describe('a body that is too large', () => {
  test('gets an answer that also a client sees which sends all of it first', async () => {
    const { api } = await serve()
    const announced = [
      head('/processes', 'Content-Length: 12582912'),
      ...Array.from({ length: 12 }, () => megabyte),
    ]
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), megabyte, Buffer.from('\r\n')])
    const chunked = [
      head('/processes', 'Transfer-Encoding: chunked'),
      ...Array.from({ length: 12 }, () => chunk),
      '0\r\n\r\n',
    ]
    for (const parts of [announced, chunked]) {
      const answer = await sendAllThenRead(api.url, parts)
      expect(answer).toMatch(/^HTTP\/1.1 413 /)
      expect(answer).toMatch(/^connection: close\r$/im)
      expect(answer).toContain('"code":"too-large"')
      expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1)
    }
  })

  test('that never ends is cut off', async () => {
    const { api } = await serve()
    const asked = open(api.url, '/processes', { headers: json })
    let sent = 0
    const ended = new Promise<void>((resolve) => {
      asked.on('error', () => resolve())
      asked.on('close', () => resolve())
    })
    const more = () => {
      while (!asked.destroyed && sent < 1000) {
        sent += 1
        if (!asked.write(megabyte)) return void asked.once('drain', more)
      }
    }
    more()
    await ended
    expect(sent).toBeLessThan(1000)
  })

  test('is refused for its announced length before anybody is asked who sends it', async () => {
    let asked = 0
    const { api } = await serve({
      authorize() {
        asked += 1
        return true
      },
      maxBodyBytes: 100,
    })
    for (const path of ['/processes', '/definitions', '/tasks/claim'])
      expect(await exchange(api.url, path, { body: 'x'.repeat(101), headers: json })).toMatchObject(tooLarge)
    expect(asked).toBe(0)
  })

  test('is refused too where nobody reads one', async () => {
    const { api } = await serve({ maxBodyBytes: 100 })
    const sent = { method: 'GET', headers: { 'content-length': 101 }, body: 'x'.repeat(101) }
    expect(await exchange(api.url, '/processes', sent)).toMatchObject(tooLarge)
  })

  test('is the host’s own business when the host has read it', async () => {
    const router = tunacorn({ logger: silent, maxBodyBytes: 100 })
    const url = await listen(express().use(express.json()).use(router))
    const body = JSON.stringify({ definition: 'none', input: 'x'.repeat(200) })
    expect((await exchange(url, '/processes', { body, headers: json })).status).toBe(404)
    await router.close()
  })
})

describe('bodies that do not come to their end', () => {
  test('hold no more memory than sixty-four of the largest; more are told to come again', async () => {
    const { api } = await serve({ maxBodyBytes: 100_000 })
    const most = Buffer.alloc(99_999, ' ')
    const headers = { ...json, 'content-length': 100_000 }
    const asked = Array.from({ length: 70 }, () => open(api.url, '/processes', { headers }))
    const refused: Promise<number>[] = []
    for (const one of asked) {
      one.on('error', () => undefined)
      refused.push(
        once(one, 'response').then(([response]) => (response as { statusCode: number }).statusCode),
      )
      one.write(most)
    }
    expect(await Promise.race(refused)).toBe(503)
    for (const one of asked) one.destroy()
    // They are let go of: as much again is taken.
    const large = { definition: 'x', input: 'x'.repeat(90_000) }
    await vi.waitFor(async () => expect((await api.post('/processes', large)).status).toBe(404))
  })
})

describe('a body that is made to be slow', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

  test('of half a million mistakes is answered with the first', async () => {
    const { api } = await serve()
    const items = `{"processes":[${'1,'.repeat(500_000)}1]}`
    const names = `{"worker":"w","names":[${'1,'.repeat(500_000)}1]}`
    for (const [path, text] of [
      ['/processes/batch', items],
      ['/tasks/claim', names],
    ] as const) {
      const { status, body } = await api.postText(path, text, 'application/json')
      expect([status, body.code, body.errors?.length]).toEqual([400, 'invalid-request', 1])
    }
  })

  test('of items that are alike but for their ends is not compared item by item', async () => {
    const { api } = await serve()
    const item = `[${'1,'.repeat(1000)}`
    const names = Array.from({ length: 1000 }, (_, index) => `${item}${index}]`)
    const text = `{"worker":"w","names":[${names.join(',')}]}`
    expect((await api.postText('/tasks/claim', text, 'application/json')).status).toBe(400)
  })

  test('is refused when it is nested more deeply than anything that is stored', async () => {
    const { api } = await serve()
    await register(api, 'under-test', { A: [] })
    const refused = {
      status: 422,
      body: { code: 'payload-refused', detail: expect.stringContaining('levels deep') as string },
    }
    for (const levels of [65, 73, 10_000, 1_000_000]) {
      const text = `{"definition":"under-test","input":${deep(levels)}}`
      expect(await api.postText('/processes', text, 'application/json')).toMatchObject(refused)
    }
    const names = `{"worker":"w","names":[${deep(100_000)},${deep(100_000)}]}`
    expect(await api.postText('/tasks/claim', names, 'application/json')).toMatchObject(refused)
    const fitting = `{"processes":[{"definition":"under-test","input":${deep(64)}}]}`
    expect(await api.postText('/processes/batch', fitting, 'application/json')).toMatchObject({
      body: { items: [{ status: 201 }] },
    })
  })

  test('is refused when it is nested too deeply, also when the host has parsed it', async () => {
    const log: unknown[] = []
    const router = tunacorn({ logger: { ...silent, error: (...line: unknown[]) => log.push(line) } })
    const url = await listen(
      express()
        .use(express.json({ limit: '5mb' }))
        .use(router),
    )
    for (const path of ['/processes', '/definitions', '/tasks/claim']) {
      const body = `{"a":${deep(100_000)}}`
      expect(await exchange(url, path, { body, headers: json })).toMatchObject({
        status: 422,
        body: { code: 'payload-refused' },
      })
    }
    expect(log).toEqual([])
    await router.close()
  })

  test('in the query names each parameter once', async () => {
    const { api } = await serve()
    const path = `/processes?${'limit=1&'.repeat(1500)}`
    expect(await exchange(api.url, path, { method: 'GET' })).toMatchObject({
      status: 400,
      body: { errors: [{ in: 'query', pointer: 'limit', message: 'may be given only once' }] },
    })
  })
})

describe('a body that says the same thing twice', () => {
  test('is refused, wherever it says it', async () => {
    const { api } = await serve()
    await register(api, 'under-test', { A: [] })
    for (const text of [
      '{"definition":"under-test","definition":"under-test"}',
      '{"definition":"under-test","input":{"a":1,"b":[],"a":1}}',
      '{"definition":"under-test","input":[{"__proto__":1,"__proto__":2}]}',
      '{"definition":"under-test","input":{"a":1,"\\u0061":2}}',
      '{"definition":"under-test","input":{"":{"x":1},"":2}}',
      '{"definition":"under-test","inpu\\u0074":1,"input":{}}',
    ]) {
      expect(await api.postText('/processes', text, 'application/json')).toMatchObject({
        status: 422,
        body: { code: 'payload-refused', detail: expect.stringContaining('twice') as string },
      })
    }
  })

  test('is taken when it only seems to', async () => {
    const { api } = await serve()
    await register(api, 'under-test', { A: [] })
    for (const input of [
      '{"a":"a","b":["a","a"],"c":{"a":1},"d":{"a":1}}',
      '[{"a":1},{"a":1}]',
      '{"a\\"":1,"a":{"\\\\":1,"\\\\\\\\":2}}',
      '{"a":"{\\"a\\":1,\\"a\\":2}"}',
      '{"constructor":1,"toString":2,"hasOwnProperty":3}',
    ]) {
      const text = `{"definition":"under-test","input":${input}}`
      const { status, body } = await api.postText<{ input: unknown }>('/processes', text, 'application/json')
      expect([status, body.input]).toEqual([201, JSON.parse(input)])
    }
  })
})

const silent = { debug() {}, info() {}, warn() {}, error() {} }
