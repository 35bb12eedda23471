import type { ProcessList } from '../lists/process-list.js'
import type { Logger } from './logger.js'
import { isLive } from '../process/state.js'

/**
 * Who waits for the end of which process. What ends through this replica is known at once; for the others, one look
 * every so often serves all who wait.
 */
export class Endings {
  readonly #processList: ProcessList
  readonly #logger: Logger
  readonly #pollMs: number
  readonly #waiting = new Map<string, Set<() => void>>()
  #poll: NodeJS.Timeout | undefined

  constructor(processList: ProcessList, logger: Logger, pollMs: number) {
    this.#processList = processList
    this.#logger = logger
    this.#pollMs = pollMs
  }

  /** Resolves when the process has ended, time is up, the caller has gone or the engine closes. */
  async wait(id: string, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        this.#forget(id, done)
        resolve()
      }
      const timer = setTimeout(done, waitMs)
      signal?.addEventListener('abort', done)
      const waiting = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, waiting.add(done))
      this.#startPolling()
    })
  }

  ended(ids: readonly string[]): void {
    for (const id of ids) for (const done of this.#waiting.get(id) ?? []) done()
  }

  close(): void {
    this.ended([...this.#waiting.keys()])
  }

  #forget(id: string, done: () => void): void {
    const waiting = this.#waiting.get(id)
    waiting?.delete(done)
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
      this.ended(ids.filter((_id, index) => !isLive(found[index]?.record.state ?? 'cancelled')))
    } catch (error) {
      this.#logger.warn({ err: error }, 'could not look for ended processes; trying again')
    } finally {
      this.#poll = undefined
      if (this.#waiting.size > 0) this.#startPolling()
    }
  }
}
