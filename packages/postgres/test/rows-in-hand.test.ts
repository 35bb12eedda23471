import { PostgresStore } from '@tunacorn/postgres'
import { aDefinition, claimTasks, completionOf, pauseOf, startOf } from '@tunacorn/core/testing'
import { Pool } from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { postgresUrl } from './support/databases.js'
import { testStores } from './support/test-stores.js'

describe.skipIf(postgresUrl() === undefined)('a row that another transaction has in hand', () => {
  const world = testStores()

  /** For whom waiting for a row is a mistake. */
  function impatientStore(): PostgresStore {
    const { pool, schema } = world()
    const impatient = new Pool({ ...pool.options, options: '-c lock_timeout=2s' })
    onTestFinished(() => impatient.end())
    return new PostgresStore(impatient, { schema })
  }

  /** Until the test is over. */
  async function takeInHand(table: 'process' | 'task_list', id: string): Promise<void> {
    const { pool, schema } = world()
    const connection = await pool.connect()
    onTestFinished(async () => {
      await connection.query('ROLLBACK')
      connection.release()
    })
    await connection.query('BEGIN')
    const key = table === 'process' ? 'id' : 'process_id'
    await connection.query(`SELECT FROM ${schema}.${table} WHERE ${key} = $1 FOR UPDATE`, [id])
  }

  async function startTwo() {
    const { definitionList, processList } = world().store
    const { stored } = await definitionList.register(aDefinition({ tasks: ['a'] }))
    const starts = [1, 2].map(() => startOf({ ...stored, tasks: ['a'] }))
    await processList.persist(starts)
    const fetched = await processList.fetch(starts.map(({ id }) => ({ id, afterVersion: 0 })))
    return fetched.map((one) => one!.record)
  }

  it.for([
    ['by its name', { names: ['a'] }],
    ['whatever it is', {}],
  ] as const)('is passed over by who claims a task %s', async ([, criteria]) => {
    const [held, free] = await startTwo()
    await takeInHand('task_list', held!.id)
    const claimed = await claimTasks(impatientStore(), criteria)
    expect(claimed.map(({ processId }) => processId)).toEqual([free!.id])
  })

  it('keeps no others of a batch from being completed', async () => {
    const [held, free] = await startTwo()
    const store = impatientStore()
    const claims = await claimTasks(store)
    await takeInHand('process', held!.id)
    const completions = [held!, free!].map((record) =>
      completionOf(
        record,
        claims.filter(({ processId }) => processId === record.id),
      ),
    )
    const results = await store.processList.persist(completions)
    expect(results.map(({ status }) => status)).toEqual(['moved', 'committed'])
  })

  it('nor from being changed otherwise', async () => {
    const [held, free] = await startTwo()
    await takeInHand('process', held!.id)
    const results = await impatientStore().processList.persist([pauseOf(held!), pauseOf(free!)])
    expect(results.map(({ status }) => status)).toEqual(['moved', 'committed'])
  })
})
