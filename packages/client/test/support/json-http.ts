import type { IncomingMessage, ServerResponse } from 'node:http'

export function answer(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export function problem(response: ServerResponse, status: number, code: string): void {
  const body = JSON.stringify({ type: 'about:blank', title: code, status, code })
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(body)
}

export async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
