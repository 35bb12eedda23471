import { expect, it } from 'vitest'
import type pg from 'pg'
import { Database } from '../dist/database.js'

/** Of a pooler that hands each statement to a session that knows none. */
function forgetful(sent: (string | undefined)[]): pg.Pool {
  const query = async ({ name }: { name?: string }) => {
    sent.push(name)
    await Promise.resolve()
    if (name !== undefined) throw Object.assign(new Error('no such statement'), { code: '26000' })
    return { rows: [{ sent: true }] }
  }
  return { query } as unknown as pg.Pool
}

it('nothing is prepared in a transaction, where it could not be sent again', async () => {
  const sent: (string | undefined)[] = []
  const database = new Database({} as pg.Pool, 'tunacorn', { statementLimitMs: 1_000 })
  await database.runOn(forgetful(sent), database.statement('one', 'SELECT 1'), [])
  expect(sent).toEqual([undefined])
})

it('statements that are under way when a pooler is noticed are all sent again, unprepared', async () => {
  const sent: (string | undefined)[] = []
  const database = new Database(forgetful(sent), 'tunacorn', { statementLimitMs: 1_000 })
  const statement = database.statement('one', 'SELECT 1')
  const rows = await Promise.all([1, 2, 3].map(() => database.run(statement, [])))
  expect(rows).toEqual([1, 2, 3].map(() => [{ sent: true }]))
  expect(sent.filter((name) => name !== undefined)).toHaveLength(3)
})
