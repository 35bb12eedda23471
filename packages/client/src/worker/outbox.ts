import type { ItemStatus, TaskResult } from '@tunacorn/protocol'
import { TunaCornHttpError } from '../errors.js'
import type { Logger } from '../logger.js'
import type { HeldTask } from './held-task.js'

/** A result on its way to the server. */
export interface Finished {
  readonly held: HeldTask
  readonly result: TaskResult
  /** Stands in for a result that the server refused to store. */
  readonly isSubstitute?: boolean
}

export interface OutboxOptions {
  readonly logger: Logger
  /** Called when a result has been dealt with, one way or the other: its lease need not be kept any longer. */
  readonly onSettled: (held: HeldTask) => void
}

/** The most results that one call may carry. */
const maxResults = 250

/** Results that wait to be reported. Each stays until the server has answered for it: nothing is lost with an answer. */
export class Outbox {
  readonly #options: OutboxOptions
  #waiting: Finished[] = []
  #batchSize = maxResults

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  add(held: HeldTask, result: TaskResult): void {
    this.#waiting.push({ held, result })
  }

  /** Takes the results for one call. Give them back with `settle` or `putBack`. */
  take(): Finished[] {
    return this.#waiting.splice(0, this.#batchSize)
  }

  /**
   * Deals with the server's answers to a batch, one by one.
   *
   * @returns whether there was none among them that says "not now"
   */
  settle(batch: readonly Finished[], answers: readonly ItemStatus[]): boolean {
    this.#batchSize = Math.min(maxResults, this.#batchSize * 2)
    const notNow = batch.filter((finished, index) => !this.#settleOne(finished, answers[index]))
    this.#waiting.unshift(...notNow)
    return notNow.length === 0
  }

  /**
   * Takes a batch back whose call failed.
   *
   * @returns whether the next call may follow at once, since what it carries will not be the same
   */
  putBack(batch: readonly Finished[], error: unknown): boolean {
    const [first, ...others] = batch
    if (first === undefined) return false
    if (!isRefusal(error)) {
      this.#waiting.unshift(...batch)
      return false
    }
    // One of them is too large or cannot be written as JSON. Halves find out which.
    this.#batchSize = Math.ceil(batch.length / 2)
    if (others.length === 0)
      this.#refused(first, error instanceof TunaCornHttpError ? error.code : 'not-json', error)
    else this.#waiting.unshift(...batch)
    return true
  }

  /** Forgets everything: the claims lapse, and others do the work again. */
  abandon(): void {
    for (const { held } of this.#waiting.splice(0)) {
      this.#options.logger.warn(fieldsOf(held), 'The worker stopped before it could report a result')
      this.#options.onSettled(held)
    }
  }

  /** Whether the result is dealt with. */
  #settleOne(finished: Finished, answer: ItemStatus | undefined): boolean {
    const { status, code } = answer ?? { status: 503, code: 'unanswered' }
    if (status >= 500) return false
    if (status === 400 || status === 413 || status === 422) {
      this.#refused(finished, code ?? String(status), code)
      return true
    }
    if (status >= 400) {
      this.#options.logger.warn(
        { ...fieldsOf(finished.held), code },
        'The claim was lost: the result is dropped',
      )
    }
    this.#options.onSettled(finished.held)
    return true
  }

  /** A result that can never be stored fails its attempt, and what it wanted of the next one stands. */
  #refused({ held, result, isSubstitute = false }: Finished, code: string, error: unknown): void {
    this.#options.logger.error({ ...fieldsOf(held), code, err: error }, 'The result was refused')
    if (isSubstitute) return this.#options.onSettled(held)
    const message = `The worker's result was refused (${code})`
    const { output: _output, error: _error, ...rest } = result
    const substitute = {
      ...rest,
      error: { message, name: 'ResultRefused', code },
    }
    this.#waiting.push({ held, result: substitute, isSubstitute: true })
  }
}

/** Whether the batch itself is at fault: the server says so, or it could not even be written as JSON. */
function isRefusal(error: unknown): boolean {
  if (error instanceof TunaCornHttpError) return [400, 413, 422].includes(error.status)
  return error instanceof TypeError
}

function fieldsOf({ task: { id, name, attempt } }: HeldTask) {
  return { task: id, name, attempt }
}
