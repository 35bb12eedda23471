import type { NewBoardTask } from '../lists/board.js'
import type { NewEvent, ProcessChange, ProcessRecord } from '../lists/process-list.js'
import type { DueTask } from '../lists/task-list.js'
import type { Payload } from '../payload.js'
import type { Claim, ProcessEventType } from '../process/events.js'
import { dayMs } from './builders.js'

// Changes of a process that is there already, as the engine would decide them.

/** The end of a task. What a claim has handed out can be given as it is. */
export interface Report {
  readonly task: number
  /** Absent: the report relies on nothing. */
  readonly claim?: Claim | undefined
  readonly payload?: Payload | undefined
}

/** The change that completes these tasks, and with the last of them the process. */
export function completionOf(
  record: ProcessRecord,
  reports: readonly Report[],
  enter: readonly NewBoardTask[] = [],
): ProcessChange {
  const completed = record.completed + reports.length
  return {
    ...changeOf(record),
    completed,
    state: completed === record.total ? 'completed' : record.state,
    events: reports.map((report) => eventOf('task-completed', report)),
    enter,
  }
}

/** The change in which a task fails, and the process with it. */
export function failureOf(record: ProcessRecord, report: Report): ProcessChange {
  return {
    ...changeOf(record),
    state: 'failed',
    failed: record.failed + 1,
    events: [{ ...eventOf('task-failed', report), reason: 'reported' }],
  }
}

export function cancellationOf(record: ProcessRecord, reason?: Payload): ProcessChange {
  return { ...changeOf(record), state: 'cancelled', events: [{ type: 'process-cancelled', payload: reason }] }
}

/** The change in which an attempt fails, and another one may follow after a while. */
export function attemptFailureOf(record: ProcessRecord, report: Report, retryInMs: number): ProcessChange {
  return { ...changeOf(record), events: [attemptFailed(report, retryInMs)] }
}

export function attemptFailed(report: Report, retryInMs: number): NewEvent {
  return { ...eventOf('attempt-failed', report), reason: 'reported', retryInMs }
}

/** The change that keeps a report which came too late. */
export function refusalOf(record: ProcessRecord, { task, claim, payload }: Report): ProcessChange {
  return { ...changeOf(record), events: [{ type: 'report-refused', task, claim, payload }] }
}

/** What the timekeeper makes of a task that is due: another attempt after a while, or the end of the process. */
export function judgementOf(
  record: ProcessRecord,
  due: Omit<DueTask, 'dueAt'>,
  retryInMs?: number,
): ProcessChange {
  const { task, reason, attempt, secret } = due
  const judged = { task, reason, held: { attempt, secret, isDue: true } }
  if (retryInMs !== undefined) {
    return { ...changeOf(record), events: [{ type: 'attempt-failed', ...judged, retryInMs }] }
  }
  const failed = record.failed + 1
  return { ...changeOf(record), state: 'failed', failed, events: [{ type: 'task-failed', ...judged }] }
}

export function timeOutOf(record: ProcessRecord): ProcessChange {
  return { ...changeOf(record), state: 'failed', events: [{ type: 'process-timed-out' }], isDue: true }
}

export function pauseOf(record: ProcessRecord): ProcessChange {
  return { ...changeOf(record), state: 'paused', clock: 'stops', events: [{ type: 'process-paused' }] }
}

export function resumptionOf(record: ProcessRecord): ProcessChange {
  return { ...changeOf(record), state: 'running', clock: 'goes-on', events: [{ type: 'process-resumed' }] }
}

/** A failed process goes on, with these tasks on the board and its deadline so long from now. */
export function retryOf(
  record: ProcessRecord,
  enter: readonly NewBoardTask[] = [],
  timeoutMs = 365 * dayMs,
): ProcessChange {
  const events = [{ type: 'process-retried' }] as const
  return { ...changeOf(record), state: 'running', clock: 'anew', failed: 0, events, enter, timeoutMs }
}

function eventOf(type: ProcessEventType, { task, claim, payload }: Report): NewEvent {
  return { type, task, payload, held: claim === undefined ? undefined : { ...claim, isDue: false } }
}

function changeOf(record: ProcessRecord): ProcessChange {
  const { id, definition, version, startedAt, state, completed, failed } = record
  const identity = { id, definition, expectedVersion: version, started: undefined, startedAt }
  const unchanged = {
    clock: 'runs',
    timeoutMs: 365 * dayMs,
    isDue: false,
    failureProcess: undefined,
  } as const
  return { ...identity, ...unchanged, state, completed, failed, events: [], enter: [] }
}
