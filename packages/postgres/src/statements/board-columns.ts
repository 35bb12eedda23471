import type { NewBoardTask } from '@tunacorn/core'

// What a task brings onto the board, wherever it comes from: a start, a commit, or by itself.

/** Columns in the order of `boardTaskValues`. */
export const newBoardTaskColumns = `task, name, priority, max_attempts, timeout_ms, heartbeat_ms, schedule_timeout_ms,
  within_ms`

export const newBoardTaskTypes = [
  'int',
  'text',
  'smallint',
  'int',
  'bigint',
  'bigint',
  'bigint',
  'bigint',
] as const

export function newBoardTaskValues(tasks: readonly Omit<NewBoardTask, 'delayMs' | 'holder'>[]): unknown[] {
  return [
    tasks.map(({ task }) => task),
    tasks.map(({ name }) => name),
    tasks.map(({ priority }) => priority),
    tasks.map(({ maxAttempts }) => maxAttempts),
    tasks.map(({ timeoutMs }) => timeoutMs),
    tasks.map(({ heartbeatMs }) => heartbeatMs),
    tasks.map(({ scheduleTimeoutMs }) => scheduleTimeoutMs),
    tasks.map(({ withinMs }) => withinMs ?? null),
  ]
}

/** Columns of a task that comes with a process, in the order of `enteringTaskValues`. */
export const enteringTaskColumns = `${newBoardTaskColumns}, worker, lease_ms, secret`

export const enteringTaskTypes = [...newBoardTaskTypes, 'text', 'bigint', 'text'] as const

export function enteringTaskValues(tasks: readonly NewBoardTask[]): unknown[] {
  return [
    ...newBoardTaskValues(tasks),
    tasks.map(({ holder }) => holder?.worker ?? null),
    tasks.map(({ holder }) => holder?.leaseMs ?? null),
    tasks.map(({ holder }) => holder?.secret ?? null),
  ]
}

/**
 * Puts tasks onto the board; those that come with a worker are handed out, just as a claim would do it.
 * @param entering gives `process_id, definition, paused, at` (since when it is their turn) and `enteringTaskColumns`.
 */
export function enterBoardSql(schema: string, entering: string): string {
  const lease = `least(lease_ms, heartbeat_ms, timeout_ms)`
  const isHeld = `worker IS NOT NULL`
  return `
  INSERT INTO ${schema}.task_list (process_id, definition, paused, scheduled_at, turn, claimable_at, expires_at,
    attempt, worker, secret, claimed_at, first_claimed_at, lease_ms, ${newBoardTaskColumns})
  SELECT process_id, definition, paused, now(), at,
    CASE WHEN ${isHeld} THEN now() + ${lease} ${ms} ELSE at END,
    CASE WHEN NOT ${isHeld} THEN greatest(at, now()) + schedule_timeout_ms ${ms}
      WHEN max_attempts = 1 OR ${lease} >= within_ms THEN now() + ${lease} ${ms}
      ELSE now() + timeout_ms ${ms} END,
    (${isHeld})::int, worker, secret, CASE WHEN ${isHeld} THEN now() END, CASE WHEN ${isHeld} THEN now() END,
    CASE WHEN ${isHeld} THEN least(lease_ms, heartbeat_ms) END, ${newBoardTaskColumns}
  FROM (${entering}) AS entering`
}

/** `$n::type[]` for each, from `first` on, to stand in an `unnest`. */
export function arrays(first: number, types: readonly string[]): string {
  return types.map((type, index) => `$${first + index}::${type}[]`).join(', ')
}

export const ms = `* interval '1 millisecond'`

/** No process has it, and all others come after it. */
export const firstId = '00000000-0000-0000-0000-000000000000'

/** A moment as a whole number, without a loss: JavaScript's dates know no microseconds. */
export function microseconds(moment: string): string {
  return `(extract(epoch FROM ${moment}) * 1000000)::bigint`
}

export function momentOf(parameter: string): string {
  return `(timestamptz 'epoch' + ${parameter}::bigint * interval '1 microsecond')`
}
