import type { Payload } from '../payload.js'

/** Proof of holding a task: which attempt, and the hash of the secret that was handed out with it. */
export interface Claim {
  readonly attempt: number
  readonly secret: string
}

/**
 * What may have happened to a process, in the order of its history. Tasks are named by their index in the
 * definition. An event says what was decided, so that an old history means the same under newer rules.
 */
export type ProcessEvent =
  | { readonly type: 'process-started' }
  | TaskCompleted
  | AttemptFailed
  | TaskFailed
  | ReportRefused
  | { readonly type: 'process-timed-out' }
  | { readonly type: 'process-paused'; readonly payload?: Payload | undefined }
  | { readonly type: 'process-resumed'; readonly payload?: Payload | undefined }
  | { readonly type: 'process-cancelled'; readonly payload?: Payload | undefined }
  | { readonly type: 'process-retried'; readonly payload?: Payload | undefined }

/**
 * Why an attempt, and perhaps the task with it, has failed: its worker said so; its lease ran out; it took longer
 * than its timeout; nobody claimed it in time.
 */
export type FailureReason = 'reported' | 'lapsed' | 'timed-out' | 'not-claimed'

export interface TaskCompleted {
  readonly type: 'task-completed'
  readonly task: number
  /** Its output. */
  readonly payload?: Payload | undefined
  /** By which claim; absent when the process is used without a board. */
  readonly claim?: Claim | undefined
}

/** An attempt has failed, and there will be another one. */
export interface AttemptFailed {
  readonly type: 'attempt-failed'
  readonly task: number
  readonly reason: FailureReason
  /** From this event until the task can be claimed again. */
  readonly retryInMs: number
  /** What the worker reported. */
  readonly payload?: Payload | undefined
  readonly claim?: Claim | undefined
}

/** The last attempt has failed, and the process with it. */
export interface TaskFailed {
  readonly type: 'task-failed'
  readonly task: number
  readonly reason: FailureReason
  readonly payload?: Payload | undefined
  readonly claim?: Claim | undefined
}

/** Evidence: a worker reported an attempt that had been given up. Nothing else comes of it. */
export interface ReportRefused {
  readonly type: 'report-refused'
  readonly task: number
  readonly payload?: Payload | undefined
  /** That the attempt held the task by: so the history says that this has been kept already. */
  readonly claim?: Claim | undefined
}

export type ProcessEventType = ProcessEvent['type']
