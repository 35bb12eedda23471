import type { ClaimedTask } from '@tunacorn/protocol'

/** A task that this worker holds, from its claim until its result is settled or the claim is lost. */
export class HeldTask {
  readonly task: ClaimedTask
  /** How long the server keeps it without a heartbeat, where that is less than was asked for. */
  readonly leaseMs: number | undefined
  #lostBy: Error | undefined
  #controller: AbortController | undefined

  constructor(task: ClaimedTask, leaseMs: number | undefined) {
    this.task = task
    this.leaseMs = leaseMs
  }

  /** Whether it is not this worker's any more. */
  get isLost(): boolean {
    return this.#lostBy !== undefined
  }

  /** Aborted once it is lost. Made when asked for: most handlers of short tasks never do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#lostBy !== undefined) this.#controller.abort(this.#lostBy)
    }
    return this.#controller.signal
  }

  lose(reason: Error): void {
    this.#lostBy ??= reason
    this.#controller?.abort(this.#lostBy)
  }
}
