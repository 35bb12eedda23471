import type { NewEvent, ProcessChange } from '@tunacorn/core'
import type { Row } from '../database.js'
import { holdsOwnKey } from './start-processes.js'
import { arrays, ms } from './board-columns.js'
import { enterBoardSql, enteringTaskColumns, enteringTaskTypes, enteringTaskValues } from './enter-board.js'

const changeTypes = [
  'uuid',
  'bigint',
  'bigint',
  'text',
  'int',
  'int',
  'int',
  'text',
  'bigint',
  'bool',
  'uuid',
]
const reportTypes = ['uuid', 'int', 'int', 'text', 'bool', 'bigint', 'text', 'text', 'text', 'bigint']
const otherTypes = ['uuid', 'bigint', 'text', 'int', 'int', 'text', 'text']
const enteringTypes = ['uuid', 'text', 'bool', 'bigint', 'timestamptz', ...enteringTaskTypes]

const reportsAt = 1 + changeTypes.length
const othersAt = reportsAt + reportTypes.length
const enteringAt = othersAt + otherTypes.length

// Of the few rows that wait for a retry; a join could be planned the other way round.
const retryIn = `(SELECT h.retry_in_ms FROM held h WHERE h.place = t.place)`

/** For the few events that end a process otherwise than that its last task is completed: what they say of that end. */
function ofEnd(event: string): string {
  const isEnd = `${event}.type IN ('task-failed', 'process-timed-out', 'process-cancelled')`
  return `
    CASE WHEN ${isEnd} THEN (SELECT u.tasks FROM unfinished u WHERE u.process_id = ${event}.process_id) END,
    CASE WHEN ${isEnd} THEN (SELECT c.failure_process FROM change c WHERE c.id = ${event}.process_id) END`
}

// As a lapsed attempt is kept on the board; its lease has perhaps not run out.
const attemptUnderWay = `jsonb_build_object(
    'attempt', t.attempt, 'worker', t.worker, 'claimedAt', t.claimed_at,
    'leaseExpiredAt', CASE WHEN t.claimable_at <= now() THEN t.claimable_at END, 'secret', t.secret)`

/**
 * Takes processes from one version to a later one, each all or nothing, in one statement.
 *
 * Its shape, from the top:
 * - `locked`: process rows first, in the order of their ids, so that two replicas never wait for each other in a
 *   circle. SKIP LOCKED: a row that another has in hand is not waited for. (The board is only locked after it.) A process
 *   that is retried needs its key as well, see `startProcessesSql`.
 * - `held`: the board rows of the tasks that are reported, locked, as they are now. A claim that is not live finds no
 *   row, nor does one whose time is said to be up and is not: a heartbeat was quicker.
 * - `ok`: the processes for which every row was found, counted in one pass: a join of these CTEs would be planned as
 *   a loop over a loop, which costs the square of the batch.
 * - `reported`: the board row knows who worked from when to when, and feeds the history.
 * - `gone` and `waiting`: the task has ended, or waits for its next attempt. By `place`, not by ctid: a heartbeat may
 *   have moved the row since the snapshot, and only a key follows it there. And not by a join, nor is `held`: on a board
 *   that was empty when it was last analyzed, the planner would read all of it for each batch. Hence the LATERAL with
 *   its OFFSET, which cannot be turned around.
 * - `cleared` and `paused`: what is seldom wanted is asked for first, by itself: so the board is not looked at without.
 * - `unfinished`: attempts on the board that end with their process, for the event that ends it. Read by such events only.
 */
