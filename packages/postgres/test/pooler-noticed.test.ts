import { expect, it } from 'vitest'
import type pg from 'pg'
import { Database } from '../dist/database.js'

it('statements that are under way when a pooler is noticed are all sent again, unprepared', async () => {
  const sent: (string | undefined)[] = []
  const connection = {
    query: async ({ name }: { name?: string }) => {
      sent.push(name)
      await Promise.resolve()
      if (name !== undefined) throw Object.assign(new Error('no such statement'), { code: '26000' })
      return { rows: [{ sent: true }] }
    },
  } as unknown as pg.PoolClient
  const database = new Database({} as pg.Pool, 'tunacorn', { statementLimitMs: 1_000 })
  const statement = database.statement('one', 'SELECT 1')
  const rows = await Promise.all([1, 2, 3].map(() => database.runOn(connection, statement, [])))
  expect(rows).toEqual([1, 2, 3].map(() => [{ sent: true }]))
  expect(sent.filter((name) => name !== undefined)).toHaveLength(3)
})
