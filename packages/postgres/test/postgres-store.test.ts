import { setTimeout as sleep } from 'node:timers/promises'
import { describeStoreConformance, type StoreWorld } from '@tunacorn/core/testing'
import { PostgresStore } from '@tunacorn/postgres'
import { openEmbedded } from '@tunacorn/postgres/embedded'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { freshDatabase, postgresUrl } from './support/databases.js'

const url = postgresUrl()

describe.skipIf(url === undefined)('on PostgreSQL', () => {
  let database: { url: string; drop(): Promise<void> }

  beforeAll(async () => {
    database = await freshDatabase(url ?? '')
  })

  afterAll(() => database.drop())

  // A fresh world is a fresh schema: a database for each would take most of the time.
  describeStoreConformance({ describe, it }, async (): Promise<StoreWorld> => {
    const schema = newSchema()
    const store = new PostgresStore(database.url, { schema })
    await store.migrate()
    return {
      store,
      pass: sleep,
      replica: async () => new PostgresStore(database.url, { schema }),
      close: () => store.close(),
    }
  })
})

describe('on the embedded database', () => {
  let embedded: Awaited<ReturnType<typeof openEmbedded>>

  beforeAll(async () => {
    embedded = await openEmbedded()
  })

  afterAll(() => embedded.close())

  describeStoreConformance({ describe, it }, async (): Promise<StoreWorld> => {
    const store = new PostgresStore(embedded.pool, { schema: newSchema() })
    await store.migrate()
    return { store, pass: sleep, close: () => store.close() }
  })
})

let schemas = 0

function newSchema(): string {
  schemas += 1
  return `world ${schemas}`
}
