import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { pino, type Logger } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { logRequests } from '../src/request-log.js'

type Line = Readonly<Record<string, unknown>>
type Serve = (request: IncomingMessage & { readonly log: Logger }, response: ServerResponse) => void

/** A server that does nothing but log its requests, and what it has logged. */
async function logging(level: string, serve: Serve) {
  const lines: Line[] = []
  const logger = pino(
    { level, base: null, timestamp: false },
    { write: (text: string) => lines.push(JSON.parse(text) as Line) },
  )
  const log = logRequests(logger)
  const server = createServer((request, response) =>
    log(request, response, () => serve(request as Parameters<Serve>[0], response)),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { lines, port, url: `http://127.0.0.1:${port}`, logger }
}

const answering =
  (status: number): Serve =>
  (_request, response) => {
    response.statusCode = status
    response.end()
  }

test.each([
  [200, 20, 'Request answered'],
  [404, 30, 'Request answered'],
  [500, 50, 'Request failed'],
  [503, 20, 'Request failed'],
])('what is answered %i is a line of level %i', async (status, level, msg) => {
  const { lines, url } = await logging('debug', answering(status))
  await fetch(`${url}/tasks?secret=1`, { method: 'POST', headers: { 'x-request-id': 'of-a-proxy' } })
  await vi.waitFor(() => expect(lines).toHaveLength(1))
  expect(lines[0]).toEqual({
    level,
    msg,
    reqId: 'of-a-proxy',
    req: { method: 'POST', path: '/tasks' },
    res: { status },
    responseTime: expect.any(Number) as number,
  })
})

test('lines that are said for a request have its id, which no other has', async () => {
  const { lines, url } = await logging('info', ({ log }, response) => {
    log.debug('not wanted')
    log.info({ task: 1 }, 'first')
    log.warn('second')
    response.end()
  })
  await fetch(url)
  await fetch(url, { headers: { 'x-request-id': 'not one\tword' } })
  const ids = lines.map(({ reqId }) => reqId)
  expect(lines.map(({ msg }) => msg)).toEqual(['first', 'second', 'first', 'second'])
  expect(lines[0]).toMatchObject({ task: 1 })
  expect([ids[0], ids[2]]).toEqual([ids[1], ids[3]])
  expect(new Set(ids).size).toBe(2)
  expect(ids).not.toContain('not one\tword')
})

test('no logger is made for a request of which nothing is said', async () => {
  const { lines, url, logger } = await logging('info', answering(200))
  const child = vi.spyOn(logger, 'child')
  await fetch(url)
  expect([lines, child.mock.calls]).toEqual([[], []])
})

test('who goes before the answer is said to have given up', async () => {
  const arrived = vi.fn<Serve>()
  const { lines, port } = await logging('debug', arrived)
  const request = send({ port, host: '127.0.0.1', path: '/slow' })
  request.on('error', () => {})
  request.end()
  await vi.waitFor(() => expect(arrived).toHaveBeenCalled())
  request.destroy()
  await vi.waitFor(() => expect(lines).toHaveLength(1))
  expect(lines[0]).toMatchObject({ level: 20, msg: 'Request given up by who asked' })
})
