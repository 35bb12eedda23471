import type { ClaimCriteria, ClaimedBoardTask, ClaimRequest, TaskList } from '../lists/task-list.js'
import type { EnteredTasks } from './round.js'
import type { Logger } from './logger.js'

export interface ClaimsOptions {
  readonly taskList: TaskList
  readonly logger: Logger
  /** How often the board is looked at for what nobody here has put there, while somebody waits. */
  readonly pollMs: number
}

export interface WaitOptions {
  readonly waitMs: number
  /** The client has gone: there is nobody to wait for. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Who waits for what. Waiting takes a place in a queue here, no connection and no query: one look at the board,
 * every so often, serves all who wait, however many they are. What comes onto the board through this replica wakes
 * those whose turn it is at once.
 */
export class Claims {
  readonly #options: ClaimsOptions
  readonly #waiting = new Set<Waiter>()
  #poll: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: ClaimsOptions) {
    this.#options = options
  }

  /** Claims at once what there is; when there is nothing, waits for its turn and claims again. */
  async claim(request: ClaimRequest, { waitMs, signal }: WaitOptions): Promise<ClaimedBoardTask[]> {
    const deadline = Date.now() + waitMs
    const waiter = new Waiter(request)
    this.#enqueue(waiter)
    try {
      for (;;) {
        waiter.isWoken = false
        const tasks = await this.#options.taskList.claim(request)
        if (tasks.length === request.max) this.#wakeOne(request)
        if (tasks.length > 0) return tasks
        const isOver = this.#closed || signal?.aborted === true
        if (isOver || !(await waiter.sleep(deadline - Date.now(), signal))) return []
      }
    } finally {
      this.#waiting.delete(waiter)
      // Woken, but not for long enough to claim: the next one takes the turn.
      if (waiter.isWoken) this.#wakeOne(request)
      if (this.#waiting.size === 0) this.#stopPolling()
    }
  }

  /** New tasks on the board: for each, the first who waits for such a one is woken. */
  wake(entered: readonly EnteredTasks[]): void {
    if (this.#waiting.size === 0) return
    for (const { processId, definition, names } of entered) {
      for (const name of names) {
        const woken = this.#firstWaiting((criteria) => matches(criteria, { name, definition, processId }))
        if (woken === undefined && this.#allWoken()) return
        woken?.wake()
      }
    }
  }

  /** Everybody who waits is answered with nothing. */
  close(): void {
    this.#closed = true
    this.#stopPolling()
    for (const waiter of this.#waiting) waiter.wake()
  }

  #enqueue(waiter: Waiter): void {
    this.#waiting.add(waiter)
    if (!this.#closed) this.#startPolling()
  }

  /** There may be more where that came from. */
  #wakeOne(like: ClaimCriteria): void {
    this.#firstWaiting((criteria) => overlap(criteria, like))?.wake()
  }

  /** The board does not say for whom: of those with other filters, the first of each. */
  #wakeEach(test: (criteria: ClaimCriteria) => boolean): void {
    const asked = new Set<string>()
    for (const { criteria } of this.#waiting) {
      const filters = JSON.stringify([criteria.definition, criteria.processId])
      if (asked.has(filters) || !test(criteria)) continue
      asked.add(filters)
      this.#firstWaiting((other) => test(other) && sameFilters(other, criteria))?.wake()
    }
  }

  #firstWaiting(test: (criteria: ClaimCriteria) => boolean): Waiter | undefined {
    for (const waiter of this.#waiting) if (!waiter.isWoken && test(waiter.criteria)) return waiter
    return undefined
  }

  #allWoken(): boolean {
    for (const waiter of this.#waiting) if (!waiter.isWoken) return false
    return true
  }

  #startPolling(): void {
    if (this.#poll !== undefined) return
    // Replicas shall not all look at the same moment.
    const inMs = this.#options.pollMs * (0.5 + Math.random())
    this.#poll = setTimeout(() => {
      void this.#look()
    }, inMs)
  }

  #stopPolling(): void {
    clearTimeout(this.#poll)
    this.#poll = undefined
  }

  async #look(): Promise<void> {
    try {
      const names = new Set<string>()
      let wantsAny = false
      for (const { criteria } of this.#waiting) {
        if (criteria.names === undefined) wantsAny = true
        else for (const name of criteria.names) names.add(name)
      }
      const found = names.size > 0 ? await this.#options.taskList.claimable([...names]) : []
      for (const name of found) this.#wakeEach((criteria) => criteria.names?.includes(name) === true)
      if (wantsAny && (await this.#options.taskList.claimable(undefined)).length > 0) {
        this.#wakeEach((criteria) => criteria.names === undefined)
      }
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'could not look at the board; trying again')
    } finally {
      this.#poll = undefined
      if (this.#waiting.size > 0 && !this.#closed) this.#startPolling()
    }
  }
}

/** One request's place in the queue. */
class Waiter {
  readonly criteria: ClaimCriteria
  isWoken = false
  #resume: ((woken: boolean) => void) | undefined

  constructor(criteria: ClaimCriteria) {
    this.criteria = criteria
  }

  wake(): void {
    this.isWoken = true
    this.#resume?.(true)
  }

  /** Until it is woken (`true`), time is up or the client has gone (`false`). */
  async sleep(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.isWoken) return true
    if (ms <= 0) return false
    return new Promise((resolve) => {
      const done = (woken: boolean) => {
        this.#resume = undefined
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        resolve(woken)
      }
      const onAbort = () => done(false)
      const timer = setTimeout(() => done(false), ms)
      signal?.addEventListener('abort', onAbort)
      this.#resume = done
    })
  }
}

function matches(
  criteria: ClaimCriteria,
  task: { readonly name: string; readonly definition: string; readonly processId: string },
): boolean {
  return (
    (criteria.names?.includes(task.name) ?? true) &&
    (criteria.definition === undefined || criteria.definition === task.definition) &&
    (criteria.processId === undefined || criteria.processId === task.processId)
  )
}

/** Whether what one takes the other might take as well. */
function overlap(a: ClaimCriteria, b: ClaimCriteria): boolean {
  const names =
    a.names === undefined || b.names === undefined || a.names.some((name) => b.names?.includes(name))
  const definition = a.definition === undefined || b.definition === undefined || a.definition === b.definition
  const process = a.processId === undefined || b.processId === undefined || a.processId === b.processId
  return names && definition && process
}

function sameFilters(a: ClaimCriteria, b: ClaimCriteria): boolean {
  return a.definition === b.definition && a.processId === b.processId
}
