import { TunaCornClient, type ClientOptions } from '@tunacorn/client'

export interface Answer {
  readonly status?: number
  readonly json?: unknown
  readonly text?: string
  readonly type?: string
  readonly headers?: Record<string, string>
  readonly error?: Error
}

export interface SentRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly path: string
  readonly headers: Headers
  readonly body: string | undefined
  readonly at: number
}

/** As Node's fetch fails: a TypeError whose cause has the system's code. */
const failed = (code: string): Answer => ({
  error: new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }),
})

export const connectionReset = failed('ECONNRESET')
export const connectionRefused = failed('ECONNREFUSED')
export const never: Answer = {}

/** A client whose requests get these answers, one after the other. */
export function scripted(answers: Answer[], options: Partial<ClientOptions> = {}) {
  const requests: SentRequest[] = []
  const left = [...answers]
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const url = input instanceof Request ? input.url : input.toString()
    const body = typeof init.body === 'string' ? init.body : undefined
    const { pathname: path } = new URL(url)
    requests.push({
      method: methodOf(init),
      url,
      path,
      headers: new Headers(init.headers),
      body,
      at: Date.now(),
    })
    const answer = left.shift()
    if (answer === undefined) throw new Error('Expected no further request')
    if (answer === never) return rejectedWhenAborted(init.signal)
    if (answer.error !== undefined) throw answer.error
    return responseOf(answer)
  }
  const client = new TunaCornClient({ url: 'http://x.test', fetch, ...options })
  return { client, requests }
}

function responseOf({ status = 200, json, text, type = 'application/json', headers = {} }: Answer): Response {
  const body = json === undefined ? (text ?? null) : JSON.stringify(json)
  return new Response(body, { status, headers: { 'content-type': type, ...headers } })
}

function rejectedWhenAborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason))
  })
}

function methodOf({ method }: RequestInit): SentRequest['method'] {
  if (method === 'POST' || method === 'DELETE') return method
  return 'GET'
}
