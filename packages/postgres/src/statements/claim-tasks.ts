import { awayAfterMs, type ClaimCriteria, type ClaimDemand } from '@tunacorn/core'
import { each, ms, unseen } from './board-columns.js'

/** How the tasks for a claim are found: by their names, within one process, the one that is meant, or any. */
export type ClaimScope = 'names' | 'process' | 'task' | 'any'

/**
 * Hands out tasks in one statement, to all who want such ones. The pick runs once, as an array of ctids: a re-executed
 * sub-select could lock, and hand out, more than the limit. A row that has come or moved since the snapshot is not found
 * by its ctid and is simply not handed out this time. For several names each name is read in its own index order and the
 * best are taken; rows of the others that were locked on the way are free again at the end of the statement. How the board
 * is read for claims by name and for any is in its migration (`steadyPlans`), with the reason.
 *
 * Each demand gets the next so many of what was picked. The first row of the answer says how many that were.
 *
 * The lease is what was asked, but not beyond the silence that the task allows nor the end of the attempt. An attempt
 * that no other may follow is judged when its lease is over; else at its own end, should nobody have taken it over.
 */
export function claimTasksSql(schema: string, scope: ClaimScope): string {
  return `
WITH ${claimTasksSteps(schema, scope)}
SELECT ${claimedColumns} ${claimedRows}`
}

/** What a statement answers that has these steps: one row at least, which says how many were picked. */
export const claimedColumns = `(SELECT cardinality(places) FROM picked) AS picked, given.*`
export const claimedRows = `FROM (VALUES (1)) AS once LEFT JOIN given ON true`

/**
 * The steps of a statement that hands out tasks, beside others perhaps.
 * @param options.from the number of the first parameter
 * @param options.after a step that is to be done before anything is picked
 * @param options.except a condition for tasks `t` that are not handed out though they were picked
 */
export function claimTasksSteps(
  schema: string,
  scope: ClaimScope,
  options: { readonly from?: number; readonly after?: string; readonly except?: string } = {},
): string {
  const { from = 1, after, except = 'false' } = options
  const at = (place: number) => from + place - 1
  const order = after === undefined ? '' : ` WHERE (SELECT count(*) FROM ${after}) >= 0`
  const demand = demandOf('t.ctid', `$${at(6)}`)
  const leaseMs = `($${at(2)}::bigint[])[${demand}]`
  const lease = `least(${leaseMs}, t.heartbeat_ms, t.timeout_ms)`
  return `picked AS MATERIALIZED (SELECT ${picks[scope](schema, at)} AS places${order}),
given AS (
UPDATE ${schema}.task_list t
SET attempt = t.attempt + 1, claimed_at = now(), first_claimed_at = coalesce(t.first_claimed_at, now()),
  worker = ($${at(1)}::text[])[${demand}], secret = ($${at(3)}::text[])[${demand}],
  lease_ms = least(${leaseMs}, t.heartbeat_ms), claimable_at = now() + ${lease} ${ms},
  expires_at = now() + (CASE WHEN ${isLast('t.attempt + 1', `now() + ${lease} ${ms}`)} THEN ${lease}
    ELSE t.timeout_ms END) ${ms},
  lapsed = CASE WHEN t.worker IS NULL THEN t.lapsed ELSE coalesce(t.lapsed, '[]') || (jsonb_build_object(
    'attempt', t.attempt, 'worker', t.worker, 'claimedAt', t.claimed_at, 'leaseExpiredAt', t.claimable_at,
    'secret', t.secret) || CASE WHEN t.claimable_at < t.claimed_at + t.timeout_ms ${ms} THEN '{}'::jsonb
      ELSE '{"timedOut": true}' END) END
WHERE t.ctid = ANY ((SELECT places FROM picked)::tid[]) AND NOT ${except}
RETURNING t.process_id, t.task, t.name, t.attempt, t.secret, t.claimable_at, least(t.lease_ms, t.timeout_ms) AS lease_ms,
  CASE WHEN (t.lapsed -> -1 ->> 'attempt')::int = t.attempt - 1
    THEN CASE WHEN ${wasHeld(schema)} THEN t.lapsed -> -1 ->> 'worker' END END AS taken_from
)`
}

/**
 * Whether somebody held it until now, and has not given it back since the lapse that is on record: as the row was before
 * this statement. Asked only of tasks with a lapse behind them.
 */
function wasHeld(schema: string): string {
  return `EXISTS (SELECT FROM ${schema}.task_list o
    WHERE o.process_id = t.process_id AND o.task = t.task AND o.worker IS NOT NULL ${each})`
}

