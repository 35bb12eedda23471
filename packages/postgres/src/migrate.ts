import pg from 'pg'
import { TunaCornError } from '@tunacorn/core'
import { sqlState, type Database, type Row } from './database.js'
import { migrations } from './migrations/index.js'

/** The number that every replica locks while it migrates; any constant that nobody else uses will do. */
const migrationLock = 8_266_230_417

const lockNotAvailable = '55P03'

export interface MigrateOptions {
  /**
   * How long a table is waited for that another transaction has in use, in milliseconds; 10 s when absent. Who waits for
   * a table makes all wait who come after: better nothing is done, and said why.
   */
  readonly lockPatienceMs?: number
}

/**
 * Brings the schema to the version that this code knows. Where there is nothing to do, it wants no right to make
 * anything. Replicas that start together take turns, by a lock that ends with the transaction, so it holds behind
 * PgBouncer too. All or nothing. A statement may take its time: tables may be large.
 *
 * @returns the names of the migrations applied, none when it was up to date.
 * @throws TunaCornError `unavailable` when the database does not answer; `internal` when a table is in use for long, or
 *   when the schema is newer than this code: the newer code wrote it and must run on it.
 */
export async function migrate(
  database: Database,
  { lockPatienceMs = 10_000 }: MigrateOptions = {},
): Promise<string[]> {
  return database.transaction(async (connection) => {
    const run = async (text: string) => database.control(connection, text, { limited: false })
    await run(`SELECT pg_advisory_xact_lock(${migrationLock})`)
    // Not before: a turn may be waited for as long as another replica takes.
    await run(`SET LOCAL lock_timeout = ${lockPatienceMs}`)
    const applied = await appliedVersion(run, database.schema)
    if (applied > migrations.length) throw tooNew(applied)
    const missing = migrations.slice(applied)
    for (const [index, { name, sql }] of missing.entries()) {
      await run(sql(database.schema)).catch((error: unknown) => {
        throw sqlState(error) === lockNotAvailable ? inUse(name, lockPatienceMs, error) : error
      })
      await run(
        `INSERT INTO ${database.schema}.migration (version, name) VALUES (${applied + index + 1}, ${pg.escapeLiteral(name)})`,
      )
    }
    return missing.map(({ name }) => name)
  })
}

async function appliedVersion(
  run: (text: string) => Promise<readonly Row[]>,
  schema: string,
): Promise<number> {
  // The right to make it is asked for also where it is there: so nothing is made that is there.
  const table = pg.escapeLiteral(`${schema}.migration`)
  const [found] = await run(`SELECT to_regclass(${table}) IS NOT NULL AS "isThere"`)
  if (found?.['isThere'] !== true) {
    await run(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
    await run(
      `CREATE TABLE IF NOT EXISTS ${schema}.migration (
         version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    )
  }
  const [row] = await run(`SELECT coalesce(max(version), 0)::int AS version FROM ${schema}.migration`)
  return row?.['version'] as number
}

function tooNew(found: number): TunaCornError {
  return new TunaCornError(
    'internal',
    `Expected a database schema of version ${migrations.length} or older, but found ${found}. A newer TunaCorn has migrated it: run that version.`,
  )
}

function inUse(name: string, patienceMs: number, cause: unknown): TunaCornError {
  return new TunaCornError(
    'internal',
    `Expected to get the tables for the migration ${name} within ${patienceMs / 1_000} s, but another transaction has them in use: a dump, a report, or one that was forgotten. Nothing has been changed. "tunacorn doctor" names the oldest transaction: wait for its end, or end it, and try again.`,
    { cause },
  )
}
