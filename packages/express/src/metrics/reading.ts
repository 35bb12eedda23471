/** For so long, who asks is given what was read last. */
const freshForMs = 5_000
/** Nobody waits longer for it to be read. */
const patienceMs = 1_000

/**
 * Something read from the store for all who ask: every few seconds at most, however many they are, and never two at a
 * time. `undefined` when it could not be read, or not in time: nobody hangs with the store.
 */
export class Reading<T> {
  readonly #read: () => Promise<T>
  #last: { readonly value: T | undefined; readonly at: number } | undefined
  #running: Promise<void> | undefined

  constructor(read: () => Promise<T>) {
    this.#read = read
  }

  async get(): Promise<T | undefined> {
    if (this.#last !== undefined && performance.now() - this.#last.at < freshForMs) return this.#last.value
    this.#running ??= this.#readOnce()
    let timer: NodeJS.Timeout | undefined
    const isInTime = await Promise.race([
      this.#running.then(() => true),
      new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), patienceMs))),
    ])
    clearTimeout(timer)
    return isInTime ? this.#last?.value : undefined
  }

  async #readOnce(): Promise<void> {
    const value = await this.#read().catch(() => undefined)
    this.#last = { value, at: performance.now() }
    this.#running = undefined
  }
}
