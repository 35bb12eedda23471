import { PostgresStore } from '@tunacorn/postgres'
import { Client, Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase, postgresUrl } from './support/databases.js'

const url = postgresUrl()

describe.skipIf(url === undefined)('what a store tells of its database', () => {
  let database: { url: string; drop(): Promise<void> }
  let pool: Pool
  let store: PostgresStore

  beforeAll(async () => {
    database = await freshDatabase(url ?? '')
    pool = new Pool({ connectionString: database.url, max: 2 })
    store = new PostgresStore(pool)
  })

  afterAll(async () => {
    await store.close()
    await pool.end()
    await database.drop()
  })

  it('a transaction that has written and was forgotten has an age too', async () => {
    const other = new Client({ connectionString: database.url })
    await other.connect()
    await other.query('BEGIN; CREATE TEMP TABLE forgotten ()')
    await pool.query('SELECT pg_sleep(0.05)')
    expect(await store.snapshotAgeMs()).toBeGreaterThanOrEqual(50)
    await other.end()
  })

  it('an old snapshot has an age, until it is let go of', async () => {
    const other = new Client({ connectionString: database.url })
    await other.connect()
    await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    const { rows } = await other.query<{ began: Date }>('SELECT now() AS began')
    await pool.query('SELECT pg_sleep(0.05)')
    const oldMs = await store.snapshotAgeMs()
    expect(rows[0]?.began).toBeInstanceOf(Date)
    expect(oldMs).toBeGreaterThanOrEqual(50)
    await other.query('COMMIT')
    // Others that run just now, such as autovacuum, may hold one; none as old.
    expect(await store.snapshotAgeMs()).toBeLessThan(oldMs)
    await other.end()
  })

  it('how its connections are used is told without asking for one', async () => {
    const held = [await pool.connect(), await pool.connect()]
    const waits = pool.query('SELECT')
    expect(store.connections()).toEqual({ max: 2, open: 2, idle: 0, waiting: 1 })
    for (const connection of held) connection.release()
    await waits
    expect(store.connections()).toMatchObject({ max: 2, open: 2, waiting: 0 })
  })
})
