import type { Definition, HistoryEvent, Process, Task } from '@tunacorn/protocol'

/** A task's state, told apart as finely as people need it. */
export type Look =
  | 'pending'
  | 'delayed'
  | 'scheduled'
  | 'claimed'
  | 'lapsed'
  | 'retrying'
  | 'paused'
  | 'completed'
  | 'failed'
  | 'cancelled'

export type Outcome = 'waiting' | 'working' | 'completed' | 'will-retry' | 'failed' | 'lapsed' | 'unfinished'

/** One hand-out of a task, or the wait for one. Times in milliseconds since 1970. */
export interface Attempt {
  readonly number: number
  readonly outcome: Outcome
  readonly worker?: string | undefined
  readonly scheduledAtMs?: number | undefined
  readonly claimedAtMs?: number | undefined
  /** Absent while it goes on. */
  readonly endedAtMs?: number | undefined
  readonly cause?: string | undefined
  readonly error?: unknown
}

/** A task of a process: what has become of it so far, and how it stands. */
export interface TaskRun {
  readonly index: number
  readonly id: string
  readonly name: string
  readonly needs: readonly string[]
  readonly look: Look
  readonly attempts: readonly Attempt[]
  /** The event with which it completed or failed for good. */
  readonly ending?: HistoryEvent | undefined
  /** What the board says of it, while it is there. */
  readonly board?: Task | undefined
}

export interface Known {
  readonly process: Process
  readonly definition: Definition
  readonly events: readonly HistoryEvent[]
  readonly board: readonly Task[]
  readonly nowMs: number
}

interface Past {
  attempts: Attempt[]
  ending?: HistoryEvent | undefined
}

/** Puts together what the definition, the history and the board say of each task, in the definition's order. */
export function taskRuns({ process, definition, events, board, nowMs }: Known): TaskRun[] {
  const pasts: Past[] = definition.tasks.map(() => ({ attempts: [] }))
  for (const event of events) remember(pasts, event)
  const rows = new Map(board.map((row) => [indexOf(row.id), row]))
  const completed = new Set(
    definition.tasks
      .filter((_, index) => pasts[index]?.ending?.type === 'task-completed')
      .map(({ name }) => name),
  )
  return definition.tasks.map(({ name, needs }, index) => {
    const past = pasts[index] ?? { attempts: [] }
    const row = past.ending === undefined && process.endedAt === undefined ? rows.get(index) : undefined
    const isActive = needs.every((need) => completed.has(need))
    return {
      index,
      id: `${process.id}.${index}`,
      name,
      needs,
      look: lookOf(process, past, row, isActive, nowMs),
      attempts: row === undefined ? past.attempts : [...past.attempts, ...attemptsOnBoard(row)],
      ending: past.ending,
      board: row,
    }
  })
}

function remember(pasts: Past[], event: HistoryEvent): void {
  if (event.type === 'process-retried') {
    for (const past of pasts) if (past.ending?.type === 'task-failed') past.ending = undefined
  }
  const past = event.task === undefined ? undefined : pasts[indexOf(event.task)]
  if (past !== undefined && event.type !== 'report-refused') {
    past.attempts.push(...lapsedAttempts(event.lapsed), attemptOf(event))
    if (event.type !== 'attempt-failed') past.ending = event
  }
  for (const { task, attempt, worker, claimedAt, leaseExpiredAt } of event.unfinished ?? []) {
    pasts[indexOf(task)]?.attempts.push({
      number: attempt,
      outcome: 'unfinished',
      worker,
      claimedAtMs: Date.parse(claimedAt),
      endedAtMs: Date.parse(leaseExpiredAt ?? event.at),
    })
  }
}

const outcomes: Partial<Record<HistoryEvent['type'], Outcome>> = {
  'task-completed': 'completed',
  'attempt-failed': 'will-retry',
  'task-failed': 'failed',
}

function attemptOf(event: HistoryEvent): Attempt {
  return {
    number: event.attempt ?? 0,
    outcome: outcomes[event.type] ?? 'unfinished',
    worker: event.worker,
    scheduledAtMs: timeOf(event.scheduledAt),
    claimedAtMs: timeOf(event.claimedAt),
    endedAtMs: Date.parse(event.at),
    cause: event.cause,
    error: event.error,
  }
}

function attemptsOnBoard(row: Task): Attempt[] {
  const isHeld = row.state === 'claimed'
  return [
    ...lapsedAttempts(row.lapsed),
    {
      number: (row.attempt ?? 0) + (isHeld ? 0 : 1),
      outcome: isHeld ? 'working' : 'waiting',
      worker: isHeld ? row.worker : undefined,
      scheduledAtMs: timeOf(row.scheduledAt),
      claimedAtMs: isHeld ? timeOf(row.claimedAt) : undefined,
    },
  ]
}

function lapsedAttempts(lapsed: Task['lapsed'] = []): Attempt[] {
  return lapsed.map(({ attempt, worker, claimedAt, leaseExpiredAt, timedOut }) => ({
    number: attempt,
    outcome: 'lapsed',
    worker,
    claimedAtMs: Date.parse(claimedAt),
    endedAtMs: Date.parse(leaseExpiredAt),
    cause: timedOut === true ? 'timed-out' : 'lapsed',
  }))
}

function lookOf(process: Process, past: Past, row: Task | undefined, isActive: boolean, nowMs: number): Look {
  if (past.ending !== undefined) return past.ending.type === 'task-completed' ? 'completed' : 'failed'
  if (process.endedAt !== undefined) return 'cancelled'
  if (row?.state !== 'claimed') {
    if (!isActive) return 'pending'
    if (row?.isPaused === true || process.state === 'paused') return 'paused'
    if (past.attempts.length > 0) return 'retrying'
  }
  return row === undefined ? 'scheduled' : lookOnBoard(row, nowMs)
}

/** How a task looks by what the board alone says of it. */
export function lookOnBoard(row: Task, nowMs: number): Look {
  if (row.state === 'claimed') {
    return row.leaseExpiresAt !== undefined && Date.parse(row.leaseExpiresAt) < nowMs ? 'lapsed' : 'claimed'
  }
  if (row.isPaused === true) return 'paused'
  if ((row.attempt ?? 0) > 0 || (row.lapsed ?? []).length > 0) return 'retrying'
  return row.claimableAt !== undefined && Date.parse(row.claimableAt) > nowMs ? 'delayed' : 'scheduled'
}

/** `0193….4` → 4 */
function indexOf(taskId: string): number {
  return Number(taskId.slice(taskId.lastIndexOf('.') + 1))
}

function timeOf(timestamp: string | undefined): number | undefined {
  return timestamp === undefined ? undefined : Date.parse(timestamp)
}
