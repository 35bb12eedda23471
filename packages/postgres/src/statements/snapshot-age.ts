/**
 * How long ago the oldest transaction of this database began that still sees what was there then: as long, nothing that
 * has been removed or replaced since can be cleaned away, and the board, whose rows live for moments, fills with the dead.
 * Of other users' transactions, only who may read all statistics (`pg_read_all_stats`) sees when they began.
 */
export const snapshotAgeSql = `
SELECT greatest(0, extract(epoch FROM now() - least(
  (SELECT min(a.xact_start) FROM pg_stat_activity a
   WHERE a.backend_xmin IS NOT NULL AND a.datname = current_database() AND a.pid <> pg_backend_pid()),
  (SELECT min(x.prepared) FROM pg_prepared_xacts x WHERE x.database = current_database()))) * 1000)::float8 AS ms`
