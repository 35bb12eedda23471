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

/** A parameter for each array, from `first` on, to stand in an `unnest`. */
export function arrays(first: number, types: readonly string[]): string {
  return types.map((type, index) => unseen(first + index, `${type}[]`)).join(', ')
}

/**
 * A parameter that the planner cannot look into. Where it sees how short an array or a limit is, a plan of its own for
 * each execution looks cheaper than one for all of them, and is made each time: half a millisecond for a commit that
 * takes a quarter.
 */
export function unseen(place: number, type: string): string {
  return `(SELECT $${place}::${type})`
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

/**
 * Ends a sub-select of `EXISTS`, so that it is run for each row by itself, by an index. Else, of a table that was small
 * when it was looked at, all rows may be read once and compared with all.
 */
export const each = 'OFFSET 0'
