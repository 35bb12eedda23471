import type { HeldTask } from '@tunacorn/core'
import { arrays, ms } from './board-columns.js'
import { isLast } from './claim-tasks.js'

const heldTypes = ['uuid', 'int', 'int', 'text']

/**
 * Starts leases anew, within what the task allows; an attempt that is over is not extended. Rows that another has in
 * hand are passed over, because waiting for one row while holding others could close a circle with a commit; the
 * caller asks for those again, each alone (`wait`).
 */
export function extendClaimsSql(schema: string, wait: boolean): string {
  return `
WITH live AS MATERIALIZED (
  SELECT r.ordinal, t.place
  FROM unnest(${arrays(1, heldTypes)}) WITH ORDINALITY
    AS r (process_id, task, attempt, secret, ordinal)
  CROSS JOIN LATERAL (
    SELECT b.place FROM ${schema}.task_list b
    WHERE b.process_id = r.process_id AND b.task = r.task AND b.attempt = r.attempt AND b.secret = r.secret
      AND now() < b.claimed_at + b.timeout_ms ${ms}
    OFFSET 0 FOR UPDATE ${wait ? '' : 'SKIP LOCKED'}
  ) t
),
extended AS (
  UPDATE ${schema}.task_list t
  SET claimable_at = ${until},
    expires_at = CASE WHEN ${isLast('t.attempt', until)} THEN ${until} ELSE t.claimed_at + t.timeout_ms ${ms} END
  WHERE t.place = ANY (ARRAY (SELECT place FROM live))
  RETURNING t.place, t.claimable_at
)
SELECT live.ordinal, extended.claimable_at FROM live JOIN extended ON extended.place = live.place`
}

/** The lease anew: what is asked or what it was claimed for, within the silence and the time that are allowed. */
const until = `least(now() + least(coalesce($5::bigint, t.lease_ms), t.heartbeat_ms) ${ms},
    t.claimed_at + t.timeout_ms ${ms})`

/** Which of these claims are live, and their attempts not over, by their place in the list. */
export function liveClaimsSql(schema: string): string {
  return `
SELECT r.ordinal
FROM unnest(${arrays(1, heldTypes)}) WITH ORDINALITY
  AS r (process_id, task, attempt, secret, ordinal)
JOIN ${schema}.task_list t ON t.process_id = r.process_id AND t.task = r.task
 AND t.attempt = r.attempt AND t.secret = r.secret AND now() < t.claimed_at + t.timeout_ms ${ms}`
}

export function heldValues(held: readonly HeldTask[]): unknown[] {
  return [
    held.map(({ processId }) => processId),
    held.map(({ task }) => task),
    held.map(({ claim }) => claim.attempt),
    held.map(({ claim }) => claim.secret),
  ]
}

export function extendClaimsValues(held: readonly HeldTask[], leaseMs: number | undefined): unknown[] {
  return [...heldValues(held), leaseMs ?? null]
}
