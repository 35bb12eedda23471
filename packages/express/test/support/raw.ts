import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { checkAnswer } from './contract.js'
import type { Problem, Reply } from './api.js'

export interface RawRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | number>>
  /** Chunks are sent one by one, without a length being announced. */
  readonly body?: Buffer | string | readonly (Buffer | string)[]
  readonly signal?: AbortSignal
}

/** A request with nothing added or put right, on a connection of its own. */
export function open(
  url: string,
  path: string,
  { method = 'POST', headers = {}, signal }: RawRequest,
): ClientRequest {
  const { hostname, port, pathname } = new URL(url)
  const base = pathname === '/' ? '' : pathname
  return request({
    hostname,
    port,
    path: base + path,
    method,
    headers,
    agent: false,
    ...(signal && { signal }),
  })
}

/** Sends what no well-behaved client would; the answer is checked like any other. */
export async function exchange(url: string, path: string, sent: RawRequest): Promise<Reply> {
  const { method = 'POST', body = '' } = sent
  const asked = open(url, path, sent)
  // Once it is answered, whether the rest of the body still arrived is of no interest.
  asked.on('error', () => {})
  if (typeof body === 'string' || Buffer.isBuffer(body)) asked.end(body)
  else {
    for (const chunk of body) asked.write(chunk)
    asked.end()
  }
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const answer = { status: response.statusCode ?? 0, headers: response.headers, text: await text(response) }
  return { ...answer, body: checkAnswer(method, path, answer) as Problem }
}
