import { Engine } from '@tunacorn/core'
import { PostgresStore } from '@tunacorn/postgres'
import { afterEach, describe, expect, it } from 'vitest'
import { migrations } from '../dist/migrations/index.js'
import { postgresUrl } from './support/databases.js'
import { testStores } from './support/test-stores.js'

const definition = JSON.stringify({ name: 'pair', tasks: [{ name: 'First' }, { name: 'Second' }] })

describe.skipIf(postgresUrl() === undefined)('inspecting a database', () => {
  const world = testStores()
  let engine: Engine | undefined
  afterEach(() => engine?.close())

  async function start(): Promise<string> {
    engine = new Engine(world().store)
    await engine.registerDefinition(definition)
    return (await engine.startProcess({ definition: 'pair' })).id
  }

  it('finds nothing to complain about where all is well', async () => {
    await start()
    const { settings, schema, work, oldestTransaction } = await world().store.inspect()
    expect(settings).toMatchObject({ synchronousCommit: 'on', defaultIsolation: 'read committed' })
    expect(settings).toMatchObject({ fullPageWrites: true, autovacuum: true })
    expect(settings.version).toMatch(/^\d+/)
    expect(settings.versionNumber).toBeGreaterThan(120_000)
    expect(oldestTransaction).toBeUndefined()
    expect(schema).toEqual({ version: migrations.length, expectedVersion: migrations.length })
    expect(work).toMatchObject({ stuck: [], unclaimed: [], hasWork: true, overdue: 0 })
    expect(work?.tables.map(({ name }) => name)).toEqual(['process', 'task_list'])
    for (const { pages } of work?.tables ?? []) expect(pages).toBeGreaterThanOrEqual(100)
  })

  it('finds a process that lives though nothing can move it', async () => {
    const { store, pool, schema } = world()
    const id = await start()
    await start()
    expect(await store.processList.stuck(10)).toEqual([])
    await pool.query(`DELETE FROM ${schema}.task_list WHERE process_id = $1`, [id])
    expect(await store.processList.stuck(10)).toEqual([{ id, definition: 'pair', state: 'running' }])
    expect((await store.inspect()).work?.stuck).toHaveLength(1)
  })

  it('finds tasks that nobody asks for, until somebody does', async () => {
    const { store, skip } = world()
    await start()
    await skip(600_000)
    await store.taskList.beat()
    const { work } = await store.inspect()
    expect(work?.unclaimed.map(({ name, tasks, lastPolledAt }) => ({ name, tasks, lastPolledAt }))).toEqual([
      { name: 'First', tasks: 1, lastPolledAt: undefined },
      { name: 'Second', tasks: 1, lastPolledAt: undefined },
    ])
    await store.taskList.notePolls([{ name: 'First', definition: undefined }], [])
    expect((await store.inspect()).work?.unclaimed).toMatchObject([{ name: 'Second' }])
    await store.taskList.notePolls([{ name: undefined, definition: 'pair' }], [])
    expect((await store.inspect()).work?.unclaimed).toEqual([])
  })

  it('finds what should have been judged, and that nobody keeps time', async () => {
    const { store, pool, schema } = world()
    await start()
    await engine?.close()
    await pool.query(`UPDATE ${schema}.task_list SET expires_at = now() - interval '1 hour'`)
    await pool.query(`UPDATE ${schema}.pulse SET beat_at = now() - interval '1 hour'`)
    const { work } = await store.inspect()
    expect(work?.overdue).toBe(2)
  })

  it('names the transaction that has been open for longest', async () => {
    const { store, pool } = world()
    const connection = await pool.connect()
    try {
      await connection.query('BEGIN; CREATE TEMP TABLE forgotten ()')
      const { oldestTransaction } = await store.inspect()
      expect(oldestTransaction?.what).toMatch(/^connection \d+ \(.*idle in transaction\)$/)
      expect(oldestTransaction?.ageMs).toBeGreaterThanOrEqual(0)
    } finally {
      await connection.query('ROLLBACK')
      connection.release()
    }
  })

  it('names none that only reads, and does nothing: that keeps no dead row', async () => {
    const { store, pool } = world()
    const connection = await pool.connect()
    try {
      await connection.query('BEGIN; SELECT 1')
      expect((await store.inspect()).oldestTransaction).toBeUndefined()
    } finally {
      await connection.query('ROLLBACK')
      connection.release()
    }
  })

  it('sees that TRUNCATE has removed the ballast, and ANALYZE made up for it', async () => {
    const { store, pool, schema } = world()
    const board = async () => (await store.inspect()).work?.tables.find(({ name }) => name === 'task_list')
    await pool.query(`TRUNCATE ${schema}.task_list`)
    expect(await board()).toMatchObject({ pages: 0, knownPages: 0 })
    await start()
    await pool.query(`ANALYZE ${schema}.task_list`)
    expect(await board()).toMatchObject({ pages: 1, knownPages: 1 })
  })

  it('looks no further where there is no schema, or another one, and makes none', async () => {
    const { pool, schema } = world()
    const elsewhere = new PostgresStore(pool, { schema: 'else where' })
    expect((await elsewhere.inspect()).schema).toMatchObject({ version: 0 })
    expect((await elsewhere.inspect()).work).toBeUndefined()
    await elsewhere.close()
    await pool.query(`INSERT INTO ${schema}.migration (version, name) VALUES (999, 'from the future')`)
    const newer = await world().store.inspect()
    expect(newer.schema.version).toBe(999)
    expect(newer.work).toBeUndefined()
  })
})
