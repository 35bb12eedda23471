import type { NewProcess, ProcessChange } from '@tunacorn/core'
import { arrays, each, ms } from './board-columns.js'
import { enterBoardSql, enteringTaskColumns, enteringTaskTypes, enteringTaskValues } from './enter-board.js'

const processTypes = [
  'uuid',
  'text',
  'int',
  'bool',
  'int',
  'smallint',
  'text',
  'text',
  'bigint',
  'uuid',
  'text',
  'text',
  'text',
]
const enteringTypes = ['uuid', 'text', 'bigint', ...enteringTaskTypes]

/**
 * Stores new processes: record, first event and what is active at once, each all or nothing. What was not inserted is
 * not in the answer.
 *
 * - `standing` holds the definitions they come from, so that none is removed under them, and none that was chosen for
 *   being the default is any other by now.
 * - `remembered` makes a start that may be sent again happen once: of several with the same key, one gets the row.
 * - A process whose own key is taken by a live one is not inserted either: the index by key says so.
 * - `holds_keys`: an index makes who inserts a key wait for whoever has inserted it and not committed, be it a host in a
 *   transaction of its own that takes its time, and everything else in this batch with it. So keys are locked first, and
 *   who does not get one is told.
 * - Keys go in in their order, those to be remembered first.
 */
export function startProcessesSql(schema: string): string {
  return `
WITH standing AS MATERIALIZED (
  SELECT d.name, d.version,
    d.turn = (SELECT max(turn) FROM ${schema}.definition x WHERE x.name = d.name) AS is_default
  FROM ${schema}.definition d
  WHERE (d.name, d.version) IN (SELECT * FROM unnest(${arrays(2, ['text', 'int'])}))
  FOR KEY SHARE OF d
),
asked AS MATERIALIZED (
  SELECT n.*, ${holdsKey('n.once_key')} AND ${holdsOwnKey('n')} AS holds_keys
  FROM unnest(${arrays(1, processTypes)}) AS n (id, definition, version, as_default, total, priority,
    input, key, timeout_ms, failure_of, once_key, request_hash, traceparent)
  WHERE EXISTS (
    SELECT FROM standing s
    WHERE s.name = n.definition AND s.version = n.version AND (s.is_default OR NOT n.as_default))
  AND (n.key IS NULL OR NOT EXISTS (
    SELECT FROM ${schema}.process p
    WHERE p.definition = n.definition AND p.key = n.key AND p.state IN ('running', 'paused') ${each}))
),
remembered AS (
  INSERT INTO ${schema}.started_once (key, request_hash, process_id)
  SELECT once_key, request_hash, id FROM asked
  WHERE holds_keys AND once_key IS NOT NULL ORDER BY once_key, id
  ON CONFLICT (key) DO NOTHING
  RETURNING process_id
),
started AS (
  INSERT INTO ${schema}.process (id, definition, definition_version, state, version, total, completed, failed,
    priority, input, key, started_at, deadline, failure_of, traceparent)
  SELECT id, definition, version, 'running', 1, total, 0, 0,
    priority, input::json, key, now(), now() + timeout_ms ${ms}, failure_of, traceparent
  FROM asked WHERE holds_keys AND (once_key IS NULL OR id IN (SELECT process_id FROM remembered))
  ORDER BY definition, key, id
  ON CONFLICT DO NOTHING
  RETURNING id
),
told AS (
  INSERT INTO ${schema}.history (process_id, version, type, at)
  SELECT id, 1, 'process-started', now() FROM started
),
entered AS (
  ${enterBoardSql(
    schema,
    `
    SELECT *, false AS paused, now() + delay_ms ${ms} AS at
    FROM unnest(${arrays(1 + processTypes.length, enteringTypes)})
      AS e (process_id, definition, delay_ms, ${enteringTaskColumns})
    WHERE process_id IN (SELECT id FROM started)`,
  )}
)
SELECT id, now() AS at, true AS is_started FROM started
UNION ALL SELECT id, now(), false FROM asked WHERE NOT holds_keys`
}

/** For the end of the transaction, so it holds behind a pooler too. Two keys that look alike to it lose nothing. */
function holdsKey(key: string): string {
  return `(${key} IS NULL OR pg_try_advisory_xact_lock(hashtextextended(${key}, 8266230417)))`
}

/** The same for the key of its own that a row has, or has not. */
export function holdsOwnKey(row: string): string {
  return holdsKey(`${row}.definition || E'\\n' || ${row}.key`)
}

/** All transactions together may hold some thousands of locks. */
const maxKeyed = 50

/** Starts as they go together: with keys not so many, since each takes a lock or two. */
export function inStatements(starts: readonly Start[]): Start[][] {
  const isKeyed = ({ started: { key, once } }: Start) => key !== undefined || once !== undefined
  const plain = starts.filter((start) => !isKeyed(start))
  const keyed = starts.filter(isKeyed)
  const some = Array.from({ length: Math.ceil(keyed.length / maxKeyed) }, (_, place) =>
    keyed.slice(place * maxKeyed, (place + 1) * maxKeyed),
  )
  return plain.length === 0 ? some : [plain, ...some]
}

/** A change that starts its process. */
export type Start = ProcessChange & { readonly started: NewProcess }

export function isStart(change: ProcessChange): change is Start {
  return change.started !== undefined
}

export function startProcessesValues(starts: readonly Start[]): unknown[] {
  const entering = starts.flatMap((start) => start.enter.map((task) => ({ start, task })))
  return [
    starts.map(({ id }) => id),
    starts.map(({ definition }) => definition),
    starts.map(({ started }) => started.definitionVersion),
    starts.map(({ started }) => started.isDefaultVersion),
    starts.map(({ started }) => started.total),
    starts.map(({ started }) => started.priority),
    starts.map(({ started }) => started.input?.text ?? null),
    starts.map(({ started }) => started.key ?? null),
    starts.map(({ timeoutMs }) => timeoutMs),
    starts.map(({ started }) => started.failureOf ?? null),
    starts.map(({ started }) => started.once?.key ?? null),
    starts.map(({ started }) => started.once?.requestHash ?? null),
    starts.map(({ started }) => started.traceparent ?? null),
    entering.map(({ start }) => start.id),
    entering.map(({ start }) => start.definition),
    entering.map(({ task }) => task.delayMs),
    ...enteringTaskValues(entering.map(({ task }) => task)),
  ]
}
