import { setTimeout as sleep } from 'node:timers/promises'
import type { Definition, Process } from '../../packages/protocol/dist/index.js'
import { ask, getProcess } from './api.js'

/** A running process of which nothing is finished for so long has come to a halt. */
const haltMs = 30_000

export async function register(url: string, source: string, contentType: string): Promise<Definition> {
  return ask<Definition>(url, 'POST', '/definitions', source, contentType)
}

export async function startProcess(url: string, definition: string, version?: number): Promise<Process> {
  return ask<Process>(url, 'POST', '/processes', {
    definition,
    ...(version === undefined ? {} : { version }),
  })
}

/**
 * Resolves when the process has ended; a server that is away meanwhile is waited for.
 *
 * @throws when nothing is finished for half a minute
 */
export async function untilEnded(url: string, id: string): Promise<Process> {
  let seen = { version: 0, at: performance.now() }
  for (;;) {
    const process = await getProcess(url, id).catch(() => undefined)
    if (process !== undefined && process.state !== 'running') return process
    if (process !== undefined && process.version !== seen.version) {
      seen = { version: process.version, at: performance.now() }
    }
    if (performance.now() - seen.at > haltMs) {
      throw new Error(
        `Expected process ${id} to go on, but it stands still: ${JSON.stringify(process?.progress)}`,
      )
    }
    await sleep(25)
  }
}
