import type { ProcessCensus } from './census.js'
import type { Claim, FailureReason, ProcessEventType } from '../process/events.js'
import type { ProcessStatus } from '../process/state.js'
import type { Payload } from '../payload.js'
import type { HandedOut, JointClaim } from './task-list.js'
import type { HeldBy, HeldTask, LapsedAttempt, NewBoardTask, UnfinishedAttempt } from './board.js'

/** A process as it is kept: one record, beside its history. */
export interface ProcessRecord {
  readonly id: string
  readonly definition: string
  readonly definitionVersion: number
  readonly state: ProcessStatus
  /** The number of events in its history. */
  readonly version: number
  readonly total: number
  readonly completed: number
  readonly failed: number
  readonly priority: number
  /** A name of the client's own, unique among the live processes of a definition. */
  readonly key: string | undefined
  readonly input: Payload | undefined
  readonly startedAt: Date
  /** It fails when it has not ended by then. While it is paused, as of the moment it was paused. */
  readonly deadline: Date
  readonly endedAt: Date | undefined
  /** The process that this one cleans up after. */
  readonly failureOf: string | undefined
  /** The process that cleans up after this one; the latest, when it was retried and has failed again. */
  readonly failureProcess: string | undefined
  /** W3C trace context of what it was started by; its tasks continue that trace. */
  readonly traceparent: string | undefined
}

/** The bones of an event: enough to replay the process, without what it carried. */
export interface EventBones {
  readonly type: string
  readonly task: number | undefined
}

/** An event with everything that is known of it. */
export interface HistoryEvent {
  readonly version: number
  readonly type: ProcessEventType
  readonly at: Date
  readonly task: number | undefined
  readonly claim: Claim | undefined
  readonly worker: string | undefined
  readonly scheduledAt: Date | undefined
  readonly claimedAt: Date | undefined
  readonly lapsed: readonly LapsedAttempt[]
  /** Why an attempt or the task failed. */
  readonly reason: FailureReason | undefined
  /** For an attempt that failed: from when on there may be another. */
  readonly retryAt: Date | undefined
  /** For an end of the process: attempts of its other tasks that had no end of their own, in the order of the tasks. */
  readonly unfinished: readonly UnfinishedAttempt[]
  /** For an end of the process: what was started to clean up after it. */
  readonly failureProcess: string | undefined
  readonly payload: Payload | undefined
}

/** An event on its way into the history. The times are the store's to say. */
export interface NewEvent {
  readonly type: ProcessEventType
  readonly task?: number | undefined
  /** When given, the task must be on the board in just this state; it leaves it, or waits on it for a retry. */
  readonly held?: HeldBy | undefined
  /** Instead of `held`: the claim that it is about, and that holds nothing any more. */
  readonly claim?: Claim | undefined
  readonly reason?: FailureReason | undefined
  /** Puts the task back on the board, to be claimed again after so long. */
  readonly retryInMs?: number | undefined
  readonly payload?: Payload | undefined
}

/** What a process that does not exist yet needs besides its first event. */
export interface NewProcess {
  readonly definitionVersion: number
  /** Whether `definitionVersion` was chosen for being the default, and so must still be it. */
  readonly isDefaultVersion: boolean
  readonly total: number
  readonly input: Payload | undefined
  readonly priority: number
  readonly key: string | undefined
  readonly failureOf: string | undefined
  readonly traceparent: string | undefined
  /** The start is to happen once for this key, however often it is asked for. */
  readonly once: StartOnce | undefined
}

/** A start that may be sent again. */
export interface StartOnce {
  readonly key: string
  /** Of what was asked: the same key with another question is a mistake. */
  readonly requestHash: string
}

/** One process going from one version to a later one, with everything that must go along. */
export interface ProcessChange {
  readonly id: string
  readonly definition: string
  /** The version that it is expected to be at; 0 for one that does not exist yet. */
  readonly expectedVersion: number
  readonly started: NewProcess | undefined
  readonly startedAt: Date | undefined
  readonly state: ProcessStatus
  readonly completed: number
  readonly failed: number
  /** They make the versions `expectedVersion + 1`, `+ 2` and so on. */
  readonly events: readonly NewEvent[]
  /**
   * What becomes of its deadline: nothing; it stands still, and with it the board is paused; it goes on, later by the
   * pause; it is `timeoutMs` from now.
   */
  readonly clock: 'runs' | 'stops' | 'goes-on' | 'anew'
  readonly timeoutMs: number
  /** Its deadline must have passed by the store's clock. */
  readonly isDue: boolean
  /** The start of the process that cleans up after this one: both are stored, or neither. */
  readonly failureProcess: ProcessChange | undefined
  /** Tasks that come onto the board. They leave it by an event, or all at once when the process fails or is cancelled. */
  readonly enter: readonly NewBoardTask[]
}

