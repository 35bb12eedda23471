import type { Request } from 'express'
import { TunaCornError } from '@tunacorn/core'

/**
 * The places for requests that wait: for work, for the end of a process, for events. They are counted apart, so that
 * however many want to wait, what can be answered at once still is.
 */
export class Waits {
  readonly #max: number
  #taken = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Takes a place until the request is answered, or its client has gone; false when there is none, or nobody to wait. */
  enter({ res: response }: Request, signal: AbortSignal): boolean {
    if (this.#taken >= this.#max || signal.aborted) return false
    this.#taken += 1
    let isTaken = true
    const leave = () => {
      if (isTaken) this.#taken -= 1
      isTaken = false
    }
    response?.once('close', leave)
    signal.addEventListener('abort', leave, { once: true })
    return true
  }

  refusal(): TunaCornError {
    const message = `Expected at most ${this.#max} requests to wait at once, but there are as many. Ask again in a second.`
    return new TunaCornError('too-many-waiting', message)
  }
}
