import { formatDuration, type ClaimedTask, type ClaimedTasks } from '@tunacorn/protocol'
import { TunaCornHttpError } from '../errors.js'
import { WorkerStoppedError } from './abort-reasons.js'
import { CallLine } from './call-line.js'
import { LeaseKeeper } from './lease-keeper.js'
import { Outbox, type Finished } from './outbox.js'
import { TaskRunner } from './task-runner.js'
import { resolveOptions, type ResolvedOptions, type WorkerOptions } from './worker-options.js'

export interface StopOptions {
  /** How long handlers may still run before they are aborted and their tasks released. Without end when absent. */
  readonly graceMs?: number
}

/** The most tasks that one call may claim. */
const maxClaims = 250

/** A poll that comes back empty sooner than this did not wait: asking again at once would never end. */
const tooSoonMs = 100

/**
 * Claims tasks, has handlers do them, reports what came of it.
 *
 * Two lines of calls, both of the same operation (`POST /tasks/claim`):
 *
 * - a *report* carries the results of handlers that are done and claims tasks for their slots. It is answered
 *   at once. Two at most are under way, so that the server has one to work on while the answer to the other is
 *   read; what ends meanwhile goes together in the next. So under load a few calls carry many tasks, and a lone
 *   result waits for nothing.
 * - a *poll* has nothing to report and waits on the server for work. It is opened only when no result waits.
 *   It claims for the slots that are free then; those that become free later are a report's to fill.
 *
 * So an open poll is never in the way of a result, and need not be aborted for one (an aborted claim may
 * leave tasks held by nobody until their leases lapse). The slots of running handlers and of all calls
 * never add up to more than `concurrency`.
 */
export class Worker {
  readonly name: string
  readonly #options: ResolvedOptions
  readonly #leases: LeaseKeeper
  readonly #runner: TaskRunner
  readonly #outbox: Outbox
  readonly #polls = new CallLine(() => this.#wake())
  readonly #reports = [new CallLine(() => this.#wake()), new CallLine(() => this.#wake())]
  #state: 'idle' | 'running' | 'stopping' | 'giving-up' = 'idle'
  #isWoken = false
  #releases = 0
  #graceTimers: ReturnType<typeof setTimeout>[] = []
  #stopped: Promise<void> = Promise.resolve()
  #resolveStopped: () => void = () => {}

