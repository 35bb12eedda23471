import { Engine } from '@tunacorn/core'
import { PostgresStore } from '@tunacorn/postgres'
import { Pool, type QueryConfig } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase, postgresUrl } from './support/databases.js'

/** A pool that loses what the database answers to a statement, once it is told to which one of such a name. */
class LosingPool extends Pool {
  #label = ''
  #after = 0

  /** @param after how many of them are answered before. */
  lose(label: string, { after }: { readonly after: number }): void {
    this.#label = label
    this.#after = after
  }

  override query = (async (config: QueryConfig) => {
    const result = await super.query(config)
    const isMeant = this.#label !== '' && config.name?.startsWith(`tunacorn_${this.#label}_`) === true
    if (!isMeant || this.#after-- > 0) return result
    this.#label = ''
    throw new Error('Connection terminated unexpectedly')
  }) as Pool['query']
}

describe.skipIf(postgresUrl() === undefined)('what was stored, but whose answer was lost,', () => {
  let database: { url: string; drop(): Promise<void> }
  let pool: LosingPool
  let store: PostgresStore
  let engine: Engine

  beforeAll(async () => {
    database = await freshDatabase(postgresUrl() ?? '')
    pool = new LosingPool({ connectionString: database.url, max: 4 })
    store = new PostgresStore(pool)
    await store.migrate()
    engine = new Engine({ ...store, timekeeping: false, lanes: 1 })
    await engine.registerDefinition('{ name: p, tasks: [{ name: A }] }')
  })

  afterAll(async () => {
    await engine.close()
    await store.close()
    await pool.end()
    await database.drop()
  })

  it('is not refused for what it has done itself: a start, committed after others', async () => {
    await engine.startProcess({ definition: 'p' })
    pool.lose('start', { after: 1 })
    const plain = engine.startProcess({ definition: 'p' })
    const keyed = engine.startProcess({ definition: 'p', key: 'mine' })
    await expect(keyed).rejects.toMatchObject({ code: 'unavailable' })
    await expect(plain).resolves.toMatchObject({ state: 'running' })
    expect((await engine.listProcesses({ key: 'mine' })).items).toHaveLength(1)
  })

  it('nor is another try of a process that failed', async () => {
    const { id } = await engine.startProcess({ definition: 'p' })
    const { tasks } = await engine.claimTasks({ worker: 'w', process: id })
    await engine.failTask(tasks[0]?.id ?? '', tasks[0]?.claim ?? '', 'as asked', false)
    pool.lose('commit', { after: 0 })
    const others = engine.startProcess({ definition: 'p' })
    await expect(engine.retryProcess(id)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(others).resolves.toMatchObject({ state: 'running' })
    const { items } = await engine.history(id)
    expect(items.filter(({ type }) => type === 'process-retried')).toHaveLength(1)
  })
})
