import type { ProcessStatus } from '../process/state.js'

// What there is of everything, for who looks after it all. Counting must not cost more than working: what is beyond these
// limits is not looked at.

/** How many processes of each state are counted, and how many that have ended. */
export const maxProcessesCounted = 100_000
/** How many rows of the board are looked at. */
export const maxTasksCounted = 200_000
/** How many names, and how many workers, are told apart. */
export const maxNamesCounted = 1_000
/** How far back it is counted what has ended. */
export const endingsCountedForMs = 60 * 60_000

export interface ProcessCensus {
  /** The store's clock, as of this reading. */
  readonly readAt: Date
  /** Of each state except `completed`, up to `maxProcessesCounted`. */
  readonly counts: Readonly<Record<Exclude<ProcessStatus, 'completed'>, number>>
  /** By minute, oldest first, for `endingsCountedForMs`; of more than `maxProcessesCounted`, those that ended last. */
  readonly endings: readonly EndedInMinute[]
}

export interface EndedInMinute {
  /** When the minute began. */
  readonly at: Date
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
}

export interface BoardCensus {
  /** Those with the most tasks on the board first; whoever has more than one state is in the first that fits. */
  readonly names: readonly NameOnBoard[]
  /** Those heard of last first. */
  readonly workers: readonly WorkerSeen[]
  /** There was more on the board than is counted. */
  readonly isPartial: boolean
}

/** How many tasks of one name are in which state. */
export interface NameOnBoard {
  readonly name: string
  /** Held by a worker, in its time. */
  readonly claimed: number
  /** Held by a worker whose lease has run out. */
  readonly lapsed: number
  /** Held by nobody, and not handed out because their process is paused. */
  readonly paused: number
  /** To be tried again later. */
  readonly retrying: number
  /** To be tried for the first time later. */
  readonly delayed: number
  /** Waiting for a worker now. */
  readonly waiting: number
  /** Since when the one that has waited longest waits for a worker. */
  readonly waitingSince: Date | undefined
  /** When somebody last asked for tasks of this name, or of any. */
  readonly lastPolledAt: Date | undefined
}

export interface WorkerSeen {
  readonly worker: string
  /** When it last asked for tasks; written down every ten seconds or so. */
  readonly lastSeenAt: Date
  /** How many tasks it holds. */
  readonly claimed: number
}
