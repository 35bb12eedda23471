import type { ProcessList, ProcessRecord } from '../lists/process-list.js'
import type { Logger } from './logger.js'

/** Whether what somebody waits for has come to pass. */
export type Until = (record: ProcessRecord) => boolean

interface Onlooker {
  readonly until: Until
  readonly done: () => void
}

/**
 * Who waits for something to happen to which process. What happens through this replica is known at once; for the
 * others, one look every so often serves all who wait.
 */
export class Onlookers {
  readonly #processList: ProcessList
  readonly #logger: Logger
  readonly #pollMs: number
  readonly #waiting = new Map<string, Set<Onlooker>>()
  #poll: NodeJS.Timeout | undefined
  #isClosed = false
  /** It is said once, until it works again. */
  #hasFailed = false

  constructor(processList: ProcessList, logger: Logger, pollMs: number) {
    this.#processList = processList
    this.#logger = logger
    this.#pollMs = pollMs
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Resolves when it has come to pass, the process is gone, time is up, the caller has gone or the engine closes. */
  async wait(id: string, until: Until, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#isClosed || signal?.aborted === true) return
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        this.#forget(id, onlooker)
        resolve()
      }
      const onlooker = { until, done }
      const timer = setTimeout(done, waitMs)
      signal?.addEventListener('abort', done)
      const waiting = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, waiting.add(onlooker))
      this.#startPolling()
    })
  }

  /** How many wait. */
  get waiting(): number {
    let waiting = 0
    for (const those of this.#waiting.values()) waiting += those.size
    return waiting
  }

  /** These have changed. */
  tell(records: readonly ProcessRecord[]): void {
    if (this.#waiting.size === 0) return
    for (const record of records) {
      for (const { until, done } of this.#waiting.get(record.id) ?? []) if (until(record)) done()
    }
  }

  close(): void {
    this.#isClosed = true
    for (const waiting of this.#waiting.values()) for (const { done } of waiting) done()
  }

  #forget(id: string, onlooker: Onlooker): void {
    const waiting = this.#waiting.get(id)
    waiting?.delete(onlooker)
    if (waiting?.size === 0) this.#waiting.delete(id)
    if (this.#waiting.size > 0) return
    clearTimeout(this.#poll)
    this.#poll = undefined
  }

  #startPolling(): void {
    this.#poll ??= setTimeout(() => void this.#look(), this.#pollMs * (0.5 + Math.random()))
  }

  async #look(): Promise<void> {
    const ids = [...this.#waiting.keys()]
    try {
      const found = await this.#processList.fetch(
        ids.map((id) => ({ id, afterVersion: Number.MAX_SAFE_INTEGER })),
      )
      this.#hasFailed = false
      this.tell(found.flatMap((process) => (process === undefined ? [] : [process.record])))
      const gone = ids.filter((_id, index) => found[index] === undefined)
      for (const id of gone) for (const { done } of this.#waiting.get(id) ?? []) done()
    } catch (error) {
      if (!this.#hasFailed)
        this.#logger.warn({ err: error }, 'could not look for what has changed; trying again')
      this.#hasFailed = true
    } finally {
      this.#poll = undefined
      if (this.#waiting.size > 0) this.#startPolling()
    }
  }
}
