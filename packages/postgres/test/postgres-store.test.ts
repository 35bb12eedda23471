import { setTimeout as sleep } from 'node:timers/promises'
import { describeStoreConformance, type StoreWorld } from '@tunacorn/core/testing'
import { PostgresStore } from '@tunacorn/postgres'
import { openEmbedded } from '@tunacorn/postgres/embedded'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { freshDatabase, postgresUrl } from './support/databases.js'
import { EmptySchemas } from './support/empty-schemas.js'
import { skipTime } from './support/skip-time.js'

const url = postgresUrl()

describe.skipIf(url === undefined)('on PostgreSQL', () => {
  let database: { url: string; drop(): Promise<void> }
  let pool: Pool
  let schemas: EmptySchemas

  beforeAll(async () => {
    database = await freshDatabase(url ?? '')
    pool = new Pool({ connectionString: database.url, max: 1 })
    schemas = new EmptySchemas(pool)
  })

  afterAll(async () => {
    await pool.end()
    await database.drop()
  })

  describeStoreConformance({ describe, it }, async (): Promise<StoreWorld> => {
    const schema = await schemas.take()
    const store = new PostgresStore(database.url, { schema })
    return {
      store,
      pass: sleep,
      skip: (ms) => skipTime(pool, schema, ms),
      replica: async () => new PostgresStore(database.url, { schema }),
      close: async () => {
        await store.close()
        await schemas.giveBack(schema)
      },
    }
  })
})

describe('on the embedded database', () => {
  let embedded: Awaited<ReturnType<typeof openEmbedded>>
  let schemas: EmptySchemas

  beforeAll(async () => {
    embedded = await openEmbedded()
    schemas = new EmptySchemas(embedded.pool)
  })

  afterAll(() => embedded.close())

  describeStoreConformance({ describe, it }, async (): Promise<StoreWorld> => {
    const schema = await schemas.take()
    const store = new PostgresStore(embedded.pool, { schema })
    return {
      store,
      pass: sleep,
      skip: (ms) => skipTime(embedded.pool, schema, ms),
      close: async () => {
        await store.close()
        await schemas.giveBack(schema)
      },
    }
  })
})
