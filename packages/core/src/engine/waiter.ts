import type { Holder, NewBoardTask } from '../lists/board.js'
import type { ClaimRequest, ClaimedBoardTask } from '../lists/task-list.js'

/** Why a waiter goes on: there may be something on the board; it has been given something; time is up. */
export type WokenBy = 'wake' | 'gift' | 'time'

/** A task that comes onto the board in the hands of somebody who waits for it. */
export interface Gift {
  readonly waiter: Waiter
  readonly task: NewBoardTask & { readonly holder: Holder }
}

/** One request's place in the queue of those who wait for work. */
export class Waiter {
  readonly request: ClaimRequest
  /** Its place in the queue: lower goes first. */
  readonly turn: number
  isWoken = false
  /** While its results are on their way to be committed, it takes part without sleeping: how many those are. */
  #riding: number | undefined
  #resume: ((by: WokenBy) => void) | undefined
  #reserved = 0
  #given: ClaimedBoardTask[] = []
  /** Why it would have gone on already, were nothing on its way to it. */
  #late: WokenBy | undefined

  constructor(request: ClaimRequest, turn: number) {
    this.request = request
    this.turn = turn
  }

  /** Whether it has found nothing on the board, and has room for one more. */
  get mayBeGiven(): boolean {
    const isThere = this.#riding !== undefined || (this.#resume !== undefined && !this.isWoken)
    return isThere && this.#coming < this.request.max
  }

  /** How many tasks it has been given or may be given yet. */
  get #coming(): number {
    return this.#reserved + this.#given.length
  }

  ride(results: number): void {
    this.#riding = results
  }

  /** Takes part no longer. Answers what it has been given, once nothing is on its way to it any more. */
  async alight(): Promise<ClaimedBoardTask[]> {
    this.#riding = undefined
    // Whatever comes of what is on its way: it waits for nothing else.
    this.#late = 'time'
    if (this.#reserved > 0) await new Promise((resolve) => (this.#resume = resolve))
    return this.takeGiven()
  }

  /** Whether it has been given fewer than it has brought results: it goes before those who wait. */
  get isOwed(): boolean {
    return this.#coming < (this.#riding ?? 0)
  }

  wake(): void {
    this.isWoken = true
    this.#goOn('wake')
  }

  /** A task is on its way to it, should the commit succeed that it comes with. Until then it does not go away. */
  reserve(): Holder {
    this.#reserved += 1
    const { worker, leaseMs, secret } = this.request
    return { worker, leaseMs, secret }
  }

  /** What became of a task that was on its way; nothing when its commit did not succeed. */
  settle(task: ClaimedBoardTask | undefined): void {
    this.#reserved -= 1
    if (task !== undefined) this.#given.push(task)
    if (this.#reserved > 0) return
    if (this.#given.length > 0) this.#goOn('gift')
    else if (this.#late !== undefined) this.#goOn(this.#late)
  }

  /** What it has been given since it was last asked. */
  takeGiven(): ClaimedBoardTask[] {
    return this.#given.splice(0)
  }

  /** Until it is woken, is given something, time is up or the client has gone. */
  async sleep(ms: number, signal: AbortSignal | undefined): Promise<WokenBy> {
    if (this.isWoken) return 'wake'
    if (ms <= 0) return 'time'
    this.#late = undefined
    return new Promise((resolve) => {
      const timeIsUp = () => this.#goOn('time')
      const timer = setTimeout(timeIsUp, ms)
      signal?.addEventListener('abort', timeIsUp)
      this.#resume = (by) => {
        this.#resume = undefined
        clearTimeout(timer)
        signal?.removeEventListener('abort', timeIsUp)
        resolve(by)
      }
    })
  }

  #goOn(by: WokenBy): void {
    if (this.#reserved > 0) this.#late = by
    else this.#resume?.(by)
  }
}
