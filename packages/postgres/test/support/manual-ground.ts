import { PostgresStore } from '@tunacorn/postgres'
import type { Pool } from 'pg'
import type { Ground } from '../../../core/test/properties/ground.js'

/** Of every session: whoever says `now()` means the manual one. */
export const searchPath = 'clock,pg_catalog'

const startMs = Date.UTC(2026, 0, 1)

/**
 * A PostgreSQL whose clock stands still until it is told to go on: its sessions find a `now()` of our own before that of
 * the database. Everything else is as it always is.
 */
export class ManualGround implements Ground {
  readonly clock = { now: () => this.#nowMs, advance: (ms: number) => this.#setClock(this.#nowMs + ms) }
  readonly #pools: readonly Pool[]
  readonly #stores: readonly PostgresStore[]
  #nowMs = startMs

  private constructor(pools: readonly Pool[]) {
    this.#pools = pools
    this.#stores = pools.map((pool) => new PostgresStore(pool))
  }

  /** @param pools one for each replica, on one and the same empty database, each with `searchPath` */
  static async on(pools: readonly Pool[]): Promise<ManualGround> {
    const ground = new ManualGround(pools)
    await ground.#pool.query(`
      CREATE SCHEMA clock;
      CREATE TABLE clock.hands (at timestamptz NOT NULL);
      INSERT INTO clock.hands VALUES ('epoch');
      CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM clock.hands'`)
    await ground.#stores[0]!.migrate()
    return ground
  }

  storeOf(replica: number): PostgresStore {
    return this.#stores[replica % this.#stores.length]!
  }

  /** Nothing is there any more, and it is the first day of the year. */
  async empty(): Promise<this> {
    const { rows } = await this.#pool.query<{ name: string }>(
      `SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'tunacorn' AND tablename <> 'migration'`,
    )
    // Quicker than TRUNCATE where there are few rows.
    await this.#pool.query(rows.map(({ name }) => `DELETE FROM tunacorn.${name}`).join(';'))
    await this.#setClock(startMs)
    return this
  }

  get #pool(): Pool {
    return this.#pools[0]!
  }

  async #setClock(nowMs: number): Promise<void> {
    this.#nowMs = nowMs
    await this.#pool.query('UPDATE clock.hands SET at = $1', [new Date(nowMs)])
  }
}
