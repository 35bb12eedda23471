import { parseDuration } from '@tunacorn/protocol'
import type { WrittenDefinition, WrittenTask } from './arbitraries.js'

/** A task, and what somebody with a pencil would note down about it. */
interface NaiveTask {
  readonly written: WrittenTask
  state: 'pending' | 'scheduled' | 'claimed' | 'completed' | 'failed' | 'cancelled'
  attempt: number
  claim: string | undefined
  /** Since when it is held, or waits to be. */
  since: number
  firstClaimedAt: number | undefined
  leaseMs: number
  /** From when on it may be handed out; while it is held, the end of the lease. */
  claimableAt: number
  /** Its turn on the board, which it gets back when it is given back. */
  turn: number
}

/**
 * What a process is, said as plainly as possible, with nothing of the code under test: lists, looked through each
 * time. It answers `ok` or the code of the refusal, and lets time pass moment by moment.
 */
export class NaiveProcess {
  state: 'running' | 'paused' | 'completed' | 'failed' | 'cancelled' = 'running'
  readonly tasks: NaiveTask[]
  /** In the order of their coming. */
  board: NaiveTask[] = []
  readonly #timeoutMs: number
  #now: number
  readonly #startedAt: number
  #deadline: number
  /** What was reported and came through: the same again gets the same answer. */
  readonly #reports = new Set<string>()

  constructor(definition: WrittenDefinition, now: number) {
    this.#timeoutMs = parseDuration(definition.timeout ?? '365d')!
    this.#now = now
    this.#startedAt = now
    this.#deadline = now + this.#timeoutMs
    this.tasks = definition.tasks.map((written) => ({
      written,
      state: 'pending',
      attempt: 0,
      claim: undefined,
      since: 0,
      firstClaimedAt: undefined,
      leaseMs: 0,
      claimableAt: 0,
      turn: 0,
    }))
    this.#schedule()
  }

  /** For a process that is paused: what it had left when it was. */
  get deadline(): number {
    return this.#deadline
  }

  claim(name: string, claim: string, leaseMs: number): string {
    const task = this.#task(name)
    if (task.state === 'pending') return 'task-not-active'
    if (!this.board.includes(task)) return 'task-ended'
    if (!this.mayClaim(name)) return task.state === 'claimed' ? 'task-held' : 'task-not-claimable'
    task.state = 'claimed'
    task.attempt += 1
    task.claim = claim
    task.since = this.#now
    task.firstClaimedAt ??= this.#now
    task.leaseMs = Math.min(leaseMs, ms(task.written.heartbeat))
    task.claimableAt = Math.min(this.#now + task.leaseMs, this.#attemptEnd(task))
    return 'ok'
  }

  mayClaim(name: string): boolean {
    const task = this.#task(name)
    if (!this.board.includes(task) || this.state === 'paused' || task.claimableAt > this.#now) return false
    if (task.attempt > limitOf(task)) return false
    return this.#now <= lastRetryAt(task)
  }

  complete(name: string, claim: string): string {
    return this.#report('complete', name, claim, (task) => {
      this.#leave(task, 'completed')
      this.#schedule()
      if (this.tasks.every(({ state }) => state === 'completed')) this.state = 'completed'
    })
  }

