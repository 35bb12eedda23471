import { PostgresStore } from '@tunacorn/postgres'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { freshDatabase, postgresUrl } from './databases.js'
import { skipTime } from './skip-time.js'

export interface TestStore {
  readonly store: PostgresStore
  /** On the same database, for what the store itself does not do. */
  readonly pool: Pool
  readonly schema: string
  readonly skip: (ms: number) => Promise<void>
}

/** For a test file: a database of its own, and for each test a store with an empty schema. */
export function testStores(): () => TestStore {
  let database: { url: string; drop(): Promise<void> }
  let pool: Pool
  let current: TestStore | undefined
  let made = 0

  beforeAll(async () => {
    database = await freshDatabase(postgresUrl() ?? '')
    pool = new Pool({ connectionString: database.url, max: 4 })
  })

  beforeEach(async () => {
    made += 1
    const schema = `s${made}`
    const store = new PostgresStore(database.url, { schema })
    await store.migrate()
    current = { store, pool, schema, skip: (ms) => skipTime(pool, schema, ms) }
  })

  afterEach(() => current?.store.close())

  afterAll(async () => {
    await pool.end()
    await database.drop()
  })

  return () => {
    if (current === undefined) throw new Error('Expected to be asked within a test.')
    return current
  }
}
