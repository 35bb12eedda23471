import type { ProcessChange } from '@tunacorn/core'
import type { Row } from '../database.js'

/**
 * Takes processes from one version to a later one, each all or nothing, in one statement.
 *
 * Its shape, from the top:
 * - `locked`: process rows first, in the order of their ids, so that two replicas never wait for each other in a
 *   circle. SKIP LOCKED: a row that another has in hand is not waited for. (The board is only locked after it.)
 * - `held`: the board rows of the claims that are reported, locked. A claim that is not live finds no row.
 * - `ok`: the processes for which every claim was found, counted in one pass: a join of these CTEs would be
 *   planned as a loop over a loop, which costs the square of the batch.
 * - `gone`: by `place`, not by ctid: a heartbeat may have moved the row since the snapshot, and only a key follows it
 *   there. And not by a join, nor is `held`: on a board that was empty when it was last analyzed, the planner would read
 *   all of it for each batch. Hence the LATERAL with its OFFSET, which cannot be turned around.
 * - `reported`: the board row knows who worked from when to when, and feeds the history.
 * - `cleared`: whether any process ends badly is asked first, by itself: so the board is not looked at without.
 */
export function commitChangesSql(schema: string, wait: boolean): string {
  return `
WITH change AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::int[], $7::int[])
    AS c (id, expected, version, state, completed, failed, claims)
),
locked AS MATERIALIZED (
  SELECT p.id FROM change c JOIN ${schema}.process p ON p.id = c.id AND p.version = c.expected
  ORDER BY p.id FOR UPDATE OF p ${wait ? '' : 'SKIP LOCKED'}
),
held AS MATERIALIZED (
  SELECT r.version, r.type, r.payload, t.*
  FROM unnest($8::uuid[], $9::int[], $10::int[], $11::text[], $12::bigint[], $13::text[], $14::text[])
    AS r (process_id, task, attempt, secret, version, type, payload)
  CROSS JOIN LATERAL (
    SELECT * FROM ${schema}.task_list b
    WHERE b.process_id = r.process_id AND b.task = r.task AND b.attempt = r.attempt AND b.secret = r.secret
    OFFSET 0 FOR UPDATE
  ) t
  WHERE r.process_id = ANY (ARRAY (SELECT id FROM locked))
),
ok AS MATERIALIZED (
  SELECT id FROM (
    SELECT id, claims AS missing, 0 AS is_locked FROM change
    UNION ALL SELECT process_id, -1, 0 FROM held
    UNION ALL SELECT id, 0, 1 FROM locked
  ) AS counted
  GROUP BY id HAVING sum(missing) = 0 AND sum(is_locked) = 1
),
gone AS (
  DELETE FROM ${schema}.task_list t
  WHERE t.place = ANY (ARRAY (SELECT place FROM held WHERE process_id = ANY (ARRAY (SELECT id FROM ok))))
),
reported AS (
  INSERT INTO ${schema}.history
    (process_id, version, type, task, attempt, secret, worker, scheduled_at, claimed_at, at, lapsed, payload)
  SELECT process_id, version, type, task, attempt, secret, worker, scheduled_at, claimed_at, now(), lapsed,
    payload::json
  FROM held WHERE process_id = ANY (ARRAY (SELECT id FROM ok))
),
told AS (
  INSERT INTO ${schema}.history (process_id, version, type, task, at, payload)
  SELECT process_id, version, type, task, now(), payload::json
  FROM unnest($15::uuid[], $16::bigint[], $17::text[], $18::int[], $19::text[])
    AS e (process_id, version, type, task, payload)
  WHERE process_id = ANY (ARRAY (SELECT id FROM ok))
),
cleared AS (
  DELETE FROM ${schema}.task_list t
  WHERE EXISTS (SELECT FROM change WHERE state IN ('failed', 'cancelled'))
    AND t.process_id = ANY (ARRAY (
      SELECT id FROM change WHERE state IN ('failed', 'cancelled') AND id = ANY (ARRAY (SELECT id FROM ok))))
    AND NOT t.place = ANY (ARRAY (SELECT place FROM held))
),
entered AS (
  INSERT INTO ${schema}.task_list (process_id, task, name, definition, priority, scheduled_at, claimable_at, turn)
  SELECT process_id, task, name, definition, priority, now(), claimable_at, claimable_at
  FROM unnest($20::uuid[], $21::int[], $22::text[], $23::text[], $24::smallint[], $25::timestamptz[])
    AS e (process_id, task, name, definition, priority, claimable_at)
  WHERE process_id = ANY (ARRAY (SELECT id FROM ok))
),
moved_on AS (
  UPDATE ${schema}.process p
  SET version = c.version, state = c.state, completed = c.completed, failed = c.failed,
    ended_at = CASE WHEN c.state <> 'running' THEN now() END
  FROM change c WHERE p.id = c.id AND c.id = ANY (ARRAY (SELECT id FROM ok))
)
SELECT id, now() AS at, id = ANY (ARRAY (SELECT id FROM ok)) AS committed,
  CASE WHEN NOT id = ANY (ARRAY (SELECT id FROM ok))
    THEN ARRAY (SELECT task FROM held WHERE process_id = id) END AS held
FROM locked`
}

export function commitChangesValues(changes: readonly ProcessChange[]): unknown[] {
  const events = changes.flatMap((change) =>
    change.events.map((event, index) => ({ change, event, version: change.expectedVersion + index + 1 })),
  )
  const reports = events.flatMap(({ change, event, version }) =>
    event.claim === undefined ? [] : [{ change, event, version, claim: event.claim }],
  )
  const others = events.filter(({ event }) => event.claim === undefined)
  const entering = changes.flatMap((change) => change.enter.map((task) => ({ change, task })))
  return [
    changes.map(({ id }) => id),
    changes.map(({ expectedVersion }) => expectedVersion),
    changes.map(({ expectedVersion, events: { length } }) => expectedVersion + length),
    changes.map(({ state }) => state),
    changes.map(({ completed }) => completed),
    changes.map(({ failed }) => failed),
    changes.map((change) => change.events.filter(({ claim }) => claim !== undefined).length),
    reports.map(({ change }) => change.id),
    reports.map(({ event }) => event.task),
    reports.map(({ claim }) => claim.attempt),
    reports.map(({ claim }) => claim.secret),
    reports.map(({ version }) => version),
    reports.map(({ event }) => event.type),
    reports.map(({ event }) => event.payload?.text ?? null),
    others.map(({ change }) => change.id),
    others.map(({ version }) => version),
    others.map(({ event }) => event.type),
    others.map(({ event }) => event.task ?? null),
    others.map(({ event }) => event.payload?.text ?? null),
    entering.map(({ change }) => change.id),
    entering.map(({ task }) => task.task),
    entering.map(({ task }) => task.name),
    entering.map(({ change }) => change.definition),
    entering.map(({ change }) => change.priority),
    entering.map(({ change }) => change.startedAt),
  ]
}

export interface CommitRow {
  readonly id: string
  readonly at: Date
  readonly committed: boolean
  /** When it was not committed: the tasks whose claims are live. */
  readonly held: readonly number[]
}

export function commitRow(row: Row): CommitRow {
  return {
    id: row['id'] as string,
    at: row['at'] as Date,
    committed: row['committed'] as boolean,
    held: (row['held'] as number[] | null) ?? [],
  }
}
