import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { tunacorn, type TunaCornOptions } from '../../../packages/express/dist/index.js'

export interface PageServer {
  /** Where TunaCorn is mounted. */
  readonly url: string
  /** The event streams that were asked for, in order. */
  readonly streams: readonly { readonly request: IncomingMessage; readonly response: ServerResponse }[]
  close(): Promise<void>
}

/** TunaCorn in memory, mounted in an app as a host would do it, with its page. */
export async function servePage(options: TunaCornOptions = {}): Promise<PageServer> {
  const router = tunacorn({ logger: quiet, engine: { pollMs: 20 }, ...options })
  const server = createServer(express().use('/tunacorn', router)).listen(0, '127.0.0.1')
  const streams: { request: IncomingMessage; response: ServerResponse }[] = []
  server.on('request', (request, response) => {
    if (request.headers.accept === 'text/event-stream') streams.push({ request, response })
  })
  await once(server, 'listening')
  return {
    streams,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tunacorn`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await router.close()
    },
  }
}

const silent = () => {}
const quiet = { debug: silent, info: silent, warn: silent, error: silent }
