/**
 * What keeps dead rows from being removed, and since when: transactions of clients that see what was there then, or have
 * written (one that only reads, and does nothing just now, keeps nothing); and prepared ones. As long as it lasts the
 * board, whose rows live for moments, fills with the dead. Of other users' transactions, only who may read all statistics
 * (`pg_read_all_stats`) sees when they began.
 */
export const snapshotsSql = `
  SELECT 'connection ' || pid || ' (' || coalesce(nullif(application_name, ''), 'unnamed') || ', ' || state || ')' AS what,
    xact_start AS since
  FROM pg_stat_activity
  WHERE (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) AND backend_type = 'client backend'
    AND datname = current_database() AND pid <> pg_backend_pid()
  UNION ALL
  SELECT 'the prepared transaction ' || gid, prepared FROM pg_prepared_xacts WHERE database = current_database()`

export const snapshotAgeSql = `
SELECT greatest(0, extract(epoch FROM now() - min(held.since)) * 1000)::float8 AS ms FROM (${snapshotsSql}) held`
