import { jsonLoss } from '@tunacorn/protocol'
import { backoffMs, pause } from './backoff.js'
import { systemCode, TunaCornConnectionError, TunaCornHttpError, type ProblemDocument } from './errors.js'
import type { Transport, WireAnswer } from './transport.js'

/** Where the server is and how it is spoken to: the same for all calls of one client. */
export interface Connection {
  /** Without a slash at its end. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly transport: Transport
  /** For answers that are read as they come. */
  readonly fetch: typeof globalThis.fetch
}

/** One request, and how patient to be with it. */
export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With its parameters filled in, from the slash that begins it. */
  readonly path: string
  readonly query?: object | undefined
  /** A value to be sent as JSON, or a text with its media type. */
  readonly body?: { readonly json: unknown } | { readonly text: string; readonly type: string } | undefined
  readonly accept?: string | undefined
  /** Of this request alone. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Whether carrying it out twice does no harm. If not, it is sent again only if it cannot have arrived. */
  readonly repeatable: boolean
  /** How often it is sent again at most. */
  readonly retries: number
  /** For each time that it is sent. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

const retryLimits = { baseMs: 100, maxMs: 5_000 }

/** A server that asks for a longer rest than this is not waited for: the caller knows better what to do. */
const longestRestMs = 30_000

/** A timer set for longer than this fires at once. */
const maxTimerMs = 2 ** 31 - 1

/**
 * Sends a request, again if need be, and gives the answer's body: parsed when it is JSON, else the text;
 * undefined when there is none.
 *
 * @throws TunaCornHttpError when the server answered with an error
 * @throws TunaCornConnectionError when no answer came
 * @throws TypeError when the body cannot be written as JSON; nothing was sent
 */
export async function send(connection: Connection, call: HttpCall): Promise<unknown> {
  for (let sent = 1; ; sent++) {
    try {
      // Sent again only after it failed.
      return await sendOnce(connection, call)
    } catch (error) {
      const restMs = sent > call.retries ? undefined : restBeforeNext(call, error, sent)
      if (restMs === undefined) throw error
      await pause(restMs, call.signal)
    }
  }
}

/** How long to wait before sending again, or undefined when it must not be sent again. */
function restBeforeNext(call: HttpCall, error: unknown, sent: number): number | undefined {
  const restMs = backoffMs(sent, retryLimits)
  if (error instanceof TunaCornConnectionError) {
    return error.mayRetry && (call.repeatable || !error.mayHaveArrived) ? restMs : undefined
  }
  if (error instanceof TunaCornHttpError && error.isNotNow && call.repeatable) {
    const askedMs = error.retryAfterMs ?? 0
    return askedMs > longestRestMs ? undefined : Math.max(restMs, askedMs)
  }
  return undefined
}

async function sendOnce(connection: Connection, call: HttpCall): Promise<unknown> {
  const url = connection.url + call.path + queryString(call.query)
  const answered = await exchange(connection, call, url)
  const { status, header, text } = answered
  if (status < 200 || status >= 300) throw refusal(`${call.method} ${url}`, answered)
  if (text === '') return undefined
  const type = header('content-type') ?? ''
  if (call.accept !== undefined && type.startsWith(call.accept)) return text
  const answer = parseJson(text)
  if (answer === undefined) {
    const message = `Expected TunaCorn's JSON from ${url}, but got ${type || 'something else'}: is the base URL right?`
    throw new TunaCornConnectionError('not-tunacorn', url, message)
  }
  return answer
}

/** What an answer with an error says. */
export function refusal(request: string, { status, header, text }: WireAnswer): TunaCornHttpError {
  const problem = problemOf(status, text, header('location'))
  return new TunaCornHttpError(request, problem, retryAfterMs(header('retry-after')))
}

/** One exchange over the network, the whole answer read, within the time it has. */
async function exchange(connection: Connection, call: HttpCall, url: string): Promise<WireAnswer> {
  call.signal?.throwIfAborted()
  const { method } = call
  const { headers, body } = contentOf(connection, call)
  // Not AbortSignal.any: Node 20 keeps what it makes of a signal for as long as that signal lives, and a
  // worker's lives for months.
  const controller = new AbortController()
  const giveUp = () => controller.abort(call.signal?.reason)
  const timer = setTimeout(() => controller.abort(new Error('timeout')), Math.min(call.timeoutMs, maxTimerMs))
  call.signal?.addEventListener('abort', giveUp)
  try {
    return await connection.transport({ method, url, headers, body, signal: controller.signal })
  } catch (error) {
    call.signal?.throwIfAborted()
    throw connectionError(call, url, controller.signal.aborted, error)
  } finally {
    clearTimeout(timer)
    call.signal?.removeEventListener('abort', giveUp)
  }
}

function contentOf(connection: Connection, { body, accept, headers }: HttpCall) {
  const always = { accept: accept ?? 'application/json', ...connection.headers, ...headers }
  if (body === undefined) return { headers: always, body }
  const [type, text] = 'text' in body ? [body.type, body.text] : ['application/json', toJson(body.json)]
  return { headers: { ...always, 'content-type': type }, body: text }
}

function toJson(value: unknown): string {
  let text: string
  let loss: string | undefined
  try {
    text = JSON.stringify(value)
    loss = jsonLoss(value)
  } catch (cause) {
    throw new TypeError(`Expected a value that can be written as JSON, but: ${messageOf(cause)}`, { cause })
  }
  if (loss !== undefined) throw new TypeError(`Expected a value that JSON can say, but found ${loss}.`)
  return text
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function connectionError(call: HttpCall, url: string, timedOut: boolean, cause: unknown) {
  if (timedOut) {
    const message = `Expected an answer to ${call.method} ${url} within ${call.timeoutMs} ms, but none came. If the server is only slow, raise timeoutMs.`
    return new TunaCornConnectionError('timeout', url, message, cause)
  }
  const why = systemCode(cause) ?? messageOf(cause)
  const message = `Expected to reach TunaCorn for ${call.method} ${url}, but the connection failed (${why}). Is the server running, and is the URL right?`
  return new TunaCornConnectionError('unreachable', url, message, cause)
}

function queryString(query: object = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  const parameters = new URLSearchParams(
    given.map(([name, value]): [string, string] => [name, String(value)]),
  )
  return given.length === 0 ? '' : `?${parameters.toString()}`
}

function problemOf(status: number, text: string, location: string | undefined): ProblemDocument {
  const body = parseJson(text)
  if (typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string') {
    return { type: 'about:blank', title: `HTTP ${status}`, ...body, status, code: body.code }
  }
  // Not TunaCorn's words: a proxy, or a host's own error page. Enough of it to recognise it.
  const said = text.trim() === '' ? `HTTP ${status}` : text.trim().slice(0, 200)
  const title = location === undefined ? said : `It has moved to ${location}: is the base URL right?`
  return { type: 'about:blank', title, status, code: 'unknown' }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
