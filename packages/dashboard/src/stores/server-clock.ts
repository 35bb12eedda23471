/** Dates of answers are in whole seconds, and a busy server may write one a little late. */
const secondMs = 1_000
const lateMs = 200

/** How far the server's clock is ahead of this one, as the dates of its answers tell: with each one more exactly. */
export class ServerClock {
  #leastMs = -Infinity
  #mostMs = Infinity

  /** 0 for as long as the clocks may agree. */
  get aheadMs(): number {
    if (this.#leastMs <= 0 && this.#mostMs >= 0) return 0
    return Math.round((this.#leastMs + this.#mostMs) / 2)
  }

  /** @param date the header of an answer that was written between the two moments, of this clock */
  note(date: string | null, askedAtMs: number, answeredAtMs: number): void {
    const dateMs = Date.parse(date ?? '')
    if (Number.isNaN(dateMs)) return
    const [leastMs, mostMs] = [dateMs - answeredAtMs, dateMs + secondMs + lateMs - askedAtMs]
    // Neither clock is as it was: what was known is of no use.
    const isOff = leastMs > this.#mostMs || mostMs < this.#leastMs
    this.#leastMs = isOff ? leastMs : Math.max(this.#leastMs, leastMs)
    this.#mostMs = isOff ? mostMs : Math.min(this.#mostMs, mostMs)
  }
}
