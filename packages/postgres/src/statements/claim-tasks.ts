import type { ClaimRequest } from '@tunacorn/core'

/** How the tasks for a claim are found: by their names, within one process, or any. */
export type ClaimScope = 'names' | 'process' | 'any'

/**
 * Hands out tasks in one statement. The pick runs once, as an array of ctids: a re-executed sub-select could lock,
 * and hand out, more than the limit. A row that has moved since the snapshot is not found by its ctid and is simply
 * not handed out this time. For several names each name is read in its own index order and the best are taken; rows
 * of the others that were locked on the way are free again at the end of the statement.
 */
export function claimTasksSql(schema: string, scope: ClaimScope): string {
  return `
UPDATE ${schema}.task_list t
SET attempt = t.attempt + 1, worker = $1, claimed_at = now(), lease_ms = $2,
  claimable_at = now() + $2::bigint * interval '1 ms', secret = $3,
  lapsed = CASE WHEN t.worker IS NULL THEN t.lapsed ELSE coalesce(t.lapsed, '[]') || jsonb_build_object(
    'attempt', t.attempt, 'worker', t.worker, 'claimedAt', t.claimed_at, 'leaseExpiredAt', t.claimable_at) END
WHERE t.ctid = ANY (ARRAY (${picks[scope](schema)}))
RETURNING t.process_id, t.task, t.name, t.attempt, t.claimable_at`
}

const claimable = `c.claimable_at <= now() AND ($5::text IS NULL OR c.definition = $5)`

const picks: Record<ClaimScope, (schema: string) => string> = {
  names: (schema) => `
  SELECT best.place FROM unnest($6::text[]) AS wanted (name) CROSS JOIN LATERAL (
    SELECT c.ctid AS place, c.priority, c.claimable_at FROM ${schema}.task_list c
    WHERE c.name = wanted.name AND ${claimable}
    ORDER BY c.priority DESC, c.claimable_at LIMIT $4 FOR UPDATE SKIP LOCKED
  ) best ORDER BY best.priority DESC, best.claimable_at LIMIT $4`,
  process: (schema) => `
  SELECT c.ctid FROM ${schema}.task_list c
  WHERE c.process_id = $6 AND ($7::int IS NULL OR c.task = $7) AND ($8::text[] IS NULL OR c.name = ANY ($8))
    AND ${claimable}
  ORDER BY c.priority DESC, c.claimable_at LIMIT $4 FOR UPDATE SKIP LOCKED`,
  any: (schema) => `
  SELECT c.ctid FROM ${schema}.task_list c
  WHERE c.attempt >= 0 AND ${claimable}
  ORDER BY c.priority DESC, c.claimable_at LIMIT $4 FOR UPDATE SKIP LOCKED`,
}

export function claimScope({ processId, names }: ClaimRequest): ClaimScope {
  if (processId !== undefined) return 'process'
  return names === undefined ? 'any' : 'names'
}

export function claimTasksValues(request: ClaimRequest): unknown[] {
  const { worker, leaseMs, secret, max, definition, names, processId, task } = request
  const common = [worker, leaseMs, secret, max, definition ?? null]
  switch (claimScope(request)) {
    case 'names':
      return [...common, names]
    case 'process':
      return [...common, processId, task ?? null, names ?? null]
    case 'any':
      return common
  }
}
