import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TunaCornClient, TunaCornConnectionError, TunaCornHttpError } from '@tunacorn/client'
import { afterEach, describe, expect, it } from 'vitest'

const id = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'

describe.each(['node', 'fetch'] as const)('the way there and back by %s', (means) => {
  let server: Server | undefined

  afterEach(async () => {
    server?.closeAllConnections()
    server?.close()
    if (server !== undefined) await once(server, 'close')
  })

  async function serving(listener: RequestListener): Promise<TunaCornClient> {
    server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    return new TunaCornClient({ url, retries: 0, ...(means === 'fetch' && { fetch: globalThis.fetch }) })
  }

  it('carries text that is cut within a character', async () => {
    const text = JSON.stringify({ said: 'tuña 🐟' })
    const client = await serving((_request, response) => {
      response.setHeader('content-type', 'application/json')
      const bytes = Buffer.from(text)
      response.write(bytes.subarray(0, 12))
      setTimeout(() => response.end(bytes.subarray(12)), 20)
    })
    expect(await client.getProcess(id)).toEqual(JSON.parse(text))
  })

  it('takes an answer that breaks off for none', async () => {
    const client = await serving((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      response.write('{}')
      setTimeout(() => response.destroy(), 20)
    })
    await expect(client.getProcess(id)).rejects.toThrow(TunaCornConnectionError)
  })

  it('follows no redirection, and says where it points', async () => {
    const client = await serving((_request, response) => {
      response.writeHead(301, { location: 'https://example.com/' }).end()
    })
    const error = await client.getProcess(id).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TunaCornHttpError)
    expect(error).toMatchObject({ status: 301, message: expect.stringContaining('https://example.com/') })
  })

  it('keeps its connection, and lets go of it when the call is aborted', async () => {
    const ports: (number | undefined)[] = []
    let closed = 0
    const client = await serving((request, response) => {
      ports.push(request.socket.remotePort)
      request.socket.once('close', () => closed++)
      if (ports.length < 3) response.setHeader('content-type', 'application/json').end('{}')
    })
    await client.getProcess(id)
    await client.getProcess(id)
    if (means === 'node') expect(ports[0]).toBe(ports[1])
    const reason = new Error('enough')
    await expect(client.getProcess(id, {}, { signal: abortedSoon(reason) })).rejects.toBe(reason)
    await expect.poll(() => closed).toBeGreaterThan(0)
  })
})

function abortedSoon(reason: Error): AbortSignal {
  const controller = new AbortController()
  setTimeout(() => controller.abort(reason), 50)
  return controller.signal
}
