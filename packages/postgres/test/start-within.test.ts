import { Engine, type ProcessRecord } from '@tunacorn/core'
import { PostgresStore } from '@tunacorn/postgres'
import { Pool, type PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase, postgresUrl } from './support/databases.js'

describe.skipIf(postgresUrl() === undefined)(
  'an engine that starts processes in transactions of the host’s',
  () => {
    let database: { url: string; drop(): Promise<void> }
    let store: PostgresStore
    let engine: Engine

    beforeAll(async () => {
      database = await freshDatabase(postgresUrl() ?? '')
      store = new PostgresStore(database.url)
      await store.migrate()
      engine = new Engine({ ...store, pollMs: 50, lanes: 1 })
      await engine.registerDefinition('{ name: order, tasks: [{ name: work }] }')
    })

    afterAll(async () => {
      await engine.close()
      await store.close()
      await database.drop()
    })

    async function inTransaction(
      body: (client: PoolClient) => Promise<void>,
      { max = 2 }: { max?: number } = {},
    ): Promise<void> {
      const pool = new Pool({ connectionString: database.url, max })
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        await body(client)
        await client.query('COMMIT')
      } finally {
        client.release()
        await pool.end()
      }
    }

    it('needs no other connection, so that a pool of one does', async () => {
      const pool = new Pool({ connectionString: database.url, max: 1 })
      const alone = new Engine({ ...new PostgresStore(pool), timekeeping: false })
      const client = await pool.connect()
      let started: ProcessRecord
      try {
        await client.query('BEGIN')
        const request = { definition: 'order', key: 'alone' }
        started = await alone.startProcess(request, { transaction: client })
        await expect(alone.startProcess(request, { transaction: client })).rejects.toMatchObject({
          code: 'key-taken',
        })
        await client.query('COMMIT')
      } finally {
        client.release()
      }
      expect((await alone.fetchProcess(started.id)).record.key).toBe('alone')
      await alone.close()
      await pool.end()
    })

    it('sees there what it has started there', async () => {
      await inTransaction(async (transaction) => {
        const keyed = await engine.startProcess({ definition: 'order', key: 'twice' }, { transaction })
        await expect(
          engine.startProcess({ definition: 'order', key: 'twice' }, { transaction }),
        ).rejects.toMatchObject({ code: 'key-taken', processId: keyed.id })

        const once = { transaction, idempotencyKey: 'twice' }
        const first = await engine.startProcess({ definition: 'order', input: 1 }, once)
        expect((await engine.startProcess({ definition: 'order', input: 1 }, once)).id).toBe(first.id)
        await expect(engine.startProcess({ definition: 'order', input: 2 }, once)).rejects.toMatchObject({
          code: 'idempotency-key-reused',
        })
      })
    })

    it('holds up nobody while the host takes its time', async () => {
      const { id } = await engine.startProcess({ definition: 'order' })
      const { tasks } = await engine.claimTasks({ worker: 'w', process: id })
      await inTransaction(async (transaction) => {
        await engine.startProcess(
          { definition: 'order', key: 'slow' },
          { transaction, idempotencyKey: 'slow' },
        )
        const same = await Promise.allSettled([
          engine.startProcess({ definition: 'order', key: 'slow' }),
          engine.startProcess({ definition: 'order' }, { idempotencyKey: 'slow' }),
          engine.completeTask(tasks[0]!.id, tasks[0]!.claim),
        ])
        expect(same).toMatchObject([
          { status: 'rejected', reason: { code: 'start-in-flight' } },
          { status: 'rejected', reason: { code: 'start-in-flight' } },
          { status: 'fulfilled', value: { state: 'completed' } },
        ])
      })
      await expect(engine.startProcess({ definition: 'order', key: 'slow' })).rejects.toMatchObject({
        code: 'key-taken',
      })
    })

    it('says at once what is not a transaction', async () => {
      const pool = new Pool({ connectionString: database.url })
      await expect(engine.startProcess({ definition: 'order' }, { transaction: pool })).rejects.toThrow(
        'Expected transaction to be a pg client',
      )
      await pool.end()
    })
  },
)
