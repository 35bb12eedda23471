import type pg from 'pg'
import { TunaCornError } from '@tunacorn/core'
import type { Database } from './database.js'
import { migrations } from './migrations/index.js'

/** The number that every replica locks while it migrates; any constant that nobody else uses will do. */
const migrationLock = 8_266_230_417

/**
 * Brings the schema to the version that this code knows. Replicas that start together take turns, by a lock that
 * ends with the transaction, so it holds behind PgBouncer too. All or nothing.
 *
 * @returns the names of the migrations applied, none when it was up to date.
 * @throws Error when the schema is newer than this code: the newer code wrote it and must run on it.
 */
export async function migrate(database: Database): Promise<string[]> {
  return database.transaction(async (connection) => {
    await connection.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    const applied = await appliedVersion(connection, database.schema)
    if (applied > migrations.length) throw tooNew(applied)

    const missing = migrations.slice(applied)
    for (const [index, migration] of missing.entries()) {
      await connection.query(migration.sql(database.schema))
      await connection.query(`INSERT INTO ${database.schema}.migration (version, name) VALUES ($1, $2)`, [
        applied + index + 1,
        migration.name,
      ])
    }
    return missing.map(({ name }) => name)
  })
}

async function appliedVersion(connection: pg.ClientBase, schema: string): Promise<number> {
  await connection.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
  await connection.query(
    `CREATE TABLE IF NOT EXISTS ${schema}.migration (
       version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
  )
  const { rows } = await connection.query<{ version: number }>(
    `SELECT coalesce(max(version), 0)::int AS version FROM ${schema}.migration`,
  )
  return rows[0]?.version ?? 0
}

function tooNew(found: number): TunaCornError {
  return new TunaCornError(
    'internal',
    `Expected a database schema of version ${migrations.length} or older, but found ${found}. A newer TunaCorn has migrated it: run that version.`,
  )
}
