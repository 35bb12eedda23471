import type { Payload } from '../payload.js'
import type { Claim, FailureReason } from './events.js'

/** What may be asked of a process. Tasks are named by their index in the definition. */
export type ProcessCommand =
  | { readonly type: 'start' }
  | CompleteTask
  | FailTask
  | JudgeTask
  | RefuseReport
  | { readonly type: 'time-out' }
  | { readonly type: 'pause'; readonly reason?: Payload | undefined }
  | { readonly type: 'resume'; readonly reason?: Payload | undefined }
  | { readonly type: 'cancel'; readonly reason?: Payload | undefined }
  | { readonly type: 'retry'; readonly reason?: Payload | undefined }

export interface CompleteTask {
  readonly type: 'complete-task'
  readonly task: number
  readonly payload?: Payload | undefined
  readonly claim?: Claim | undefined
}

/** A worker says that it could not do it. */
export interface FailTask {
  readonly type: 'fail-task'
  readonly task: number
  readonly payload?: Payload | undefined
  readonly claim?: Claim | undefined
  /** `false`: no attempt will do better. A number: milliseconds until the next one. By the policy when absent. */
  readonly retry?: false | number | undefined
  /** Since the first attempt was handed out; only looked at where the policy says `within`. */
  readonly elapsedMs?: number | undefined
  /** From 0 up to 1, for the jitter: the rules draw no lots themselves. */
  readonly random?: number | undefined
}

/** A worker was heard of whose attempt had been given up. */
export interface RefuseReport {
  readonly type: 'refuse-report'
  readonly task: number
  readonly payload?: Payload | undefined
  readonly claim?: Claim | undefined
}

/** The timekeeper has found a task whose time is up. */
export interface JudgeTask {
  readonly type: 'judge-task'
  readonly task: number
  readonly reason: Exclude<FailureReason, 'reported'>
  /** The attempt that is over; when nobody claimed it, how many there were before. */
  readonly attempt: number
  /** Absent when nobody held it. */
  readonly secret: string | undefined
  readonly elapsedMs: number
}
