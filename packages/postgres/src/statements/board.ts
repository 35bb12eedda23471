import { awayAfterMs, beatEveryMs, maxPolls, pollsKeptMs, type DuePlace } from '@tunacorn/core'
import { boardColumns } from '../rows.js'
import {
  arrays,
  each,
  microseconds,
  firstId,
  momentOf,
  ms,
  newBoardTaskColumns,
  newBoardTaskTypes,
} from './board-columns.js'
import { isCalm, isClaimable } from './claim-tasks.js'

// The board's small statements: putting on, taking off, giving back, looking.

export function listBoardSql(schema: string): string {
  return `
SELECT ${boardColumns} FROM ${schema}.task_list t
WHERE ($1::text IS NULL OR t.name = $1)
  AND ($2::text IS NULL OR t.definition = $2)
  AND ($3::uuid IS NULL OR t.process_id = $3)
  AND ($4::text IS NULL OR (t.worker IS NOT NULL) = ($4 = 'claimed'))
  AND ($5::uuid IS NULL OR (t.process_id, t.task) > ($5, $6::int))
ORDER BY t.process_id, t.task LIMIT $7`
}

export function scheduleTasksSql(schema: string): string {
  return `
INSERT INTO ${schema}.task_list
  (process_id, definition, scheduled_at, claimable_at, turn, expires_at, ${newBoardTaskColumns})
SELECT process_id, definition, now(), at, at, greatest(at, now()) + schedule_timeout_ms ${ms}, ${newBoardTaskColumns}
FROM unnest(${arrays(1, ['uuid', 'text', 'timestamptz', ...newBoardTaskTypes])})
  AS s (process_id, definition, at, ${newBoardTaskColumns})
ON CONFLICT DO NOTHING`
}

/**
 * For each priority the first in its turn, which is one probe of an index: what is delayed in front costs nothing. In that
 * order, since else all of a board that looks full of such tasks may be read to find that there is none.
 */
function firstOfEach(schema: string, which: string): string {
  return `unnest('{9,8,7,6,5,4,3,2,1,0}'::smallint[]) AS p (priority) CROSS JOIN LATERAL (
    SELECT t.name FROM ${schema}.task_list t
    WHERE ${which} AND t.priority = p.priority AND ${isClaimable(schema, 't')} ORDER BY t.claimable_at LIMIT 1
  ) first`
}

export function claimableNamesSql(schema: string): string {
  return `
SELECT wanted.name FROM unnest(${arrays(1, ['text'])}) AS wanted (name)
WHERE EXISTS (SELECT FROM ${firstOfEach(schema, 't.name = wanted.name')} ${each})`
}

export function anyClaimableSql(schema: string): string {
  return `SELECT first.name FROM ${firstOfEach(schema, 't.attempt >= 0')} LIMIT 1`
}

export function leaveBoardSql(schema: string): string {
  return `
DELETE FROM ${schema}.task_list
WHERE process_id = $1 AND task = $2 AND attempt = $3 AND secret = $4 RETURNING task`
}

/** It waits anew, but an attempt after the first one may begin no later than `within_ms` allows. */
export function releaseTaskSql(schema: string): string {
  return `
UPDATE ${schema}.task_list
SET attempt = attempt - 1, worker = NULL, claimed_at = NULL, secret = NULL, lease_ms = NULL,
  claimable_at = turn, first_claimed_at = CASE WHEN attempt > 1 THEN first_claimed_at END,
  expires_at = least(greatest(turn, now()) + schedule_timeout_ms ${ms},
    CASE WHEN attempt > 1 THEN first_claimed_at + within_ms ${ms} END)
WHERE process_id = $1 AND task = $2 AND attempt = $3 AND secret = $4 RETURNING task`
}

export function cancelBoardSql(schema: string): string {
  return `DELETE FROM ${schema}.task_list WHERE process_id = $1 RETURNING task`
}

/** A lapse that workers cut off by an outage may still come back from is not due yet. */
export function dueTasksSql(schema: string): string {
  return `
SELECT t.process_id, t.task, t.attempt, t.secret,
  CASE WHEN t.worker IS NULL THEN 'not-claimed'
    WHEN t.claimable_at < t.claimed_at + t.timeout_ms ${ms} THEN 'lapsed' ELSE 'timed-out' END AS reason,
  extract(epoch FROM now() - coalesce(t.first_claimed_at, now())) * 1000 AS elapsed_ms,
  ${microseconds('t.expires_at')} AS due_at
FROM ${schema}.task_list t
WHERE t.expires_at <= now() AND (t.expires_at, t.process_id, t.task) > (${momentOf('$2')}, $3::uuid, $4::int)
  AND (t.worker IS NULL OR ${isCalm(schema, 't')})
ORDER BY t.expires_at, t.process_id, t.task LIMIT $1`
}

export function dueTasksValues(limit: number, after: DuePlace | undefined): unknown[] {
  return [limit, after?.dueAt ?? 0, after?.processId ?? firstId, after?.task ?? -1]
}

/** However many replicas keep time, the row is written about as often as one of them beats. */
export function beatSql(schema: string): string {
  return `
INSERT INTO ${schema}.pulse AS p (beat_at, calm_since) VALUES (now(), '-infinity')
ON CONFLICT (single) DO UPDATE
SET beat_at = now(),
  calm_since = CASE WHEN p.beat_at <= now() - ${awayAfterMs} ${ms} THEN now() ELSE p.calm_since END
WHERE p.beat_at <= now() - ${0.9 * beatEveryMs} ${ms}`
}

export function notePollsSql(schema: string): string {
  return `
INSERT INTO ${schema}.poll AS p (name, definition, at)
SELECT DISTINCT name, definition, now() FROM unnest(${arrays(1, ['text', 'text'])}) AS n (name, definition)
ORDER BY name, definition
ON CONFLICT (name, definition) DO UPDATE SET at = now() WHERE p.at < now()`
}

export function noteWorkersSql(schema: string): string {
  return `
INSERT INTO ${schema}.worker_seen AS w (worker, at)
SELECT DISTINCT worker, now() FROM unnest(${arrays(1, ['text'])}) AS n (worker)
ORDER BY worker
ON CONFLICT (worker) DO UPDATE SET at = now() WHERE w.at < now()`
}

export function forgetPollsSql(schema: string): string {
  return forgetOldSql(`${schema}.poll`)
}

export function forgetWorkersSql(schema: string): string {
  return forgetOldSql(`${schema}.worker_seen`)
}

/** Those of long ago, and those beyond what is kept; what somebody else has in hand is left to them. */
function forgetOldSql(table: string): string {
  return `
DELETE FROM ${table} WHERE ctid = ANY (ARRAY (
  SELECT ctid FROM ${table}
  WHERE at <= greatest(now() - ${pollsKeptMs} ${ms},
    (SELECT at FROM ${table} ORDER BY at DESC OFFSET ${maxPolls} LIMIT 1))
  ORDER BY at LIMIT ${maxPolls} FOR UPDATE SKIP LOCKED))`
}

export function lastPollsSql(schema: string): string {
  return `
SELECT asked.name, max(p.at) AS at
FROM unnest(${arrays(1, ['text'])}) AS asked (name)
JOIN ${schema}.poll p ON p.name IN (asked.name, '') AND p.definition IN ($2, '')
GROUP BY asked.name`
}