/** Which demand a picked row is for: the last of those whose share begins at its place in the pick, or before it. */
function demandOf(row: string, firsts: string): string {
  return `CASE WHEN cardinality(${firsts}::int[]) = 1 THEN 1
    ELSE width_bucket(array_position((SELECT places FROM picked), ${row}), ${firsts}) END`
}

/** Whether no attempt may follow this one, should its lease end then. */
export function isLast(attempt: string, leaseEnd: string): string {
  return `(${attempt} >= t.max_attempts
    OR ${leaseEnd} >= coalesce(t.first_claimed_at, now()) + t.within_ms ${ms})`
}

/**
 * Whether a worker who was cut off by an outage has had time to come back: since then its lease has passed once more, or
 * the time of its attempt. Who has claimed since was not cut off. While nobody keeps time any more, nobody can tell.
 *
 * The pulse is asked for by itself: asked for each row, it made the plan look so dear that PostgreSQL compiled it, which
 * took ten times as long as the claim.
 */
export function isCalm(schema: string, row: string): string {
  return `(greatest(${row}.claimed_at, now() - least(${row}.lease_ms, ${row}.timeout_ms) ${ms}) >= ${calmSince(schema)})`
}

function calmSince(schema: string): string {
  return `coalesce((SELECT CASE WHEN p.beat_at > now() - ${awayAfterMs} ${ms} THEN p.calm_since ELSE 'infinity' END
    FROM ${schema}.pulse p), '-infinity')`
}

/**
 * Whether this row can be handed out now: it has an attempt left that may still begin, and nobody holds it. The functions
 * of `steadyPlans` say the same: whoever changes it here changes them by a migration.
 */
export function isClaimable(schema: string, row: string): string {
  return `NOT ${row}.paused AND ${row}.claimable_at <= now() AND ${row}.attempt < ${row}.max_attempts
    AND (now() <= ${row}.first_claimed_at + ${row}.within_ms ${ms}) IS NOT FALSE
    AND (${row}.worker IS NULL OR ${isCalm(schema, row)})`
}

/** @param at the number of a parameter, by its place among those of the claim */
type Pick = (schema: string, at: (place: number) => number) => string

const picks: Record<ClaimScope, Pick> = {
  names: (schema, at) =>
    `${schema}.pick_named($${at(7)}::text[], $${at(5)}::text, $${at(4)}::int, ${calmSince(schema)})`,
  any: (schema, at) => `${schema}.pick_any($${at(5)}::text, $${at(4)}::int, ${calmSince(schema)})`,
  process: (schema, at) => `ARRAY (
  SELECT c.ctid FROM ${schema}.task_list c
  WHERE c.process_id = $${at(7)} AND ($${at(8)}::text[] IS NULL OR c.name = ANY ($${at(8)}))
    AND ${isClaimable(schema, 'c')} AND ($${at(5)}::text IS NULL OR c.definition = $${at(5)})
  ORDER BY c.priority DESC, c.claimable_at LIMIT ${unseen(at(4), 'int')} FOR UPDATE SKIP LOCKED)`,
  task: (schema, at) => `ARRAY (
  SELECT c.ctid FROM ${schema}.task_list c
  WHERE c.process_id = $${at(7)} AND c.task = $${at(8)}
    AND ${isClaimable(schema, 'c')} AND ($${at(5)}::text IS NULL OR c.definition = $${at(5)})
  LIMIT ${unseen(at(4), 'int')} FOR UPDATE SKIP LOCKED)`,
}

export function claimScope({ processId, task, names }: ClaimCriteria): ClaimScope {
  if (task !== undefined) return 'task'
  if (processId !== undefined) return 'process'
  return names === undefined ? 'any' : 'names'
}

export function claimTasksValues(criteria: ClaimCriteria, demands: readonly ClaimDemand[]): unknown[] {
  const { definition, names, processId, task } = criteria
  const firsts: number[] = []
  let wanted = 0
  for (const { max } of demands) {
    firsts.push(wanted + 1)
    wanted += max
  }
  const common = [
    demands.map(({ worker }) => worker),
    demands.map(({ leaseMs }) => leaseMs),
    demands.map(({ secret }) => secret),
    wanted,
    definition ?? null,
    firsts,
  ]
  switch (claimScope(criteria)) {
    case 'names':
      return [...common, names]
    case 'process':
      return [...common, processId, names ?? null]
    case 'task':
      return [...common, processId, task]
    case 'any':
      return common
  }
}
