import type { ProcessChange } from '@tunacorn/core'

/**
 * Stores new processes: record, first event and what is active at once, each all or nothing. `standing` holds the
 * definitions they come from, so that none is removed under them, and none that was chosen for being the default is
 * any other by now. What was not inserted is not in the answer.
 */
export function startProcessesSql(schema: string): string {
  return `
WITH standing AS MATERIALIZED (
  SELECT d.name, d.version, d.turn = (SELECT max(turn) FROM ${schema}.definition x WHERE x.name = d.name) AS is_default
  FROM ${schema}.definition d
  WHERE (d.name, d.version) IN (SELECT * FROM unnest($2::text[], $3::int[]))
  FOR KEY SHARE OF d
),
started AS (
  INSERT INTO ${schema}.process
    (id, definition, definition_version, state, version, total, completed, failed, priority, input, started_at)
  SELECT n.id, n.definition, n.version, 'running', 1, n.total, 0, 0, n.priority, n.input::json, now()
  FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bool[], $5::int[], $6::smallint[], $7::text[])
    AS n (id, definition, version, as_default, total, priority, input)
  WHERE EXISTS (
    SELECT FROM standing s
    WHERE s.name = n.definition AND s.version = n.version AND (s.is_default OR NOT n.as_default))
  ON CONFLICT (id) DO NOTHING
  RETURNING id
),
told AS (
  INSERT INTO ${schema}.history (process_id, version, type, at)
  SELECT id, 1, 'process-started', now() FROM started
),
entered AS (
  INSERT INTO ${schema}.task_list (process_id, task, name, definition, priority, scheduled_at, claimable_at, turn)
  SELECT process_id, task, name, definition, priority, now(), now(), now()
  FROM unnest($8::uuid[], $9::int[], $10::text[], $11::text[], $12::smallint[])
    AS e (process_id, task, name, definition, priority)
  WHERE process_id IN (SELECT id FROM started)
)
SELECT id, now() AS at FROM started`
}

export function startProcessesValues(changes: readonly ProcessChange[]): unknown[] {
  const entering = changes.flatMap((change) => change.enter.map((task) => ({ change, task })))
  return [
    changes.map(({ id }) => id),
    changes.map(({ definition }) => definition),
    changes.map(({ started }) => started?.definitionVersion),
    changes.map(({ started }) => started?.isDefaultVersion),
    changes.map(({ started }) => started?.total),
    changes.map(({ priority }) => priority),
    changes.map(({ started }) => started?.input?.text ?? null),
    entering.map(({ change }) => change.id),
    entering.map(({ task }) => task.task),
    entering.map(({ task }) => task.name),
    entering.map(({ change }) => change.definition),
    entering.map(({ change }) => change.priority),
  ]
}
