import type { ProcessChange } from '@tunacorn/core'
import { arrays, ms } from './board-columns.js'
import { claimedColumns, claimedRows, claimTasksSteps, type ClaimScope } from './claim-tasks.js'
import { enterBoardSql, enteringTaskColumns, enteringTaskTypes, enteringTaskValues } from './enter-board.js'

const changeTypes = ['uuid', 'bigint', 'bigint', 'int', 'bool']
const reportTypes = ['uuid', 'int', 'int', 'text', 'bigint', 'text']
const enteringTypes = ['uuid', 'text', 'bigint', 'timestamptz', ...enteringTaskTypes]
const reportsAt = 1 + changeTypes.length
const secretsAt = reportsAt + 3
const enteringAt = reportsAt + reportTypes.length
const claimAt = enteringAt + enteringTypes.length

/**
 * The commit of what happens most: tasks are completed, others come onto the board, and some processes end with it. It
 * does what `commitChangesSql` would do, in the same order of locks, but for all its processes or for none: what has to be
 * told apart there, row by row, is counted here, once. Where a process has moved or a claim is not live, nothing is
 * done, and the other statement finds out which.
 *
 * With a scope it also hands out tasks, whether or not it commits: who brings results mostly wants more, and one
 * transaction is cheaper than two. It sees the board as it was before. Nothing is picked before all that may be waited
 * for is locked: who has picked waits for nobody. A task that is reported though its lease is over may be picked as well,
 * since what is locked by the same transaction is not skipped: it is not given away, also when nothing is committed.
 */
export function commitCompletionsSql(schema: string, claims?: ClaimScope): string {
  const except = `(t.secret = ANY ($${secretsAt}::text[])) IS TRUE`
  const along = { from: claimAt, after: 'held', except }
  const steps = claims === undefined ? '' : `,\n${claimTasksSteps(schema, claims, along)}`
  const all = `(SELECT count(*) FROM held) = cardinality($${reportsAt})`
  return `
WITH locked AS MATERIALIZED (
  SELECT p.id, c.version, c.completed, c.ends
  FROM unnest(${arrays(1, changeTypes)}) AS c (id, expected, version, completed, ends)
  JOIN ${schema}.process p ON p.id = c.id AND p.version = c.expected
  ORDER BY p.id FOR UPDATE OF p SKIP LOCKED
),
held AS MATERIALIZED (
  SELECT r.version, r.payload, t.*
  FROM unnest(${arrays(reportsAt, reportTypes)}) AS r (process_id, task, attempt, secret, version, payload)
  CROSS JOIN LATERAL (
    SELECT b.place, b.process_id, b.task, b.attempt, b.secret, b.worker, b.scheduled_at, b.claimed_at, b.lapsed
    FROM ${schema}.task_list b
    WHERE b.process_id = r.process_id AND b.task = r.task AND b.attempt = r.attempt AND b.secret = r.secret
    OFFSET 0 FOR UPDATE
  ) t
  WHERE (SELECT count(*) FROM locked) = cardinality($1)
),
reported AS (
  INSERT INTO ${schema}.history (process_id, version, type, task, attempt, secret, worker, scheduled_at, claimed_at,
    at, lapsed, payload)
  SELECT process_id, version, 'task-completed', task, attempt, secret, worker, scheduled_at, claimed_at,
    now(), lapsed, payload::json
  FROM held WHERE ${all}
),
gone AS (
  DELETE FROM ${schema}.task_list t WHERE t.place = ANY (ARRAY (SELECT place FROM held)) AND ${all}
),
entered AS (
  ${enterBoardSql(
    schema,
    `
    SELECT *, false AS paused, CASE WHEN delay_ms > 0 THEN now() + delay_ms ${ms} ELSE started_at END AS at
    FROM unnest(${arrays(enteringAt, enteringTypes)})
      AS e (process_id, definition, delay_ms, started_at, ${enteringTaskColumns})
    WHERE ${all}`,
  )}
),
moved_on AS (
  UPDATE ${schema}.process p
  SET version = l.version, completed = l.completed,
    state = CASE WHEN l.ends THEN 'completed' ELSE 'running' END, ended_at = CASE WHEN l.ends THEN now() END
  FROM locked l WHERE p.id = l.id AND ${all}
)${steps}
SELECT now() AS at, ${all} AS committed${claims === undefined ? '' : `, ${claimedColumns} ${claimedRows}`}`
}

/** Whether a change is nothing but that. */
export function isCompletion({
  started,
  failureProcess,
  state,
  clock,
  isDue,
  events,
}: ProcessChange): boolean {
  const isRunning = started === undefined && failureProcess === undefined && clock === 'runs' && !isDue
  const goesOn = state === 'running' || state === 'completed'
  return (
    isRunning &&
    goesOn &&
    events.every(({ type, held }) => type === 'task-completed' && held?.isDue === false)
  )
}

export function commitCompletionsValues(changes: readonly ProcessChange[]): unknown[] {
  const reports = changes.flatMap((change) =>
    change.events.map((event, index) => ({ change, event, version: change.expectedVersion + index + 1 })),
  )
  const entering = changes.flatMap((change) => change.enter.map((task) => ({ change, task })))
  return [
    changes.map(({ id }) => id),
    changes.map(({ expectedVersion }) => expectedVersion),
    changes.map(({ expectedVersion, events: { length } }) => expectedVersion + length),
    changes.map(({ completed }) => completed),
    changes.map(({ state }) => state === 'completed'),
    reports.map(({ change }) => change.id),
    reports.map(({ event }) => event.task),
    reports.map(({ event }) => event.held?.attempt),
    reports.map(({ event }) => event.held?.secret),
    reports.map(({ version }) => version),
    reports.map(({ event }) => event.payload?.text ?? null),
    entering.map(({ change }) => change.id),
    entering.map(({ change }) => change.definition),
    entering.map(({ task }) => task.delayMs),
    entering.map(({ change }) => change.startedAt),
    ...enteringTaskValues(entering.map(({ task }) => task)),
  ]
}
