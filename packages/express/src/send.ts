import type { ServerResponse } from 'node:http'
import type { Answer } from './operation.js'

/** Writes an answer without any of Express's helpers, so that it is the same under Express 4 and 5, and quick. */
export function send(response: ServerResponse, { status, body, text, contentType, location }: Answer): void {
  // Printed first: should that fail, nothing of the answer has been written.
  const content = text ?? (body === undefined ? undefined : JSON.stringify(body))
  response.statusCode = status
  response.setHeader('Cache-Control', 'no-store')
  response.setHeader('X-Content-Type-Options', 'nosniff')
  if (location !== undefined) response.setHeader('Location', location)
  if (content === undefined) {
    response.end()
    return
  }
  response.setHeader('Content-Type', contentType ?? 'application/json')
  response.setHeader('Content-Length', Buffer.byteLength(content))
  response.end(content)
}
