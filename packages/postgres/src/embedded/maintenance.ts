import type { PGlite } from '@electric-sql/pglite'

const roundMs = 10_000
const maxWalBytes = 64 * 1024 * 1024

/** PostgreSQL's own defaults for autovacuum. */
const DUE_TABLES = `
  SELECT format('%I.%I', schemaname, relname) AS "table",
         n_dead_tup > 50 + 0.2 * n_live_tup OR n_ins_since_vacuum > 1000 + 0.2 * n_live_tup AS vacuum
    FROM pg_stat_all_tables
   WHERE schemaname <> 'pg_toast'
     AND (n_dead_tup > 50 + 0.2 * n_live_tup
          OR n_ins_since_vacuum > 1000 + 0.2 * n_live_tup
          OR n_mod_since_analyze > 50 + 0.1 * n_live_tup)`

const WAL_SINCE_CHECKPOINT = `
  SELECT (pg_current_wal_insert_lsn() - redo_lsn)::float8 AS bytes FROM pg_control_checkpoint()`

/**
 * What the background processes of a PostgreSQL server do. PGlite has none: left alone, it never writes a
 * checkpoint (so its WAL, and with it the recovery after a kill, grows without bound), never vacuums a
 * table, and plans without statistics.
 */
export class Maintenance {
  readonly #database: PGlite
  #timer: NodeJS.Timeout | undefined
  #worked = false

  constructor(database: PGlite) {
    this.#database = database
  }

  /** @param enqueue runs work when the session is between two requests */
  start(enqueue: (work: () => Promise<void>) => void): void {
    this.#timer ??= setInterval(() => {
      // What fails (a full disk, say) fails for the requests too, which report it; the next round tries again.
      if (this.#worked) enqueue(() => this.round(enqueue).catch(() => {}))
    }, roundMs)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** There was a request, so there may be something to do. */
  noteWork(): void {
    this.#worked = true
  }

  /** Does what is due, each table as a piece of work of its own, so that requests are served in between. */
  async round(enqueue: (work: () => Promise<void>) => void): Promise<void> {
    if (this.#isInTheWay()) return
    this.#worked = false
    const wal = await this.#database.query<{ bytes: number }>(WAL_SINCE_CHECKPOINT)
    if ((wal.rows[0]?.bytes ?? 0) > maxWalBytes) await this.#database.exec('CHECKPOINT')
    const due = await this.#database.query<{ table: string; vacuum: boolean }>(DUE_TABLES)
    for (const { table, vacuum } of due.rows) enqueue(() => this.#tidy(table, vacuum))
  }

  async #tidy(table: string, vacuum: boolean): Promise<void> {
    if (this.#isInTheWay()) return
    try {
      await this.#database.exec(vacuum ? `VACUUM (ANALYZE) ${table}` : `ANALYZE ${table}`)
    } catch {
      // Dropped meanwhile, or it can't be vacuumed: the next round sees what is left to do.
    }
  }

  /** There is one session: inside a client's transaction it would be that transaction which vacuums. */
  #isInTheWay(): boolean {
    return this.#database.closed || this.#database.isInTransaction()
  }
}
