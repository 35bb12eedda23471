/** What a worker knows of the next attempt, besides what went wrong. */
export type TaskFailureOptions = {
  /** More for people to read, and for a process that cleans up: any JSON value. */
  readonly details?: unknown
  /** What it comes from; for the worker's own log. */
  readonly cause?: unknown
} & (
  | {
      /** No attempt will do better: the task fails for good, whatever its definition says of retries. */
      readonly retry?: false
      readonly retryInMs?: undefined
    }
  | {
      readonly retry?: undefined
      /** From now until the next attempt, if the definition has one left, in place of its own delay. */
      readonly retryInMs?: number
    }
)

/** The longest wait that can be asked for: a year. */
const longestMs = 365 * 86_400_000

/** Thrown by a handler that knows more of its failure than that there was one. */
export class TaskFailure extends Error {
  override readonly name = 'TaskFailure'
  readonly retry: false | undefined
  /** Whole, and never below zero: the time that was meant may have passed. */
  readonly retryInMs: number | undefined
  readonly details: unknown

  /** @throws RangeError when `retryInMs` is not a number */
  constructor(message: string, { retry, retryInMs, details, cause }: TaskFailureOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    if (Number.isNaN(retryInMs)) throw new RangeError('Expected retryInMs to be a number, but it is NaN')
    this.retry = retry
    this.retryInMs =
      retryInMs === undefined ? undefined : Math.min(longestMs, Math.max(0, Math.ceil(retryInMs)))
    this.details = details
  }
}
