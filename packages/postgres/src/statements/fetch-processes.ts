import type { EventBones, FetchedProcess } from '@tunacorn/core'
import type { Row } from '../database.js'
import { processColumns, processRecord } from '../rows.js'
import { arrays } from './board-columns.js'

/**
 * Processes, each with the bones of its events after a version, gathered into arrays: one row for each process,
 * so that a long history does not repeat the record. With `hold`, the process row is locked.
 */
export function fetchProcessesSql(schema: string, hold: boolean): string {
  return `
SELECT ${processColumns}, r.place, e.types, e.tasks
FROM unnest(${arrays(1, ['uuid', 'bigint'])}) WITH ORDINALITY AS r (id, after, place)
JOIN ${schema}.process p ON p.id = r.id
CROSS JOIN LATERAL (
  SELECT array_agg(h.type ORDER BY h.version) AS types, array_agg(h.task ORDER BY h.version) AS tasks
  FROM ${schema}.history h WHERE h.process_id = r.id AND h.version > r.after
) e
${hold ? 'FOR UPDATE OF p' : ''}`
}

export function fetchedProcess(row: Row): FetchedProcess {
  const types = (row['types'] as string[] | null) ?? []
  const tasks = (row['tasks'] as (number | null)[] | null) ?? []
  const events: EventBones[] = types.map((type, index) => ({ type, task: tasks[index] ?? undefined }))
  return { record: processRecord(row), events }
}
