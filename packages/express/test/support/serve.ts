import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import express from 'express'
import { onTestFinished } from 'vitest'
import { tunacorn, type TunaCornOptions, type TunaCornRouter } from '@tunacorn/express'
import { Api } from './api.js'
import { refuseSecrets } from './contract.js'
import { recordingLogger, type RecordingLogger } from './recording-logger.js'

export interface Served {
  readonly api: Api
  readonly router: TunaCornRouter
  readonly log: RecordingLogger
}

/** Quick enough for tests to wait for a lease that lapses. */
const quick = { pollMs: 20 }

/** A TunaCorn of the test's own in an Express app; gone when the test has finished. In memory unless told. */
export async function serve(options: TunaCornOptions = {}): Promise<Served> {
  const log = recordingLogger()
  const router = tunacorn({ logger: log, ...options, engine: { ...quick, ...options.engine } })
  // That it is in memory only has been said by now; what comes is about requests.
  log.lines.length = 0
  onTestFinished(async () => {
    await router.close()
    refuseSecrets(inspect(log.lines, { depth: 10, maxArrayLength: null, maxStringLength: null }))
  })
  const api = new Api(await listen(express().use(router)))
  return { api, router, log }
}

/** @returns where it listens, until the test has finished. */
export async function listen(app: RequestListener): Promise<string> {
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
