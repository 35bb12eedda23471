import { eventColumns, processColumns } from '../rows.js'

// Looking at processes and their histories, and destroying them.

export function listProcessesSql(schema: string): string {
  return `
SELECT ${processColumns} FROM ${schema}.process p
WHERE ($1::text IS NULL OR p.state = $1)
  AND ($2::text IS NULL OR p.definition = $2)
  AND ($3::uuid IS NULL OR p.id < $3)
ORDER BY p.id DESC LIMIT $4`
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
FROM unnest($1::uuid[], $2::bigint[]) AS r (id, version)
JOIN ${schema}.history h ON h.process_id = r.id AND h.version = r.version`
}

/** Processes that run are left alone. Nothing of an ended one is on the board. */
export function destroyProcessesSql(schema: string): string {
  return `
WITH ended AS (
  DELETE FROM ${schema}.process p WHERE p.id = ANY ($1::uuid[]) AND p.state <> 'running' RETURNING p.id
),
told AS (
  DELETE FROM ${schema}.history h WHERE h.process_id IN (SELECT id FROM ended)
)
SELECT id FROM ended`
}
