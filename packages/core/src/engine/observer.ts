import type { FailureReason } from '../process/events.js'
import type { ProcessStatus } from '../process/state.js'

/** How an attempt came to its end; `failed` is what its worker said. */
export type AttemptOutcome = 'completed' | 'failed' | Exclude<FailureReason, 'reported'>

/** Errands of a lane on their way to be decided. */
export interface LaneBatch {
  readonly errands: number
  /** How long the first of them has waited for the commit before it. */
  readonly waitedMs: number
}

/** One statement that commits, for so many processes. */
export interface Commit {
  readonly processes: number
  /** Of them, those that another replica was quicker with: they are decided again. */
  readonly conflicts: number
  /** How many tasks came onto the board in the hands of somebody who waited for them. */
  readonly handedOver: number
  readonly tookMs: number
  /** Nothing of it was stored, or it is not known what was. */
  readonly hasFailed: boolean
}

/** One statement that claims, for so many requests. */
export interface ClaimStatement {
  readonly requests: number
  /** How many tasks it has found. */
  readonly tasks: number
  readonly tookMs: number
  readonly hasFailed: boolean
}

/**
 * Told what the engine does, for who measures it. It is told on the way of every task, after the fact: so it must be
 * quick, must not throw, and keeps nothing that it is given.
 */
export interface Observer {
  batched(batch: LaneBatch): void
  committed(commit: Commit): void
  claimed(claim: ClaimStatement): void
  attemptEnded(task: string, outcome: AttemptOutcome): void
  processStarted(definition: string): void
  processEnded(definition: string, state: ProcessStatus): void
}

/** What goes on inside an engine at this moment. */
export interface EngineLoad {
  /** Requests that wait for work, and for something to happen to a process. */
  readonly waitingForTasks: number
  readonly waitingForProcesses: number
}
