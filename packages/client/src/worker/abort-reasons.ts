/** Why a handler's signal was aborted: the task is no longer this worker's, whatever the handler still does. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError'
  /** What the server said of the claim: `claim-lost`, or that the task or its process has ended. */
  readonly code: string

  constructor(code: string) {
    super(`The claim was lost (${code}): the task is not this worker's any more`)
    this.code = code
  }
}

/** Why a handler's signal was aborted: the worker is stopping, and the task goes back to the board. */
export class WorkerStoppedError extends Error {
  override readonly name = 'WorkerStoppedError'

  constructor() {
    super('The worker is stopping: the task goes back to the board')
  }
}
