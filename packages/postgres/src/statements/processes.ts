import type { DueProcess } from '@tunacorn/core'
import { eventColumns, processColumns } from '../rows.js'
import { arrays, firstId, microseconds, momentOf } from './board-columns.js'

// Looking at processes and their histories, and destroying them.

export function listProcessesSql(schema: string): string {
  return `
SELECT ${processColumns} FROM ${schema}.process p
WHERE ($1::text IS NULL OR p.state = $1)
  AND ($2::text IS NULL OR p.definition = $2)
  AND ($3::uuid IS NULL OR p.id < $3)
  AND ($4::text IS NULL OR p.key = $4)
ORDER BY p.id DESC LIMIT $5`
}

/** The process and its part of the board, of one moment. */
export function processOverviewSql(schema: string): string {
  return `
SELECT ${processColumns}, board.scheduled, board.claimed
FROM ${schema}.process p
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE t.worker IS NULL)::int AS scheduled,
    count(*) FILTER (WHERE t.worker IS NOT NULL)::int AS claimed
  FROM ${schema}.task_list t WHERE t.process_id = p.id
) board
WHERE p.id = $1`
}

export function historySql(schema: string): string {
  return `
SELECT ${eventColumns} FROM ${schema}.history h
WHERE h.process_id = $1 AND h.version > $2 ORDER BY h.version LIMIT $3`
}

export function eventsSql(schema: string): string {
  return `
SELECT ${eventColumns}
FROM unnest(${arrays(1, ['uuid', 'bigint'])}) AS r (id, version)
JOIN ${schema}.history h ON h.process_id = r.id AND h.version = r.version`
}

/** Processes that run are left alone. Their rows are locked in order, as everywhere. Nothing of an ended one is on the board. */
export function destroyProcessesSql(schema: string): string {
  return `
WITH locked AS MATERIALIZED (
  SELECT p.id FROM ${schema}.process p
  WHERE p.id = ANY ($1::uuid[]) AND p.state NOT IN ('running', 'paused') ORDER BY p.id FOR UPDATE
),
ended AS (
  DELETE FROM ${schema}.process p WHERE p.id = ANY (ARRAY (SELECT id FROM locked)) RETURNING p.id
),
told AS (
  DELETE FROM ${schema}.history h WHERE h.process_id = ANY (ARRAY (SELECT id FROM ended))
)
SELECT id FROM ended`
}

/** The process that was started for a key within a day. A row whose process never came to be does not count. */
export function findOnceSql(schema: string): string {
  return `
SELECT o.process_id AS id, o.request_hash FROM ${schema}.started_once o
WHERE o.key = $1 AND o.at > now() - interval '1 day'
  AND EXISTS (SELECT FROM ${schema}.history h WHERE h.process_id = o.process_id AND h.version = 1)`
}

/** Of what is too old to count, and of what never counted. */
export function forgetOnceSql(schema: string): string {
  return `
DELETE FROM ${schema}.started_once o
WHERE o.key = $1 AND (o.at <= now() - interval '1 day'
  OR NOT EXISTS (SELECT FROM ${schema}.history h WHERE h.process_id = o.process_id AND h.version = 1))`
}

export function forgetOldOnceSql(schema: string): string {
  return `
DELETE FROM ${schema}.started_once WHERE key IN (
  SELECT key FROM ${schema}.started_once WHERE at <= now() - interval '1 day' LIMIT $1 FOR UPDATE SKIP LOCKED)`
}

export function findByKeySql(schema: string): string {
  return `
SELECT p.id FROM ${schema}.process p
WHERE p.definition = $1 AND p.key = $2 AND p.state IN ('running', 'paused')`
}

export function dueProcessesSql(schema: string): string {
  return `
SELECT p.id, ${microseconds('p.deadline')} AS due_at FROM ${schema}.process p
WHERE p.state = 'running' AND p.deadline <= now() AND (p.deadline, p.id) > (${momentOf('$2')}, $3::uuid)
ORDER BY p.deadline, p.id LIMIT $1`
}

export function dueProcessesValues(limit: number, after: DueProcess | undefined): unknown[] {
  return [limit, after?.dueAt ?? 0, after?.id ?? firstId]
}

export function endedProcessesSql(schema: string): string {
  return `
SELECT p.id, p.version FROM ${schema}.process p
WHERE p.ended_at IS NOT NULL AND p.ended_at < now() - $1::bigint * interval '1 millisecond'
ORDER BY p.ended_at LIMIT $2`
}

/** The event that a report with this claim has made, if it has. Reads the history of the process. */
export function findReportSql(schema: string): string {
  return `
SELECT ${eventColumns} FROM ${schema}.history h
WHERE h.process_id = $1 AND h.task = $2 AND h.attempt = $3 AND h.secret = $4 AND h.type <> 'report-refused' LIMIT 1`
}

/** Every event that knows of a claim. Reads the history of the process. */
export function findTracesSql(schema: string): string {
  const attempt = `jsonb_build_array(jsonb_build_object('attempt', $3::int, 'secret', $4::text))`
  return `
SELECT ${eventColumns} FROM ${schema}.history h
WHERE h.process_id = $1 AND (
  (h.task = $2::int AND ((h.attempt = $3 AND h.secret = $4) OR h.lapsed @> ${attempt}))
  OR h.unfinished @> jsonb_build_array(jsonb_build_object('task', $2::int, 'attempts', ${attempt})))
ORDER BY h.version`
}
