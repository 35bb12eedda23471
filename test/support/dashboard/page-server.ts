import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { tunacorn, type TunaCornOptions } from '../../../packages/express/dist/index.js'

export interface PageServer {
  /** Where TunaCorn is mounted. */
  readonly url: string
  close(): Promise<void>
}

/** TunaCorn in memory, mounted in an app as a host would do it, with its page. */
export async function servePage(options: TunaCornOptions = {}): Promise<PageServer> {
  const router = tunacorn({ logger: quiet, engine: { pollMs: 20 }, ...options })
  const server = createServer(express().use('/tunacorn', router)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
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
