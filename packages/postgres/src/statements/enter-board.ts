import type { NewBoardTask } from '@tunacorn/core'
import { ms, newBoardTaskColumns, newBoardTaskTypes, newBoardTaskValues } from './board-columns.js'

// What comes onto the board with a start or a commit, perhaps in somebody's hands.

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