export type PersistResult =
  /** Stored, at this moment by the store's clock. */
  | { readonly status: 'committed'; readonly at: Date }
  /** Somebody else has moved the process or is about to; or what it is started from has changed. */
  | { readonly status: 'moved' }
  /** A start whose key another start has in hand, which is not committed yet. */
  | { readonly status: 'in-flight' }
  /** The claims for these tasks, by index, are not live. Nothing of this change was stored. */
  | { readonly status: 'claims-lost'; readonly tasks: readonly number[] }
  /** The store has gone away, and whether this was stored is not known; of others it is. */
  | { readonly status: 'unknown'; readonly error: unknown }

export interface FetchedProcess {
  readonly record: ProcessRecord
  /** The events after the version asked for, oldest first. */
  readonly events: readonly EventBones[]
}

export interface ProcessCounts {
  readonly scheduled: number
  readonly claimed: number
}

/** One process with what is asked about it most, all of one moment. */
export interface ProcessOverview {
  readonly record: ProcessRecord
  readonly counts: ProcessCounts
  /** The event that ended it; absent while it runs. */
  readonly ending: HistoryEvent | undefined
}

export interface ProcessCriteria {
  readonly state?: ProcessStatus | undefined
  readonly definition?: string | undefined
  readonly key?: string | undefined
  /** Only processes before this id, newest first. */
  readonly beforeId?: string | undefined
  readonly limit: number
}

/** A process whose deadline has passed, and where it stands among those. */
export interface DueProcess {
  readonly id: string
  /** Its deadline, as exactly as the store knows it and counted in its own way. */
  readonly dueAt: number
}

export interface TidyOptions {
  /** Without it no process is destroyed. */
  readonly endedMsAgo: number | undefined
  /** How many processes at most. */
  readonly limit: number
}

export interface Tidied {
  readonly destroyed: readonly string[]
  /** Whether others are as old: as far as the store has looked. */
  readonly hasMore: boolean
}

/**
 * Keeps processes and their histories. `persist` is the only way in: it takes a process from the version that
 * the caller knows to a later one, with its events and its part of the board, all or nothing for each process.
 */
export interface ProcessList {
  /** What the list keeps its things in. The engine asks for lists of one and the same store. */
  readonly store: object

  /** Processes with their events after a version each; `undefined` for one that is not there. In the order asked. */
  fetch(
    reads: readonly { readonly id: string; readonly afterVersion: number }[],
  ): Promise<(FetchedProcess | undefined)[]>

  /**
   * Commits changes to different processes, each by itself: one that is refused does not touch the others.
   * A process that another transaction has in hand is not waited for, but `moved`. In the order given.
   */
  persist(changes: readonly ProcessChange[]): Promise<PersistResult[]>

  /**
   * Commits changes as `persist` does, and hands out tasks as a claim does: in one transaction, where that can be.
   * Where not, or when it has failed, `handedOut` is absent and nothing was handed out.
   */
  persistClaiming(
    changes: readonly ProcessChange[],
    claim: JointClaim,
  ): Promise<{ readonly results: PersistResult[]; readonly handedOut: HandedOut | undefined }>

  /**
   * This list inside a transaction of the host's: what it persists exists if and only if that is committed.
   * @param transaction what the store takes for one; for PostgreSQL, a `pg` client with a transaction begun.
   * @throws TypeError when it is none
   */
  within(transaction: unknown): ProcessList

  /**
   * For a process that everybody wants: waits for it, holds it, reads it, lets `decide` say what follows, and
   * commits that. `undefined` from `decide` commits nothing and is answered by `undefined`.
   */
  persistHeld(
    read: { readonly id: string; readonly afterVersion: number },
    decide: (fetched: FetchedProcess | undefined) => ProcessChange | undefined,
  ): Promise<PersistResult | undefined>

  /** Removes ended processes and their histories. Answers which ones. */
  destroy(ids: readonly string[]): Promise<string[]>

  /** The process that was started for this key within a day, and the hash of what was asked. */
  findOnce(key: string): Promise<{ readonly id: string; readonly requestHash: string } | undefined>
  /** The live process of a definition with this key of the client's own. */
  findByKey(definition: string, key: string): Promise<string | undefined>
  /** The event that a report with this claim has made, if it has; a late one makes none. */
  findReport(report: HeldTask): Promise<HistoryEvent | undefined>
  /**
   * Every event that knows of this claim, oldest first: what it has made, also by being late; and those before or with
   * which its attempt was given up.
   */
  findTraces(report: HeldTask): Promise<HistoryEvent[]>
  /** Running processes whose deadline has passed, longest ago first; when told, only those after this one. */
  due(limit: number, after?: DueProcess): Promise<DueProcess[]>
  /**
   * Removes processes that ended longer ago than this, and keys of starts older than a day; a few at a time, fewer where
   * their histories are long.
   */
  tidy(options: TidyOptions): Promise<Tidied>

  overview(id: string): Promise<ProcessOverview | undefined>
  /** How many processes there are, and how many have ended lately. */
  census(): Promise<ProcessCensus>
  list(criteria: ProcessCriteria): Promise<ProcessRecord[]>
  history(id: string, afterVersion: number, limit: number): Promise<HistoryEvent[]>
  /** Single events, by process and version; `undefined` for one that is not there. In the order asked. */
  events(
    reads: readonly { readonly id: string; readonly version: number }[],
  ): Promise<(HistoryEvent | undefined)[]>
}
