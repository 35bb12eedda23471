import { boardKey, earliest, later, type MemoryBoardRow, type MemoryData } from './memory-data.js'
import type { HeldBy, HeldTask, Holder, TaskRef } from '../board.js'
import type { DueTask, ScheduledTask } from '../task-list.js'

// What holds for a row on the board in memory: when it can be claimed, for how long, and when it is judged.

/** The row that this claim holds; `undefined` when the claim is not live. */
export function liveRow(data: MemoryData, { claim, ...place }: HeldTask): MemoryBoardRow | undefined {
  return rowInState(data, place, { ...claim, isDue: false })
}

/** The row of this task if it is just in this state. */
export function rowInState(data: MemoryData, place: TaskRef, held: HeldBy): MemoryBoardRow | undefined {
  const row = data.board.get(boardKey(place))
  if (row === undefined || row.secret !== held.secret || row.attempt !== held.attempt) return undefined
  return held.isDue && row.expiresAt > data.now() ? undefined : row
}

export function scheduleOn(data: MemoryData, added: ScheduledTask, isPaused: boolean): void {
  const key = boardKey(added)
  if (data.board.has(key)) return
  const { processId, task, name, definition, priority, maxAttempts, claimableAt } = added
  const { timeoutMs, heartbeatMs, scheduleTimeoutMs, withinMs } = added
  const now = data.now()
  const row = {
    processId,
    task,
    name,
    definition,
    priority,
    maxAttempts,
    isPaused,
    timeoutMs,
    heartbeatMs,
    scheduleTimeoutMs,
    withinMs,
    attempt: 0,
    firstClaimedAt: undefined,
    scheduledAt: now,
  }
  data.board.set(key, { ...row, turn: claimableAt, ...waiting(claimableAt, scheduleTimeoutMs, now) })
}

/** The row of a task that waits for the attempt after its `attempt`. */
export function waitingRow(row: MemoryBoardRow, claimableAt: Date, now: Date): MemoryBoardRow {
  const before = { ...row, firstClaimedAt: row.attempt > 0 ? row.firstClaimedAt : undefined }
  const waits = waiting(claimableAt, row.scheduleTimeoutMs, now)
  return { ...before, ...waits, expiresAt: earliest(waits.expiresAt, lastRetryAt(before)) }
}

function waiting(claimableAt: Date, scheduleTimeoutMs: number, now: Date) {
  const waitsFrom = new Date(Math.max(claimableAt.getTime(), now.getTime()))
  const expiresAt = later(waitsFrom, scheduleTimeoutMs)
  const nobody = { worker: undefined, claimedAt: undefined, secret: undefined, leaseMs: 0, lapsed: [] }
  return { ...nobody, claimableAt, expiresAt }
}

export function clearBoard(data: MemoryData, processId: string): number {
  const rows = [...data.board.values()].filter((row) => row.processId === processId)
  for (const row of rows) data.board.delete(boardKey(row))
  return rows.length
}

export function claimedRow(row: MemoryBoardRow, holder: Holder, now: Date): MemoryBoardRow {
  const leaseMs = Math.min(holder.leaseMs, row.heartbeatMs)
  const claimed = {
    ...row,
    attempt: row.attempt + 1,
    worker: holder.worker,
    claimedAt: now,
    firstClaimedAt: row.firstClaimedAt ?? now,
    leaseMs,
    secret: holder.secret,
    lapsed: withLapse(row),
  }
  const claimableAt = leaseEnd(claimed, leaseMs, now)
  return { ...claimed, claimableAt, expiresAt: judgedAt(claimed, claimableAt) }
}

/** The lease, but not beyond the silence that is allowed nor the end of the attempt. */
export function leaseEnd(row: MemoryBoardRow, leaseMs: number, now: Date): Date {
  return earliest(later(now, Math.min(leaseMs, row.heartbeatMs)), attemptDeadline(row, now))
}

export function attemptDeadline({ claimedAt, timeoutMs }: MemoryBoardRow, now: Date): Date {
  return later(claimedAt ?? now, timeoutMs)
}

/** An attempt that another may follow is judged at its deadline, should nobody have taken it over by then. */
export function judgedAt(row: MemoryBoardRow, leaseExpiresAt: Date): Date {
  const isLast = row.attempt >= row.maxAttempts || leaseExpiresAt >= lastRetryAt(row)
  return isLast ? leaseExpiresAt : attemptDeadline(row, leaseExpiresAt)
}

function lastRetryAt({
  firstClaimedAt,
  withinMs,
}: Pick<MemoryBoardRow, 'firstClaimedAt' | 'withinMs'>): Date {
  if (firstClaimedAt === undefined || withinMs === undefined) return new Date(8.64e15)
  return later(firstClaimedAt, withinMs)
}

export function isClaimable(row: MemoryBoardRow, now: Date): boolean {
  const mayBegin = row.attempt < row.maxAttempts && now <= lastRetryAt(row)
  return !row.isPaused && row.claimableAt <= now && mayBegin
}

export function dueTask(row: MemoryBoardRow, now: Date): DueTask {
  const { processId, task, attempt, secret, firstClaimedAt, expiresAt } = row
  const elapsedMs = now.getTime() - (firstClaimedAt ?? now).getTime()
  const dueAt = expiresAt.getTime()
  return { processId, task, dueAt, attempt, secret, reason: dueReason(row), elapsedMs }
}

function dueReason(row: MemoryBoardRow): DueTask['reason'] {
  if (row.claimedAt === undefined) return 'not-claimed'
  return row.claimableAt < later(row.claimedAt, row.timeoutMs) ? 'lapsed' : 'timed-out'
}

function withLapse(row: MemoryBoardRow): MemoryBoardRow['lapsed'] {
  const { attempt, worker, claimedAt, secret } = row
  if (worker === undefined || claimedAt === undefined || secret === undefined) return row.lapsed
  const lapse = { attempt, worker, claimedAt, leaseExpiredAt: row.claimableAt, secret }
  return [...row.lapsed, dueReason(row) === 'timed-out' ? { ...lapse, timedOut: true } : lapse]
}
