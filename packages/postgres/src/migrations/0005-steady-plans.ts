/**
 * - `pick_named` and `pick_any` find the tasks for a claim, and lock them. They are functions so that they can be planned
 *   with settings of their own. What the planner expects of a board depends on what that was like when it was looked at
 *   last, if it ever was; expecting few tasks that can be claimed, it reads and sorts all of them, for each claim. With
 *   sorting discouraged, it reads in the order of an index and stops when there are enough. (That makes the plan look
 *   dear, for which PostgreSQL would compile it.)
 * - Most processes end completed, and are found by their ids: an entry by state for each of them was a tenth of a commit.
 */
export function steadyPlans(schema: string): string {
  const settings = `LANGUAGE plpgsql SET enable_sort = off SET jit = off SET plan_cache_mode = force_generic_plan`
  const claimable = `NOT c.paused AND c.claimable_at <= now() AND c.attempt < c.max_attempts
      AND (now() <= c.first_claimed_at + c.within_ms * interval '1 millisecond') IS NOT FALSE
      AND (c.worker IS NULL
        OR greatest(c.claimed_at, now() - least(c.lease_ms, c.timeout_ms) * interval '1 millisecond') >= calm_since)
      AND (of_definition IS NULL OR c.definition = of_definition)`
  const inTurn = `ORDER BY c.priority DESC, c.claimable_at LIMIT wanted FOR UPDATE SKIP LOCKED`
  return `
CREATE FUNCTION ${schema}.pick_named(names text[], of_definition text, wanted integer, calm_since timestamptz)
RETURNS tid[] ${settings} AS $tunacorn$
BEGIN
  RETURN ARRAY (
    SELECT best.place FROM unnest(names) AS named (name) CROSS JOIN LATERAL (
      SELECT c.ctid AS place, c.priority, c.claimable_at FROM ${schema}.task_list c
      WHERE c.name = named.name AND ${claimable}
      ${inTurn}
    ) best ORDER BY best.priority DESC, best.claimable_at LIMIT wanted);
END $tunacorn$;
CREATE FUNCTION ${schema}.pick_any(of_definition text, wanted integer, calm_since timestamptz)
RETURNS tid[] ${settings} AS $tunacorn$
BEGIN
  RETURN ARRAY (
    SELECT c.ctid FROM ${schema}.task_list c WHERE c.attempt >= 0 AND ${claimable}
    ${inTurn});
END $tunacorn$;
-- In this order, processes can be read until the last moment.
CREATE INDEX process_by_other_state ON ${schema}.process (state, id) WHERE state <> 'completed';
DROP INDEX ${schema}.process_by_state;
ALTER INDEX ${schema}.process_by_other_state RENAME TO process_by_state;
`
}
