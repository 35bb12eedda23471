import type { Claim } from '../process/events.js'

// What both lists say of tasks on the board.

/** A task by its process and its index in the definition. */
export interface TaskRef {
  readonly processId: string
  readonly task: number
}

/** A task by its place and the claim that holds it. */
export interface HeldTask extends TaskRef {
  readonly claim: Claim
}

/** A task that comes onto the board, with what holds for it there. */
export interface NewBoardTask {
  readonly task: number
  readonly name: string
  readonly priority: number
  /** It can be claimed after so long. */
  readonly delayMs: number
  readonly maxAttempts: number
  /** From claim to report. */
  readonly timeoutMs: number
  /** Longest silence of its worker. */
  readonly heartbeatMs: number
  /** Longest wait for a worker, for each attempt. */
  readonly scheduleTimeoutMs: number
  /** No attempt begins later than this after the first one began. */
  readonly withinMs: number | undefined
  /** Who holds it from the moment on at which it comes; it must not be delayed, nor its process paused. */
  readonly holder: Holder | undefined
}

/** Who a task is handed to. */
export interface Holder {
  /** For people to read. */
  readonly worker: string
  readonly leaseMs: number
  /** The hash of 128 random bits that only the worker has; with the attempt it makes the claim. */
  readonly secret: string
}

/** The state of a task on the board that an event relies on. */
export interface HeldBy {
  readonly attempt: number
  /** `undefined`: nobody holds it. */
  readonly secret: string | undefined
  /** Its time must be up by the store's clock; a heartbeat in between saves it. */
  readonly isDue: boolean
}

/** An attempt whose lease ran out, and whose task was then handed out again. */
export interface LapsedAttempt {
  readonly attempt: number
  readonly worker: string
  readonly claimedAt: Date
  readonly leaseExpiredAt: Date
  /** Not only its lease had run out, but the time of the attempt. */
  readonly timedOut?: true | undefined
  /** That it held the task by: a late report is known by it. Never shown. */
  readonly secret: string
}

/** An attempt that had neither succeeded nor failed when its process ended. */
export interface UnfinishedAttempt extends Omit<LapsedAttempt, 'leaseExpiredAt'> {
  readonly task: number
  /** Absent: its lease had not run out, and its worker may have been at it. */
  readonly leaseExpiredAt: Date | undefined
}
