import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { tunacorn } from '@tunacorn/express'
import { afterAll, beforeAll } from 'vitest'
import { Command, tunacorn as run, type Result, type Surroundings } from './command.js'

export interface MemoryServer {
  readonly url: string
  /** Runs `tunacorn` with this server as the one that it speaks to. */
  readonly cli: (args: readonly string[], surroundings?: Surroundings) => Promise<Result>
  /** The same, while it runs. */
  readonly begin: (args: readonly string[], surroundings?: Surroundings) => Command
}

/** For the tests of a file: a server in this process, that keeps everything in memory and is there at once. */
export function memoryServer(): () => MemoryServer {
  const router = tunacorn({ logger: silent })
  const http = createServer(express().use(router))
  let url = ''
  beforeAll(async () => {
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    await router.close()
    http.closeAllConnections()
    http.close()
  })
  const here = ({ env, ...rest }: Surroundings = {}) => ({ ...rest, env: { TUNACORN_URL: url, ...env } })
  return () => ({
    url,
    cli: (args, surroundings) => run(args, here(surroundings)),
    begin: (args, surroundings) => new Command(args, here(surroundings)),
  })
}

const nothing = () => undefined
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing }
