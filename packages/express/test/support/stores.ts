import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'
import type { TunaCornOptions } from '@tunacorn/express'
import { freshDatabase, postgresUrl } from '../../../postgres/test/support/databases.js'
import { serve, type Served } from './serve.js'

export type ServeFresh = (options?: TunaCornOptions) => Promise<Served>

/** The same tests in memory and on a real PostgreSQL, each test in a world of its own. */
export function onEachStore(define: (serveFresh: ServeFresh) => void): void {
  describe('in memory', () => {
    define(serve)
  })

  describe.skipIf(postgresUrl() === undefined)('on PostgreSQL', () => {
    const opened: { pool?: pg.Pool; drop?: () => Promise<void> } = {}
    beforeAll(async () => {
      const { url, drop } = await freshDatabase(postgresUrl() ?? '')
      opened.pool = new pg.Pool({ connectionString: url })
      opened.drop = drop
    })
    afterAll(async () => {
      await opened.pool?.end()
      await opened.drop?.()
    })
    // A schema for each test is a fresh world, and quicker to have than a database.
    define((options) => {
      const schema = `test_${randomBytes(6).toString('hex')}`
      return serve({ database: opened.pool, schema, ...options })
    })
  })
}
