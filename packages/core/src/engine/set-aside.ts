const asideMs = 60_000

/**
 * Processes that could not be decided, such as those that newer code has had in hand while it replaces this one. They
 * are left to others for a minute before they are tried again: else each of them would be read, and be a line of the
 * log, every second.
 */
export class SetAside {
  /** Until when, in the order of that. */
  readonly #until = new Map<string, number>()

  has(id: string): boolean {
    return this.#until.has(id)
  }

  /** @returns whether it was not there already. */
  add(id: string): boolean {
    if (this.has(id)) return false
    this.#until.set(id, performance.now() + asideMs)
    return true
  }

  /** Lets those go whose minute is over. */
  release(): void {
    const now = performance.now()
    for (const [id, until] of this.#until) {
      if (until > now) return
      this.#until.delete(id)
    }
  }
}
