import { ms } from './board-columns.js'
import { snapshotsSql } from './snapshot-age.js'

// What `inspect` asks. Nothing here is in the way of anybody: no locks, and indexes or small tables.

/** What must hold for what has been promised, and the database's clock. Asks nothing of our own tables. */
export const settingsSql = `
SELECT clock_timestamp() AS now, current_setting('server_version') AS version,
  current_setting('server_version_num')::int AS version_number,
  current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
  current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('default_transaction_isolation') AS isolation,
  current_setting('autovacuum') AS autovacuum, current_setting('track_counts') AS track_counts`

/** Who keeps the dead rows of everybody from being removed, longest first. Of other users only their own see this. */
export const oldestSnapshotSql = `
SELECT held.what, extract(epoch FROM clock_timestamp() - held.since) * 1000 AS age_ms FROM (${snapshotsSql}) held
ORDER BY held.since LIMIT 1`

export const schemaTablesSql = `
SELECT c.relname AS name, pg_relation_size(c.oid) / current_setting('block_size')::int AS pages,
  c.relpages AS known_pages, coalesce(s.n_live_tup, 0) AS live, coalesce(s.n_dead_tup, 0) AS dead
FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.relnamespace = to_regnamespace($1) AND c.relname = ANY (ARRAY ['migration', 'process', 'task_list']) ORDER BY c.relname`

export function schemaVersionSql(schema: string): string {
  return `SELECT coalesce(max(version), 0)::int AS version FROM ${schema}.migration`
}

/** How many live, whether somebody keeps time, and what should long have been judged. */
export function timekeepingSql(schema: string): string {
  return `
SELECT EXISTS (SELECT FROM ${schema}.task_list) AS has_work,
  (SELECT extract(epoch FROM now() - max(beat_at)) * 1000 FROM ${schema}.pulse) AS silence_ms,
  (SELECT count(*)::int FROM ${schema}.task_list WHERE expires_at < now() - $1::bigint ${ms}) AS overdue`
}

/**
 * Names whose tasks could have been claimed for so long, also from a worker that has gone silent, and for which nobody has asked that lately; both as of when
 * somebody last kept time: nobody can ask while there is no server.
 */
export function unclaimedSql(schema: string): string {
  return `
SELECT waiting.name, waiting.definition, waiting.tasks, waiting.since, polled.at AS last_polled_at
FROM (SELECT coalesce(max(beat_at), now()) - $1::bigint ${ms} AS late FROM ${schema}.pulse) time
CROSS JOIN LATERAL (
  SELECT t.name, t.definition, count(*)::int AS tasks, min(greatest(t.claimable_at, t.scheduled_at)) AS since
  FROM ${schema}.task_list t
  WHERE NOT t.paused AND t.attempt < t.max_attempts
    AND greatest(t.claimable_at, t.scheduled_at) < time.late
  GROUP BY t.name, t.definition
) waiting
CROSS JOIN LATERAL (
  SELECT max(p.at) AS at FROM ${schema}.poll p
  WHERE p.name IN (waiting.name, '') AND p.definition IN (waiting.definition, '')
) polled
WHERE polled.at IS NULL OR polled.at < time.late
ORDER BY waiting.since LIMIT $2`
}
