import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Answer } from './operation.js'

/** Writes an answer without any of Express's helpers, so that it is the same under Express 4 and 5, and quick. */
export function send(response: ServerResponse, answer: Answer): void {
  const { status, body, text, stream, contentType, location } = answer
  // Printed first: should that fail, nothing of the answer has been written.
  const content = text ?? (body === undefined ? undefined : JSON.stringify(body))
  response.statusCode = status
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
  response.end(content)
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
  pipeline(Readable.from(stream), response).catch(() => {})
}