export function commitChangesSql(schema: string, wait: boolean): string {
  return `
WITH change AS MATERIALIZED (
  SELECT * FROM unnest(${arrays(1, changeTypes)})
    AS c (id, expected, version, state, completed, failed, claims, clock, timeout_ms, is_due, failure_process)
),
locked AS MATERIALIZED (
  SELECT p.id FROM change c JOIN ${schema}.process p ON p.id = c.id AND p.version = c.expected
   AND (NOT c.is_due OR p.deadline <= now())
   AND CASE WHEN c.clock = 'anew' THEN ${holdsOwnKey('p')} ELSE true END
  ORDER BY p.id FOR UPDATE OF p ${wait ? '' : 'SKIP LOCKED'}
),
held AS MATERIALIZED (
  SELECT r.version, r.type, r.reason, r.payload, r.retry_in_ms, t.*
  FROM unnest(${arrays(reportsAt, reportTypes)})
    AS r (process_id, task, attempt, secret, is_due, version, type, reason, payload, retry_in_ms)
  CROSS JOIN LATERAL (
    SELECT b.place, b.process_id, b.task, b.attempt, b.secret, b.worker, b.scheduled_at, b.claimed_at, b.lapsed
    FROM ${schema}.task_list b
    WHERE b.process_id = r.process_id AND b.task = r.task AND b.attempt = r.attempt
      AND b.secret IS NOT DISTINCT FROM r.secret AND (NOT r.is_due OR b.expires_at <= now())
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
cleared AS (
  DELETE FROM ${schema}.task_list t
  WHERE EXISTS (SELECT FROM change WHERE state IN ('failed', 'cancelled'))
    AND t.process_id = ANY (ARRAY (
      SELECT id FROM change WHERE state IN ('failed', 'cancelled') AND id = ANY (ARRAY (SELECT id FROM ok))))
    AND NOT t.place = ANY (ARRAY (SELECT place FROM held WHERE retry_in_ms IS NULL))
  RETURNING t.process_id, t.place, t.task,
    coalesce(t.lapsed, '[]') || CASE WHEN t.worker IS NULL THEN '[]' ELSE ${attemptUnderWay} END AS attempts
),
unfinished AS MATERIALIZED (
  SELECT process_id, jsonb_agg(jsonb_build_object('task', task, 'attempts', attempts) ORDER BY task) AS tasks
  FROM cleared
  -- What is reported in this very commit has an event of its own.
  WHERE attempts <> '[]' AND NOT place = ANY (ARRAY (SELECT place FROM held))
  GROUP BY process_id
),
reported AS (
  INSERT INTO ${schema}.history (process_id, version, type, task, attempt, secret, worker, scheduled_at, claimed_at,
    at, lapsed, reason, retry_at, unfinished, failure_process, payload)
  SELECT process_id, version, type, task, attempt, secret, worker, scheduled_at, claimed_at,
    now(), lapsed, reason, now() + retry_in_ms ${ms}, ${ofEnd('held')}, payload::json
  FROM held WHERE process_id = ANY (ARRAY (SELECT id FROM ok))
),
gone AS (
  DELETE FROM ${schema}.task_list t
  WHERE t.place = ANY (ARRAY (SELECT place FROM held
    WHERE retry_in_ms IS NULL AND process_id = ANY (ARRAY (SELECT id FROM ok))))
),
waiting AS (
  UPDATE ${schema}.task_list t
  SET worker = NULL, secret = NULL, claimed_at = NULL, lease_ms = NULL, lapsed = NULL, scheduled_at = now(),
    claimable_at = now() + ${retryIn} ${ms},
    paused = t.process_id = ANY (ARRAY (SELECT id FROM change WHERE state = 'paused')),
    expires_at = least(
      now() + (${retryIn} + t.schedule_timeout_ms) ${ms}, t.first_claimed_at + t.within_ms ${ms})
  WHERE t.place = ANY (ARRAY (SELECT place FROM held
    WHERE retry_in_ms IS NOT NULL AND process_id = ANY (ARRAY (SELECT id FROM change
      WHERE state NOT IN ('failed', 'cancelled') AND id = ANY (ARRAY (SELECT id FROM ok))))))
),
told AS (
  INSERT INTO ${schema}.history (process_id, version, type, task, attempt, secret, at, unfinished, failure_process, payload)
  SELECT process_id, version, type, task, attempt, secret, now(), ${ofEnd('e')}, payload::json
  FROM unnest(${arrays(othersAt, otherTypes)}) AS e (process_id, version, type, task, attempt, secret, payload)
  WHERE process_id = ANY (ARRAY (SELECT id FROM ok))
),
paused AS (
  UPDATE ${schema}.task_list t
  SET paused = t.process_id = ANY (ARRAY (SELECT id FROM change WHERE clock = 'stops'))
  WHERE EXISTS (SELECT FROM change WHERE clock IN ('stops', 'goes-on'))
    AND t.process_id = ANY (ARRAY (SELECT id FROM change
      WHERE clock IN ('stops', 'goes-on') AND id = ANY (ARRAY (SELECT id FROM ok))))
    -- One statement changes a row once.
    AND NOT t.place = ANY (ARRAY (SELECT place FROM held))
),
entered AS (
  ${enterBoardSql(
    schema,
    `
    SELECT *, CASE WHEN delay_ms > 0 THEN now() + delay_ms ${ms} ELSE started_at END AS at
    FROM unnest(${arrays(enteringAt, enteringTypes)})
      AS e (process_id, definition, paused, delay_ms, started_at, ${enteringTaskColumns})
    WHERE process_id = ANY (ARRAY (SELECT id FROM ok))`,
  )}
),
moved_on AS (
  UPDATE ${schema}.process p
  SET version = c.version, state = c.state, completed = c.completed, failed = c.failed,
    ended_at = CASE WHEN c.state NOT IN ('running', 'paused') THEN now() END,
    deadline = CASE c.clock WHEN 'anew' THEN now() + c.timeout_ms ${ms}
      WHEN 'goes-on' THEN p.deadline + (now() - coalesce(p.paused_at, now())) ELSE p.deadline END,
    paused_at = CASE c.clock WHEN 'runs' THEN p.paused_at WHEN 'stops' THEN now() END,
    failure_process = coalesce(c.failure_process, p.failure_process)
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
    event.held === undefined ? [] : [{ change, event, version, held: event.held }],
  )
  const others = events.filter(({ event }) => event.held === undefined)
  const entering = changes.flatMap((change) => change.enter.map((task) => ({ change, task })))
  return [
    changes.map(({ id }) => id),
    changes.map(({ expectedVersion }) => expectedVersion),
    changes.map(({ expectedVersion, events: { length } }) => expectedVersion + length),
    changes.map(({ state }) => state),
    changes.map(({ completed }) => completed),
    changes.map(({ failed }) => failed),
    changes.map((change) => change.events.filter(isReport).length),
    changes.map(({ clock }) => clock),
    changes.map(({ timeoutMs }) => timeoutMs),
    changes.map(({ isDue }) => isDue),
    changes.map(({ failureProcess }) => failureProcess?.id ?? null),

    reports.map(({ change }) => change.id),
    reports.map(({ event }) => event.task),
    reports.map(({ held }) => held.attempt),
    reports.map(({ held }) => held.secret ?? null),
    reports.map(({ held }) => held.isDue),
    reports.map(({ version }) => version),
    reports.map(({ event }) => event.type),
    reports.map(({ event }) => event.reason ?? null),
    reports.map(({ event }) => event.payload?.text ?? null),
    reports.map(({ event }) => event.retryInMs ?? null),

    others.map(({ change }) => change.id),
    others.map(({ version }) => version),
    others.map(({ event }) => event.type),
    others.map(({ event }) => event.task ?? null),
    others.map(({ event }) => event.claim?.attempt ?? null),
    others.map(({ event }) => event.claim?.secret ?? null),
    others.map(({ event }) => event.payload?.text ?? null),

    entering.map(({ change }) => change.id),
    entering.map(({ change }) => change.definition),
    entering.map(({ change }) => change.state === 'paused'),
    entering.map(({ task }) => task.delayMs),
    entering.map(({ change }) => change.startedAt),
    ...enteringTaskValues(entering.map(({ task }) => task)),
  ]
}

function isReport({ held }: NewEvent): boolean {
  return held !== undefined
}

export interface CommitRow {
  readonly id: string
  readonly at: Date
  readonly committed: boolean
  /** When it was not committed: the tasks that were found as they were said to be. */
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
