import { boardColumns } from '../rows.js'

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
INSERT INTO ${schema}.task_list (process_id, task, name, definition, priority, scheduled_at, claimable_at, turn)
SELECT process_id, task, name, definition, priority, now(), claimable_at, claimable_at
FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::smallint[], $6::timestamptz[])
  AS s (process_id, task, name, definition, priority, claimable_at)
ON CONFLICT DO NOTHING`
}

/** One probe of the index for each name and priority: delayed tasks in front cost nothing. */
export function claimableNamesSql(schema: string): string {
  return `
SELECT wanted.name FROM unnest($1::text[]) AS wanted (name)
WHERE EXISTS (
  SELECT FROM ${schema}.task_list t
  WHERE t.name = wanted.name AND t.priority = ANY ('{0,1,2,3,4,5,6,7,8,9}') AND t.claimable_at <= now())`
}

export function anyClaimableSql(schema: string): string {
  return `
SELECT t.name FROM ${schema}.task_list t
WHERE t.attempt >= 0 AND t.priority = ANY ('{0,1,2,3,4,5,6,7,8,9}') AND t.claimable_at <= now() LIMIT 1`
}

export function leaveBoardSql(schema: string): string {
  return `
DELETE FROM ${schema}.task_list
WHERE process_id = $1 AND task = $2 AND attempt = $3 AND secret = $4 RETURNING task`
}

export function releaseTaskSql(schema: string): string {
  return `
UPDATE ${schema}.task_list
SET attempt = attempt - 1, worker = NULL, claimed_at = NULL, secret = NULL, lease_ms = NULL,
  claimable_at = turn
WHERE process_id = $1 AND task = $2 AND attempt = $3 AND secret = $4 RETURNING task`
}

export function cancelBoardSql(schema: string): string {
  return `DELETE FROM ${schema}.task_list WHERE process_id = $1 RETURNING task`
}
