import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'

/** A request as JSON, on a connection of its own; the answer's status, headers and parsed body. */
export async function ask(
  url: string,
  body?: object,
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json', connection: 'close' },
  })
  const parsed: Record<string, unknown> = JSON.parse(await response.text())
  return { status: response.status, headers: response.headers, body: parsed }
}

/** A port on which something listens, until it is released. */
export async function takenPort(): Promise<{ port: string; release: () => void }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port: String(port), release: () => void server.close() }
}
