import pg from 'pg'
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
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
      // Dropping the database may cut a connection that is just being closed.
      opened.pool.on('error', () => {})
      opened.drop = drop
    })
    afterAll(async () => {
      await opened.pool?.end()
      await opened.drop?.()
    })
    define((options) => {
      // Registered first, so that it runs last: when nothing is served any more.
      onTestFinished(() => empty(opened.pool))
      return serve({ database: opened.pool, ...options })
    })
  })
}

/** As fresh as a new schema, and quicker to have: what has been prepared stays so. */
async function empty(pool: pg.Pool | undefined): Promise<void> {
  const found = await pool?.query<{ deletions: string | null }>(
    `SELECT string_agg(format('DELETE FROM tunacorn.%I', tablename), '; ') AS deletions FROM pg_tables
    WHERE schemaname = 'tunacorn' AND tablename <> 'migration'`,
  )
  await pool?.query(found?.rows[0]?.deletions ?? '')
}
