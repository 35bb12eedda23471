import type { Payload } from '../payload.js'

/** Proof of holding a task: which attempt, and the secret that was handed out with it. */
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
  | TaskEnded
  | { readonly type: 'process-cancelled'; readonly payload?: Payload | undefined }

/** The end of a task: `payload` is its output, or the error that it failed with. */
export interface TaskEnded {
  readonly type: 'task-completed' | 'task-failed'
  readonly task: number
  readonly payload?: Payload | undefined
  /** By which claim; absent when the process is used without a board. */
  readonly claim?: Claim | undefined
}

export type ProcessEventType = ProcessEvent['type']
