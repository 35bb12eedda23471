import type http from 'node:http'

/** One exchange as it goes over the wire. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** Of this exchange alone. Aborting it ends the exchange, which rejects. */
  readonly signal: AbortSignal
}

export interface WireAnswer {
  readonly status: number
  /** By its name in small letters. */
  readonly header: (name: string) => string | undefined
  /** The whole body. */
  readonly text: string
}

/** @throws what the way there or back throws; an operating system's error keeps its `code` */
export type Transport = (request: WireRequest) => Promise<WireAnswer>

/** Most servers and proxies that are about wait longer before they close a connection that nothing is asked of. */
const keepAliveMs = 4_000

type NodeHttp = Pick<typeof http, 'Agent' | 'request'>

/**
 * Node's own HTTP client, whose connections are kept. It takes a third of the time that `fetch` takes for a small
 * exchange, and a step of a chain is one.
 */
function overNode(plain: NodeHttp, secure: NodeHttp): Transport {
  const options = { keepAlive: true, timeout: keepAliveMs }
  const ways = {
    plain: { http: plain, agent: new plain.Agent(options) },
    secure: { http: secure, agent: new secure.Agent(options) },
  }
  return (asked) => exchange(asked, asked.url.startsWith('https:') ? ways.secure : ways.plain)
}

function exchange(
  { method, url, headers, body, signal }: WireRequest,
  { http, agent }: { readonly http: NodeHttp; readonly agent: InstanceType<NodeHttp['Agent']> },
): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const request = http.request(url, { agent, method, headers: { ...headers, ...length } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          header: (name) => response.headers[name]?.toString(),
          text: Buffer.concat(chunks).toString('utf8'),
        })
      })
    })
    request.on('error', reject)
    // The signal is of this exchange alone, so nothing has to be taken off it.
    signal.addEventListener('abort', () => request.destroy(signal.reason as Error), { once: true })
    request.end(body)
  })
}

/** Any other client that speaks as `fetch` does. Redirections are not followed, as they are not without it. */
export function overFetch(fetch: typeof globalThis.fetch): Transport {
  return async ({ method, url, headers, body, signal }) => {
    const init = { method, headers, signal, redirect: 'manual' as const }
    const response = await fetch(url, body === undefined ? init : { ...init, body })
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      text: await response.text(),
    }
  }
}

// Asked for in this way, so that the same file can be loaded by a browser, and so that a bundler that is told that
// there is no `globalThis.process` leaves out what is for Node.
const node = (globalThis as Partial<typeof globalThis>).process

/** Node's own, where this is Node. */
export const usualTransport: Transport =
  node?.getBuiltinModule === undefined
    ? // Called as a method of another object, a browser's fetch refuses.
      overFetch((input, init) => globalThis.fetch(input, init))
    : overNode(node.getBuiltinModule('node:http'), node.getBuiltinModule('node:https'))