  fail(name: string, claim: string, retry: false | number | undefined): string {
    return this.#report('fail', name, claim, (task) => {
      if (retry === false) this.#failForGood(task)
      else this.#failAttempt(task, retry)
    })
  }

  beat(name: string, claim: string): string {
    const task = this.#heldBy(name, claim)
    if (task === undefined || this.#now >= this.#attemptEnd(task)) return 'claim-lost'
    task.claimableAt = Math.min(this.#now + task.leaseMs, this.#attemptEnd(task))
    return 'ok'
  }

  release(name: string, claim: string): string {
    const task = this.#heldBy(name, claim)
    if (task === undefined) return 'claim-lost'
    task.attempt -= 1
    if (task.attempt === 0) task.firstClaimedAt = undefined
    this.#putBack(task, task.turn)
    return 'ok'
  }

  pause(): string {
    if (this.state === 'running') this.state = 'paused'
    else if (this.state !== 'paused') return 'process-ended'
    return 'ok'
  }

  resume(): string {
    if (this.state === 'paused') this.state = 'running'
    else if (this.state !== 'running') return 'process-ended'
    return 'ok'
  }

  cancel(): string {
    if (this.#isLive) this.#end('cancelled')
    return this.state === 'cancelled' ? 'ok' : 'process-ended'
  }

  retry(): string {
    if (this.#isLive) return 'process-running'
    if (this.state !== 'failed') return 'process-ended'
    this.state = 'running'
    this.#deadline = this.#now + this.#timeoutMs
    for (const task of this.tasks) if (task.state !== 'completed') task.state = 'pending'
    this.#schedule()
    return 'ok'
  }

  /** Everything happens at the moment at which it is due; what is due at one moment, in the order of the definition. */
  pass(passingMs: number): void {
    for (let left = passingMs; left >= 0; left -= 1) {
      const isOnBoard = (task: NaiveTask) => this.board.includes(task)
      for (const task of this.tasks.filter((one) => isOnBoard(one) && this.#expiresAt(one) <= this.#now)) {
        if (!isOnBoard(task)) continue
        // Delays are for failures that were reported.
        if (task.state === 'claimed') this.#failAttempt(task, 0)
        else this.#failForGood(task)
      }
      if (this.state === 'running' && this.#deadline <= this.#now) this.#end('failed')
      if (left === 0) return
      this.#now += 1
      if (this.state === 'paused') this.#deadline += 1
    }
  }

  #report(type: string, name: string, claim: string, accept: (task: NaiveTask) => void): string {
    const report = `${type} ${claim} ${name}`
    if (this.#reports.has(report)) return 'ok'
    const task = this.#task(name)
    if (task.state === 'completed' || task.state === 'failed') return 'task-ended'
    if (!this.#isLive) return 'process-ended'
    if (task.state === 'pending') return 'task-not-active'
    if (this.#heldBy(name, claim) === undefined) return 'claim-lost'
    this.#reports.add(report)
    accept(task)
    return 'ok'
  }

  #failAttempt(task: NaiveTask, wantedMs: number | undefined): void {
    const { delay = '0ms', factor = 1, maxDelay = '0ms' } = task.written.retry ?? {}
    const longestMs = ms(maxDelay)
    const usualMs = Math.min(longestMs, ms(delay) * factor ** (task.attempt - 1))
    const retryAt = this.#now + (wantedMs === undefined ? Math.round(usualMs) : Math.min(wantedMs, longestMs))
    if (task.attempt > limitOf(task) || retryAt >= lastRetryAt(task)) this.#failForGood(task)
    else this.#putBack(task, retryAt)
  }

  #failForGood(task: NaiveTask): void {
    this.#leave(task, 'failed')
    this.#end('failed')
  }

  #end(state: 'failed' | 'cancelled'): void {
    this.state = state
    this.board = []
    for (const task of this.tasks) {
      if (task.state !== 'completed' && task.state !== 'failed') task.state = 'cancelled'
    }
  }

  /** Everything that waits for nothing any more comes onto the board. */
  #schedule(): void {
    for (const task of this.tasks) {
      if (task.state !== 'pending') continue
      if (task.written.needs.some((need) => this.#task(need).state !== 'completed')) continue
      const delayMs = ms(task.written.delay ?? '0ms')
      task.attempt = 0
      task.firstClaimedAt = undefined
      task.turn = delayMs > 0 ? this.#now + delayMs : this.#startedAt
      this.#putBack(task, task.turn)
      this.board.push(task)
    }
  }

  #putBack(task: NaiveTask, claimableAt: number): void {
    task.state = 'scheduled'
    task.claim = undefined
    task.claimableAt = claimableAt
    task.since = Math.max(claimableAt, this.#now)
  }

  #leave(task: NaiveTask, state: 'completed' | 'failed'): void {
    task.state = state
    this.board = this.board.filter((one) => one !== task)
  }

  /** When time is up: nobody came for it, or its attempt is over and nobody may take it over. */
  #expiresAt(task: NaiveTask): number {
    if (task.state === 'scheduled') {
      return Math.min(task.since + ms(task.written.scheduleTimeout), lastRetryAt(task))
    }
    const isLast = task.attempt > limitOf(task) || task.claimableAt >= lastRetryAt(task)
    return isLast ? task.claimableAt : this.#attemptEnd(task)
  }

  #attemptEnd(task: NaiveTask): number {
    return task.since + ms(task.written.timeout)
  }

  #heldBy(name: string, claim: string): NaiveTask | undefined {
    return this.board.find((task) => task.written.name === name && task.claim === claim)
  }

  #task(name: string): NaiveTask {
    return this.tasks.find(({ written }) => written.name === name)!
  }

  get #isLive(): boolean {
    return this.state === 'running' || this.state === 'paused'
  }
}

function limitOf({ written }: NaiveTask): number {
  return written.retry?.limit ?? 0
}

function lastRetryAt({ written, firstClaimedAt }: NaiveTask): number {
  const within = written.retry?.within
  return firstClaimedAt === undefined || within === undefined ? Infinity : firstClaimedAt + ms(within)
}

function ms(duration: string): number {
  return parseDuration(duration)!
}
