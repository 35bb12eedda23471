/** A clock that stands still until told to go on. */
export class ManualClock {
  #nowMs: number

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  advance(ms: number): void {
    if (ms < 0) throw new RangeError(`Expected time to go forward, but was told to go ${ms} ms.`)
    this.#nowMs += ms
  }
}
