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

export function newBoardTaskValues(tasks: readonly Omit<NewBoardTask, 'delayMs'>[]): unknown[] {
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

/** `$n::type[]` for each, from `first` on, to stand in an `unnest`. */
export function arrays(first: number, types: readonly string[]): string {
  return types.map((type, index) => `$${first + index}::${type}[]`).join(', ')
}

export const ms = `* interval '1 millisecond'`
