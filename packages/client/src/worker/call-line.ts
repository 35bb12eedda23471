import { backoffMs } from '../backoff.js'

const limits = { baseMs: 100, maxMs: 5_000 }

/** A call younger than this may be being answered at this very moment. */
const momentMs = 500

/** Calls of one kind: never two at a time, and none while it rests after a failure. */
export class CallLine {
  readonly #onRested: () => void
  #inFlight: AbortController | undefined
  #rest: ReturnType<typeof setTimeout> | undefined
  #begunAt = 0
  #cut: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #slots = 0

  constructor(onRested: () => void) {
    this.#onRested = onRested
  }

  /** Whether a call is under way. */
  get isCalling(): boolean {
    return this.#inFlight !== undefined
  }

  /** Whether its last call did not go well, and it is too early for the next. */
  get isResting(): boolean {
    return this.#rest !== undefined
  }

  /** Whether a call may be made. */
  get isFree(): boolean {
    return this.#inFlight === undefined && this.#rest === undefined
  }

  /** How many tasks the call under way may bring. */
  get slots(): number {
    return this.#slots
  }

  begin(slots: number): AbortSignal {
    this.#inFlight = new AbortController()
    this.#begunAt = performance.now()
    this.#slots = slots
    return this.#inFlight.signal
  }

  /** After a call that did not go well the line rests, longer each time in a row. */
  end(wentWell: boolean): void {
    clearTimeout(this.#cut)
    this.#inFlight = undefined
    this.#slots = 0
    this.#failures = wentWell ? 0 : this.#failures + 1
    if (wentWell) return
    this.#rest = setTimeout(
      () => {
        this.#rest = undefined
        this.#onRested()
      },
      backoffMs(this.#failures, limits),
    )
  }

  endRest(): void {
    clearTimeout(this.#rest)
    this.#rest = undefined
    this.#failures = 0
  }

  /**
   * Aborts a call that waits for work. One that has only just begun is given a moment: tasks claimed by an
   * aborted call are held by nobody until their leases lapse, and a server that has work answers at once.
   */
  endWait(reason: Error): void {
    const ageMs = performance.now() - this.#begunAt
    if (this.isCalling) this.#cut = setTimeout(() => this.cut(reason), Math.max(0, momentMs - ageMs))
  }

  cut(reason: Error): void {
    this.#inFlight?.abort(reason)
  }
}
