import { Payload, type PersistResult, type ProcessChange, type ProcessRecord } from '@tunacorn/core'
import {
  aDefinition,
  claimTasks,
  failureOf,
  retryOf,
  startOf,
  type KnownDefinition,
} from '@tunacorn/core/testing'
import type { PoolClient } from 'pg'
import { describe, expect, it } from 'vitest'
import { postgresUrl } from './support/databases.js'
import { testStores } from './support/test-stores.js'

const once = { key: 'once', requestHash: 'hash' }

describe.skipIf(postgresUrl() === undefined)('a start within a transaction of the host’s', () => {
  const world = testStores()

  async function register(): Promise<KnownDefinition> {
    const { stored } = await world().store.definitionList.register(aDefinition())
    return { name: stored.name, version: stored.version, tasks: ['work'] }
  }

  async function persistWithin(client: PoolClient, start: ProcessChange): Promise<PersistResult['status']> {
    const [result] = await world().store.processList.within(client).persist([start])
    return result?.status ?? 'moved'
  }

  /** Runs `body` in a transaction of the host's own, on its own connection, beside a row of its own. */
  async function inTransaction(
    end: 'COMMIT' | 'ROLLBACK',
    body: (client: PoolClient) => Promise<void>,
  ): Promise<void> {
    const { pool, schema } = world()
    await pool.query(`CREATE TABLE IF NOT EXISTS ${schema}.hosts_own (note text)`)
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      await client.query(`INSERT INTO ${schema}.hosts_own VALUES ('order 17')`)
      await body(client)
      await client.query(end)
    } finally {
      client.release()
    }
  }

  async function found() {
    const { store, pool, schema } = world()
    const processes = await store.processList.list({ limit: 100 })
    const tasks = await store.taskList.fetch({ limit: 100 })
    const { rows } = await pool.query(`SELECT note FROM ${schema}.hosts_own`)
    return { processes: processes.length, tasks: tasks.length, rows: rows.length }
  }

  it('is there once the host commits, beside what the host wrote, and not before', async () => {
    const { store } = world()
    const start = startOf(await register(), { input: Payload.from({ n: 1 }) })
    await inTransaction('COMMIT', async (client) => {
      expect(await persistWithin(client, start)).toBe('committed')
      expect(await found()).toEqual({ processes: 0, tasks: 0, rows: 0 })
      const claimed = await claimTasks(store)
      expect(claimed).toEqual([])
    })
    expect(await found()).toEqual({ processes: 1, tasks: 1, rows: 1 })
    const [event] = await store.processList.history(start.id, 0, 10)
    expect(event?.type).toBe('process-started')
  })

  it('never was when the host rolls back', async () => {
    const { store } = world()
    const start = startOf(await register(), { once, key: 'mine' })
    await inTransaction('ROLLBACK', async (client) => {
      expect(await persistWithin(client, start)).toBe('committed')
    })
    expect(await found()).toEqual({ processes: 0, tasks: 0, rows: 0 })
    expect(await store.processList.history(start.id, 0, 10)).toEqual([])
    expect(await store.processList.findOnce(once.key)).toBeUndefined()
    expect(await store.processList.findByKey('order', 'mine')).toBeUndefined()
    expect((await store.processList.persist([start]))[0]?.status).toBe('committed')
  })

  it('nor when the host’s connection breaks', async () => {
    const { store, pool } = world()
    const start = startOf(await register())
    const client = await pool.connect()
    const broken = new Promise((resolve) => client.once('error', resolve))
    await client.query('BEGIN')
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await persistWithin(client, start)
    await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
    await broken
    client.release(true)
    expect(await store.processList.list({ limit: 10 })).toEqual([])
  })

  it('may be one of several, all or none of them', async () => {
    const definition = await register()
    for (const end of ['ROLLBACK', 'COMMIT'] as const) {
      await inTransaction(end, async (client) => {
        for (let n = 0; n < 3; n += 1) {
          expect(await persistWithin(client, startOf(definition))).toBe('committed')
        }
      })
      const processes = end === 'COMMIT' ? 3 : 0
      expect(await found()).toEqual({ processes, tasks: processes, rows: processes / 3 })
    }
  })

  it('leaves the host’s transaction whole when it is refused', async () => {
    const { store } = world()
    const definition = await register()
    await store.processList.persist([startOf(definition, { key: 'taken' })])
    await inTransaction('COMMIT', async (client) => {
      const start = (options: object) => persistWithin(client, startOf(definition, options))
      expect(await start({ key: 'taken' })).toBe('moved')
      expect(await start({ once, key: 'free' })).toBe('committed')
      expect(await start({ once })).toBe('moved')
      expect(await start({ key: 'free' })).toBe('moved')
      const gone = startOf({ ...definition, version: 99 })
      expect(await persistWithin(client, gone)).toBe('moved')
    })
    expect(await found()).toEqual({ processes: 2, tasks: 2, rows: 1 })
  })

  it('has others who want its key told so, at once', async () => {
    const { store } = world()
    const definition = await register()
    const others = () => [
      startOf(definition, { key: 'wanted' }),
      startOf(definition, { once }),
      startOf(definition, { key: 'free' }),
      startOf(definition),
    ]
    const statuses = async () => (await store.processList.persist(others())).map(({ status }) => status)
    await inTransaction('ROLLBACK', async (client) => {
      await persistWithin(client, startOf(definition, { key: 'wanted', once }))
      expect(await statuses()).toEqual(['in-flight', 'in-flight', 'committed', 'committed'])
    })
    await inTransaction('COMMIT', async (client) => {
      await persistWithin(client, startOf(definition, { key: 'wanted', once }))
      expect(await statuses()).toEqual(['in-flight', 'in-flight', 'moved', 'committed'])
    })
    expect(await statuses()).toEqual(['moved', 'moved', 'moved', 'committed'])
  })

  it('lets nobody wait for the key of a process that is retried', async () => {
    const { store } = world()
    const definition = await register()
    const start = startOf(definition, { key: 'mine' })
    const recordOf = async () => {
      const [fetched] = await store.processList.fetch([{ id: start.id, afterVersion: 0 }])
      return fetched?.record as ProcessRecord
    }
    await store.processList.persist([start])
    await store.processList.persist([failureOf(await recordOf(), { task: 0 })])
    const retried = retryOf(await recordOf())
    await inTransaction('ROLLBACK', async (client) => {
      await persistWithin(client, startOf(definition, { key: 'mine' }))
      expect((await store.processList.persist([retried]))[0]?.status).toBe('moved')
    })
    expect((await store.processList.persist([retried]))[0]?.status).toBe('committed')
  })

  it('wants a client that has a transaction', async () => {
    const { store, pool } = world()
    expect(() => store.processList.within(pool)).toThrow(
      'Expected transaction to be a pg client, but it is a pool',
    )
    expect(() => store.processList.within({})).toThrow(
      'Expected transaction to be a pg client, but it is something else',
    )
    const client = await pool.connect()
    try {
      await client.query('SELECT 1')
      expect(() => store.processList.within(client)).toThrow('Send it BEGIN first')
    } finally {
      client.release()
    }
  })

  it('holds its definition until then', async () => {
    const { store } = world()
    const definition = await register()
    let removing = Promise.resolve('not-found')
    await inTransaction('COMMIT', async (client) => {
      await persistWithin(client, startOf(definition))
      removing = store.definitionList.remove(definition.name, definition.version)
    })
    expect(await removing).toBe('in-use')
  })

  it('goes through whatever pooler the host’s connection has', async () => {
    const definition = await register()
    await inTransaction('COMMIT', async (client) => {
      for (let n = 0; n < 2; n += 1) {
        // What a pooler in transaction mode does between transactions: another session.
        await client.query('DEALLOCATE ALL')
        expect(await persistWithin(client, startOf(definition))).toBe('committed')
      }
    })
    expect((await found()).processes).toBe(2)
  })
})
