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

/** An attempt that failed, not for good, was or will be followed by another one, or never will be: its process ended. */
export type Outcome =
  | 'waiting'
  | 'working'
  | 'completed'
  | 'will-retry'
  | 'retried'
  | 'not-retried'
  | 'failed'
  | 'lapsed'
  | 'unfinished'

/** One hand-out of a task, or the wait for one. Times in milliseconds since 1970. */
export interface Attempt {
  readonly number: number
  /** How often the process had been retried by then: each time, attempts are counted anew. */
  readonly round: number
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

/** How often a process has been retried so far, and when last. */
interface Round {
  number: number
  begunAtMs?: number
}

/** Puts together what the definition, the history and the board say of each task, in the definition's order. */
export function taskRuns({ process, definition, events, board, nowMs }: Known): TaskRun[] {
  const pasts: Past[] = definition.tasks.map(() => ({ attempts: [] }))
  const round: Round = { number: 0 }
  for (const event of events) remember(pasts, event, round)
  const rows = new Map(board.map((row) => [indexOf(row.id), row]))
  const completed = new Set(
    definition.tasks
      .filter((_, index) => pasts[index]?.ending?.type === 'task-completed')
      .map(({ name }) => name),
  )
  return definition.tasks.map(({ name, needs }, index) => {
    const past = pasts[index] ?? { attempts: [] }
    const found = past.ending === undefined && process.endedAt === undefined ? rows.get(index) : undefined
    const row = found && inRound(found, round)
    const isActive = row !== undefined || needs.every((need) => completed.has(need))
    const attempts =
      row === undefined ? past.attempts : [...past.attempts, ...attemptsOnBoard(row, round, nowMs)]
    return {
      index,
      id: `${process.id}.${index}`,
      name,
      needs,
      look: lookOf(process, past, row, isActive, round, nowMs),
      attempts: attempts.map((attempt, place) => followed(attempt, attempts[place + 1], process, round)),
      ending: past.ending,
      board: row,
    }
  })
}

function remember(pasts: Past[], event: HistoryEvent, round: Round): void {
  if (event.type === 'process-retried') {
    round.number += 1
    round.begunAtMs = Date.parse(event.at)
    for (const past of pasts) if (past.ending?.type === 'task-failed') past.ending = undefined
  }
  const past = event.task === undefined ? undefined : pasts[indexOf(event.task)]
  if (past !== undefined && event.type !== 'report-refused') {
    past.attempts.push(...lapsedAttempts(event.lapsed, round), attemptOf(event, round))
    if (event.type !== 'attempt-failed') past.ending = event
  }
  for (const { task, attempt, worker, claimedAt, leaseExpiredAt } of event.unfinished ?? []) {
    pasts[indexOf(task)]?.attempts.push({
      number: attempt,
      round: round.number,
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

function attemptOf(event: HistoryEvent, round: Round): Attempt {
  return {
    number: event.attempt ?? 0,
    round: round.number,
    outcome: outcomes[event.type] ?? 'unfinished',
    worker: event.worker,
    scheduledAtMs: timeOf(event.scheduledAt),
    claimedAtMs: timeOf(event.claimedAt),
    endedAtMs: Date.parse(event.at),
    cause: event.cause,
    error: event.error,
  }
}

/** A retry that is promised comes with the next attempt, or not at all when the process has ended before it. */
function followed(attempt: Attempt, next: Attempt | undefined, process: Process, round: Round): Attempt {
  if (attempt.outcome !== 'will-retry') return attempt
  const isOver = process.endedAt !== undefined || attempt.round < round.number
  if (next?.round === attempt.round && next.outcome !== 'waiting') return { ...attempt, outcome: 'retried' }
  return isOver ? { ...attempt, outcome: 'not-retried' } : attempt
}

/** What is on the board again has been claimable since the process was retried, whatever it was before. */
function inRound(row: Task, { begunAtMs }: Round): Task {
  const { claimableAt, state } = row
  if (begunAtMs === undefined || state === 'claimed' || claimableAt === undefined) return row
  return Date.parse(claimableAt) >= begunAtMs
    ? row
    : { ...row, claimableAt: new Date(begunAtMs).toISOString() }
}

function attemptsOnBoard(row: Task, round: Round, nowMs: number): Attempt[] {
  const isHeld = row.state === 'claimed'
  return [
    ...lapsedAttempts(row.lapsed, round),
    {
      number: (row.attempt ?? 0) + (isHeld ? 0 : 1),
      round: round.number,
      outcome: !isHeld ? 'waiting' : isSilent(row, nowMs) ? 'lapsed' : 'working',
      worker: isHeld ? row.worker : undefined,
      scheduledAtMs: timeOf(row.scheduledAt),
      claimedAtMs: isHeld ? timeOf(row.claimedAt) : undefined,
    },
  ]
}

function lapsedAttempts(lapsed: Task['lapsed'] = [], round: Round): Attempt[] {
  return lapsed.map(({ attempt, worker, claimedAt, leaseExpiredAt, timedOut }) => ({
    number: attempt,
    round: round.number,
    outcome: 'lapsed',
    worker,
    claimedAtMs: Date.parse(claimedAt),
    endedAtMs: Date.parse(leaseExpiredAt),
    cause: timedOut === true ? 'timed-out' : 'lapsed',
  }))
}

function lookOf(
  process: Process,
  past: Past,
  row: Task | undefined,
  isActive: boolean,
  round: Round,
  nowMs: number,
): Look {
  if (past.ending !== undefined) return past.ending.type === 'task-completed' ? 'completed' : 'failed'
  if (process.endedAt !== undefined) return 'cancelled'
  if (row?.state !== 'claimed') {
    if (!isActive) return 'pending'
    if (row?.isPaused === true || process.state === 'paused') return 'paused'
    if (past.attempts.some((attempt) => attempt.round === round.number)) return 'retrying'
  }
  return row === undefined ? 'scheduled' : lookOnBoard(row, nowMs)
}

/** Of how many tasks that which they wait for, or are held until, is over. Until it changes, runs look the same. */
export function countDue(board: readonly Task[], nowMs: number): number {
  return board.filter(({ state, leaseExpiresAt, claimableAt }) => {
    const until = state === 'claimed' ? leaseExpiresAt : claimableAt
    return until !== undefined && Date.parse(until) < nowMs
  }).length
}

/** Held, as it seems, by somebody who has let the lease run out. */
function isSilent({ leaseExpiresAt }: Task, nowMs: number): boolean {
  return leaseExpiresAt !== undefined && Date.parse(leaseExpiresAt) < nowMs
}

/** How a task looks by what the board alone says of it. */
export function lookOnBoard(row: Task, nowMs: number): Look {
  if (row.state === 'claimed') return isSilent(row, nowMs) ? 'lapsed' : 'claimed'
  if (row.isPaused === true) return 'paused'
  if ((row.attempt ?? 0) > 0 || (row.lapsed ?? []).length > 0) return 'retrying'
  return row.claimableAt !== undefined && Date.parse(row.claimableAt) >= nowMs ? 'delayed' : 'scheduled'
}

/** `0193….4` → 4 */
function indexOf(taskId: string): number {
  return Number(taskId.slice(taskId.lastIndexOf('.') + 1))
}

function timeOf(timestamp: string | undefined): number | undefined {
  return timestamp === undefined ? undefined : Date.parse(timestamp)
}