  /** @throws TypeError | RangeError when the options do not fit together */
  constructor(options: WorkerOptions) {
    this.#options = resolveOptions(options)
    this.name = this.#options.name
    const { client, leaseMs, logger, handlerOf } = this.#options
    const leases = new LeaseKeeper({ client, leaseMs, logger })
    const outbox = new Outbox({ logger, onSettled: (held) => leases.letGo(held) })
    this.#leases = leases
    this.#outbox = outbox
    this.#runner = new TaskRunner({
      worker: this.name,
      handlerOf,
      leases,
      logger,
      onEnd: (held, result) => {
        if (result !== undefined) outbox.add(held, result)
        this.#wake()
      },
    })
  }

  /**
   * Begins to claim tasks. Does nothing when it runs already. A server that does not answer is no error: the
   * worker goes on trying, and what handlers have done meanwhile is reported when it is back.
   *
   * @throws Error while the worker is stopping: wait for `stop()` first
   */
  start(): void {
    if (this.#state === 'running') return
    if (this.#state !== 'idle') throw new Error('Expected the worker to be stopped, but it is stopping')
    this.#state = 'running'
    this.#leases.start()
    this.#options.logger.info({ worker: this.name, names: this.#options.names }, 'The worker started')
    this.#wake()
  }

  /**
   * Claims no more, lets handlers finish, reports what they did, and resolves. After `graceMs`, handlers are
   * aborted, their tasks released, and what could not be reported is left to lapse; it then resolves within
   * the time that a request may take. Called again, it may shorten the grace.
   */
  stop({ graceMs }: StopOptions = {}): Promise<void> {
    if (this.#state === 'running') {
      this.#state = 'stopping'
      this.#stopped = new Promise((resolve) => (this.#resolveStopped = resolve))
      this.#polls.endWait(new WorkerStoppedError())
      this.#wake()
    }
    // A timer set for longer than 2^31 ms would fire at once.
    if (graceMs !== undefined && graceMs < 2 ** 31 && this.#state === 'stopping') {
      this.#graceTimers.push(setTimeout(() => this.#giveUp(), graceMs))
    }
    return this.#stopped
  }

  #giveUp(): void {
    if (this.#state !== 'stopping') return
    this.#state = 'giving-up'
    for (const task of this.#runner.abandon(new WorkerStoppedError())) void this.#release(task)
    this.#polls.cut(new WorkerStoppedError())
    // One last try at once.
    for (const line of this.#reports) line.endRest()
    this.#wake()
  }

  /** Looks at what is to be done, once for all that happens in this turn of the event loop. */
  #wake(): void {
    if (this.#isWoken) return
    this.#isWoken = true
    setImmediate(() => {
      this.#isWoken = false
      this.#lookAround()
    })
  }

  #lookAround(): void {
    const slots = this.#state === 'running' ? this.#freeSlots() : 0
    if (!this.#outbox.isEmpty) {
      // Where one was refused, the other would only be refused as well.
      const isWelcome = !this.#reports.some(({ isResting }) => isResting)
      const line = isWelcome ? this.#reports.find(({ isFree }) => isFree) : undefined
      if (line === undefined) return
      void this.#call(line, this.#outbox.take(), slots)
      // There may be more than one call can carry, or slots than one can fill.
      this.#wake()
    } else if (slots > 0 && this.#polls.isFree) {
      void this.#call(this.#polls, [], slots)
    } else if (this.#isDrained()) {
      this.#end()
    }
  }

  #freeSlots(): number {
    const taken = this.#runner.size + this.#polls.slots + this.#slotsOfReports
    return Math.min(maxClaims, this.#options.concurrency - taken)
  }

  get #slotsOfReports(): number {
    return this.#reports.reduce((sum, { slots }) => sum + slots, 0)
  }

  async #call(line: CallLine, batch: readonly Finished[], max: number): Promise<void> {
    const mayGoOn = await this.#exchange(batch, max, line.begin(max))
    line.end(mayGoOn)
    const hasFailedForGood = this.#state === 'giving-up' && this.#reports.includes(line) && !mayGoOn
    if (hasFailedForGood) this.#outbox.abandon()
    this.#wake()
  }

  /** @returns whether the next call may follow at once; else its line rests first */
  async #exchange(batch: readonly Finished[], max: number, signal: AbortSignal): Promise<boolean> {
    const sentAt = performance.now()
    let answer: ClaimedTasks
    try {
      answer = await this.#options.client.claimTasks(this.#request(batch, max), { signal, retries: 0 })
    } catch (error) {
      return this.#failed(batch, error, signal)
    }
    const areSettled = this.#outbox.settle(batch, answer.results ?? [])
    if (!areSettled)
      this.#options.logger.warn({}, 'The server could not commit all results yet: trying again')
    for (const task of answer.tasks) this.#accept(task)
    const isPoll = batch.length === 0
    return areSettled && !(isPoll && this.#cameTooSoon(answer.tasks, sentAt))
  }

  #failed(batch: readonly Finished[], error: unknown, signal: AbortSignal): boolean {
    if (this.#outbox.putBack(batch, error) || signal.aborted) return true
    const { logger } = this.#options
    const isForGood = error instanceof TunaCornHttpError && !error.mayRetry
    if (isForGood) logger.error({ err: error }, 'The server refuses the worker: trying again all the same')
    else logger.warn({ err: error }, 'The server does not answer: trying again')
    return false
  }

  #request(batch: readonly Finished[], max: number) {
    const { name, names, definition, process, waitMs, leaseMs, attributes } = this.#options
    return {
      worker: name,
      ...(names !== undefined && { names: [...names] }),
      ...(definition !== undefined && { definition }),
      ...(process !== undefined && { process }),
      max,
      lease: formatDuration(leaseMs),
      attributes,
      ...(batch.length > 0
        ? { results: batch.map(({ result }) => result) }
        : { wait: formatDuration(waitMs) }),
    }
  }

  #cameTooSoon(tasks: readonly ClaimedTask[], sentAt: number): boolean {
    const waitedMs = performance.now() - sentAt
    return tasks.length === 0 && waitedMs < Math.min(tooSoonMs, this.#options.waitMs * 0.9)
  }

  #accept(task: ClaimedTask): void {
    if (this.#state === 'running') this.#runner.run(task)
    // It was on its way when the worker was told to stop.
    else void this.#release(task)
  }

  async #release(task: ClaimedTask): Promise<void> {
    this.#releases++
    try {
      await this.#options.client.releaseTask(task.id, { claim: task.claim }, { retries: 0 })
    } catch (error) {
      const fields = { task: task.id, name: task.name, err: error }
      this.#options.logger.warn(fields, 'The task could not be released: others get it when its lease lapses')
    }
    this.#releases--
    this.#wake()
  }

  #isDrained(): boolean {
    const isStopping = this.#state === 'stopping' || this.#state === 'giving-up'
    const isBusy =
      this.#polls.isCalling || this.#reports.some(({ isCalling }) => isCalling) || this.#releases > 0
    return isStopping && !isBusy && this.#runner.size === 0
  }

  #end(): void {
    this.#state = 'idle'
    this.#leases.stop()
    this.#polls.endRest()
    for (const line of this.#reports) line.endRest()
    for (const timer of this.#graceTimers.splice(0)) clearTimeout(timer)
    this.#options.logger.info({ worker: this.name }, 'The worker stopped')
    this.#resolveStopped()
  }
}
