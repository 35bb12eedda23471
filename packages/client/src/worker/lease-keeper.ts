import type { TunaCornClient } from '../client.js'
import type { Logger } from '../logger.js'
import type { HeldTask } from './held-task.js'
import { ClaimLostError } from './abort-reasons.js'

export interface LeaseKeeperOptions {
  readonly client: Pick<TunaCornClient, 'heartbeatTasks'>
  readonly leaseMs: number
  readonly logger: Logger
}

/** The most that one heartbeat may name. */
const maxTasks = 1_000

/** However short a lease is, the server is not asked more often. */
const shortestIntervalMs = 30

/** Keeps the leases of all held tasks from running out: one timer for all of them, as often as the shortest needs. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions
  readonly #held = new Set<HeldTask>()
  #timer: ReturnType<typeof setTimeout> | undefined
  /** In the past while there is no timer. */
  #nextBeatAt = -Infinity
  #beats: AbortController | undefined

  constructor(options: LeaseKeeperOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#beats !== undefined) return
    this.#beats = new AbortController()
    this.#beatLater(this.#intervalMs)
  }

  /** Ends the timer and the heartbeat under way, if there is one. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#nextBeatAt = -Infinity
    this.#beats?.abort(new Error('The lease keeper was stopped'))
    this.#beats = undefined
  }

  hold(held: HeldTask): void {
    this.#held.add(held)
    const inMs = this.#intervalOf(held)
    if (performance.now() + inMs < this.#nextBeatAt) this.#beatLater(inMs)
  }

  letGo(held: HeldTask): void {
    this.#held.delete(held)
  }

  /**
   * Extends the leases of these tasks now. Those whose claims turn out to be lost are aborted and let go.
   *
   * @throws TunaCornHttpError | TunaCornConnectionError when the server could not be asked
   */
  async extend(held: readonly HeldTask[]): Promise<void> {
    const chunks = Array.from({ length: Math.ceil(held.length / maxTasks) }, (_, index) =>
      held.slice(index * maxTasks, (index + 1) * maxTasks),
    )
    await Promise.all(chunks.map((chunk) => this.#extendChunk(chunk)))
  }

  async #extendChunk(held: readonly HeldTask[]): Promise<void> {
    const { client } = this.#options
    const tasks = held.map(({ task }) => ({ task: task.id, claim: task.claim }))
    // The next beat is the better second try, so this one must be over by then.
    const timeoutMs = Math.max(500, this.#intervalMs / 2)
    const signal = this.#beats?.signal
    const answer = await client.heartbeatTasks(
      { tasks },
      { retries: 0, timeoutMs, ...(signal && { signal }) },
    )
    for (const [index, { status, code }] of answer.tasks.entries()) {
      const item = held[index]
      if (item !== undefined && (status === 404 || status === 409)) this.#lose(item, code ?? 'claim-lost')
    }
  }

  #lose(held: HeldTask, code: string): void {
    // Already let go: it was reported while this heartbeat was under way.
    if (!this.#held.delete(held)) return
    held.lose(new ClaimLostError(code))
  }

  /** A third of the shortest lease: two heartbeats may get lost. */
  get #intervalMs(): number {
    let shortestMs = this.#options.leaseMs / 3
    for (const held of this.#held) shortestMs = Math.min(shortestMs, this.#intervalOf(held))
    return shortestMs
  }

  #intervalOf({ leaseMs = this.#options.leaseMs }: HeldTask): number {
    return Math.max(shortestIntervalMs, Math.min(leaseMs, this.#options.leaseMs) / 3)
  }

  #beatLater(ms: number): void {
    clearTimeout(this.#timer)
    this.#nextBeatAt = performance.now() + ms
    this.#timer = setTimeout(() => void this.#beat(), ms)
  }

  async #beat(): Promise<void> {
    this.#nextBeatAt = -Infinity
    const beats = this.#beats
    const wentWell = await this.#extendAll()
    // Stopped meanwhile, and perhaps started again with a timer of its own.
    if (beats === undefined || beats !== this.#beats) return
    this.#beatLater(wentWell ? this.#intervalMs : Math.max(50, this.#intervalMs / 4))
  }

  async #extendAll(): Promise<boolean> {
    try {
      await this.extend([...this.#held])
      return true
    } catch (error) {
      if (this.#beats !== undefined) {
        this.#options.logger.warn({ err: error, tasks: this.#held.size }, 'The leases could not be extended')
      }
      return false
    }
  }
}
