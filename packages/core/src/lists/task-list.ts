import type { Claim } from '../process/events.js'
import type { BoardCensus } from './census.js'
import type { HeldTask, Holder, LapsedAttempt, NewBoardTask, TaskRef } from './board.js'

/** A task on the board. */
export interface BoardTask extends TaskRef {
  readonly name: string
  readonly definition: string
  readonly priority: number
  /** How often it has been handed out. */
  readonly attempt: number
  readonly scheduledAt: Date
  /** From when on it can be claimed; while it is claimed, when its lease runs out. */
  readonly claimableAt: Date
  readonly worker: string | undefined
  readonly claimedAt: Date | undefined
  /** When an attempt of it was first handed out. */
  readonly firstClaimedAt: Date | undefined
  readonly lapsed: readonly LapsedAttempt[]
  readonly maxAttempts: number
  /** When the timekeeper looks at it: nobody has claimed it in time, or its last attempt is over. */
  readonly expiresAt: Date
  /** Its process is paused: it is not handed out. */
  readonly isPaused: boolean
  /** The store's clock, as of this reading. */
  readonly readAt: Date
}

/** Where a task stands among those that are due. */
export interface DuePlace extends TaskRef {
  /** When its time was up, as exactly as the store knows it and counted in its own way. */
  readonly dueAt: number
}

/** A task whose time is up. */
export interface DueTask extends DuePlace {
  readonly attempt: number
  /** `undefined` when nobody holds it. */
  readonly secret: string | undefined
  readonly reason: 'lapsed' | 'timed-out' | 'not-claimed'
  /** Since its first attempt was handed out. */
  readonly elapsedMs: number
}

export interface ClaimedBoardTask extends TaskRef {
  readonly name: string
  readonly claim: Claim
  readonly leaseExpiresAt: Date
  /** Who held it, when it was taken over from somebody whose attempt has lapsed; not when it was given back since. */
  readonly takenFrom: string | undefined
  /** How long that was when it was handed out, by the store's clock: for those whose own clock shows another time. */
  readonly leaseMs: number
}

export interface ScheduledTask extends TaskRef, Omit<NewBoardTask, 'delayMs' | 'holder'> {
  readonly definition: string
  /** From when on it can be claimed; also its turn among tasks of equal priority, earlier first. */
  readonly claimableAt: Date
}

/** Which tasks a claim is for; what is absent does not matter. */
export interface ClaimCriteria {
  readonly names?: readonly string[] | undefined
  readonly definition?: string | undefined
  readonly processId?: string | undefined
  /** Only this task of `processId`. */
  readonly task?: number | undefined
}

/** What one request wants: a claim of its own, and how many tasks with it at most. */
export interface ClaimDemand extends Holder {
  readonly max: number
}

export interface ClaimRequest extends ClaimCriteria, ClaimDemand {}

/** What several who want the same ask for together. */
export interface JointClaim {
  readonly criteria: ClaimCriteria
  readonly demands: readonly ClaimDemand[]
}

export interface HandedOut {
  /** For each demand, in the order asked. */
  readonly tasks: readonly (readonly ClaimedBoardTask[])[]
  /** Whether fewer were found than were wanted. What others have taken at the same moment counts as found. */
  readonly isDry: boolean
}

/** What somebody has asked for; what is absent does not matter to them. */
export interface Poll {
  readonly name: string | undefined
  readonly definition: string | undefined
}

export interface BoardCriteria {
  readonly name?: string | undefined
  readonly definition?: string | undefined
  readonly processId?: string | undefined
  readonly state?: 'scheduled' | 'claimed' | undefined
  /** Only tasks after this one, by process and index. */
  readonly after?: TaskRef | undefined
  readonly limit: number
}

/**
 * The board: tasks that can be worked on. Two workers never hold the same task. A claim is live until its task is
 * reported, released, or handed out again after the lease ran out; one that is not live changes nothing.
 */
export interface TaskList {
  /** What the list keeps its things in. The engine asks for lists of one and the same store. */
  readonly store: object

  fetch(criteria: BoardCriteria): Promise<BoardTask[]>
  /** Puts tasks on the board; one that is there already is left as it is. */
  schedule(tasks: readonly ScheduledTask[]): Promise<void>
  /**
   * Hands out tasks, for each demand up to its `max`: higher priority first, then whose turn is earlier; should there not
   * be enough, first come, first served. A task that lapsed is handed out again as its next attempt, while it has one.
   * Paused ones are not.
   */
  claim(criteria: ClaimCriteria, demands: readonly ClaimDemand[]): Promise<HandedOut>
  /** Which of these names have a task that could be claimed now; when absent, any one name that has. */
  claimable(names: readonly string[] | undefined): Promise<string[]>
  /** Takes a task off the board because it is done. `false` when the claim is not live. */
  complete(held: HeldTask): Promise<boolean>
  /** Takes a task off the board because it has failed. `false` when the claim is not live. */
  fail(held: HeldTask): Promise<boolean>
  /**
   * Starts leases anew, for `leaseMs` or as long as they were claimed for. In the order asked: when each runs
   * out now; `undefined` when the claim is not live.
   */
  extend(held: readonly HeldTask[], leaseMs?: number): Promise<(Date | undefined)[]>
  /** Gives a task back as if it had not been handed out. `false` when the claim is not live. */
  release(held: HeldTask): Promise<boolean>
  /** Tasks whose time is up, longest ago first; when told, only those after this place. */
  due(limit: number, after?: DuePlace): Promise<DueTask[]>
  /**
   * Says that time is being kept; called every `beatEveryMs`. When nobody has said so for `awayAfterMs`, the store was
   * away: then nothing that was claimed before is handed out or due before its lease, or the time of its attempt, has
   * passed once more, so that workers who are alive can come back.
   */
  beat(): Promise<void>
  /**
   * Remembers that somebody has asked for such tasks just now, and which workers have; of each the last `maxPolls`, for
   * `pollsKeptMs`.
   */
  notePolls(polls: readonly Poll[], workers: readonly string[]): Promise<void>
  /**
   * When somebody last asked for tasks of each of these names, or of any, of this definition or of any; absent for who
   * was never asked for.
   */
  lastPolls(names: readonly string[], definition: string): Promise<ReadonlyMap<string, Date>>
  /** What is on the board, and who works. */
  census(): Promise<BoardCensus>
  /** Takes everything of a process off the board. Answers how many tasks that were. */
  cancel(processId: string): Promise<number>
}
