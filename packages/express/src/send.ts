import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Answer } from './operation.js'

/** What is left of a refused body is let go by for so long and so far; whoever sends more than that is cut off. */
const lingerMs = 5_000
const lingerBytes = 16 * 1024 * 1024

/** Writes an answer without any of Express's helpers, so that it is the same under Express 4 and 5, and quick. */
export function send(response: ServerResponse, answer: Answer): void {
  const { status, body, text, stream, contentType, location } = answer
  // Printed first: should that fail, nothing of the answer has been written.
  const content = text ?? (body === undefined ? undefined : JSON.stringify(body))
  response.statusCode = status
  // One by one: what is given to `writeHead` is nothing that a host could look at afterwards.
  response.setHeader('Cache-Control', 'no-store')
  response.setHeader('X-Content-Type-Options', 'nosniff')
  if (location !== undefined) response.setHeader('Location', location)
  if (stream !== undefined) {
    sendStream(response, stream, contentType)
    return
  }
  if (content === undefined) {
    response.end()
    return
  }
  response.setHeader('Content-Type', contentType ?? 'application/json')
  response.setHeader('Content-Length', Buffer.byteLength(content))
  if (isStillComing(response.req)) endAfterBody(response, content)
  else response.end(content)
}

/** Of a request without a body, too, the end may not have been noticed yet. */
function isStillComing({ complete, headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers
  return !complete && (encoding !== undefined || length !== '0')
}

/**
 * Answers while the body is still coming. A connection that is closed with something left unread is reset, and the
 * answer lost with it: so it stays open until the client has read what it needs, or has sent enough.
 */
function endAfterBody(response: ServerResponse, content: string): void {
  const { req: request } = response
  response.setHeader('Connection', 'close')
  response.write(content)
  let bytes = 0
  const end = () => {
    clearTimeout(timer)
    request.off('data', count)
    response.end()
  }
  const count = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > lingerBytes) end()
  }
  const timer = setTimeout(end, lingerMs).unref()
  request.on('data', count)
  request.once('end', end)
  request.once('close', end)
}

function sendStream(
  response: ServerResponse,
  stream: AsyncIterable<string>,
  contentType = 'text/plain',
): void {
  response.setHeader('Content-Type', contentType)
  // Nothing in between shall compress it or keep it back.
  response.setHeader('Cache-Control', 'no-store, no-transform')
  response.setHeader('X-Accel-Buffering', 'no')
  if (response.req.method === 'HEAD') {
    response.end()
    return
  }
  // The status has been sent: whatever goes wrong now cuts the connection, and who listens comes back and hears why.
  // As it is, not as a stream of Node's: that listens for so much that Node takes it for a leak, and warns.
  pipeline(stream, response).catch(() => {})
}
