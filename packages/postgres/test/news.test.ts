import { setTimeout as sleep } from 'node:timers/promises'
import { Engine } from '@tunacorn/core'
import { PostgresStore } from '@tunacorn/postgres'
import { Client, Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { PostgresTaskList } from '../dist/postgres-task-list.js'
import { freshDatabase, postgresUrl } from './support/databases.js'

/** So long that nobody looks by himself while these run. */
const never = 60_000
const soonMs = 5_000

describe.skipIf(postgresUrl() === undefined)('news between replicas', () => {
  let database: { url: string; drop(): Promise<void> }
  let admin: Client

  beforeAll(async () => {
    database = await freshDatabase(postgresUrl() ?? '')
    const store = new PostgresStore(database.url)
    await store.migrate()
    await store.close()
    admin = new Client({ connectionString: database.url })
    await admin.connect()
  })

  afterAll(async () => {
    await admin.end()
    await database.drop()
  })

  function replica({ pool }: { pool?: Pool } = {}): Engine {
    const store = new PostgresStore(pool ?? database.url)
    const engine = new Engine({ ...store, pollMs: never, timekeeping: false })
    onTestFinished(async () => {
      await engine.close()
      await store.close()
    })
    return engine
  }

  const listeners = async () => {
    const sql = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`
    return (await admin.query<{ pid: number }>(sql)).rows.map(({ pid }) => pid)
  }

  async function untilListening(count: number): Promise<number[]> {
    await vi.waitFor(async () => expect(await listeners()).toHaveLength(count), soonMs)
    // What it had missed before, it has looked for by now.
    await sleep(200)
    return listeners()
  }

  async function untilGiven(waiting: Promise<{ tasks: readonly { name: string }[] }>): Promise<string[]> {
    const begin = performance.now()
    const { tasks } = await waiting
    expect(performance.now() - begin).toBeLessThan(soonMs)
    return tasks.map(({ name }) => name)
  }

  it('bring to who waits at one what comes through another', async () => {
    const [here, there] = [replica(), replica()]
    await there.registerDefinition('{ name: p, tasks: [{ name: A }, { name: B, needs: [A] }] }')
    const first = here.claimTasks({ worker: 'w', names: ['A'], waitMs: never })
    await untilListening(1)
    await there.startProcess({ definition: 'p' })
    expect(await untilGiven(first)).toEqual(['A'])

    const second = here.claimTasks({ worker: 'w', names: ['B'], waitMs: never })
    const [task] = (await first).tasks
    await there.completeTask(task?.id ?? '', task?.claim ?? '')
    expect(await untilGiven(second)).toEqual(['B'])
  })

  it('bring what is to be tried again when its time has come, and what is given back', async () => {
    const [here, there] = [replica(), replica()]
    await there.registerDefinition('{ name: q, tasks: [{ name: Q, retry: { limit: 1, delay: 100ms } }] }')
    await there.startProcess({ definition: 'q' })
    const [held] = (await there.claimTasks({ worker: 'w', names: ['Q'] })).tasks
    const waiting = here.claimTasks({ worker: 'w', names: ['Q'], waitMs: never })
    await untilListening(1)
    await there.failTask(held?.id ?? '', held?.claim ?? '', 'as asked')
    expect(await untilGiven(waiting)).toEqual(['Q'])

    const [again] = (await waiting).tasks
    const other = here.claimTasks({ worker: 'x', names: ['Q'], waitMs: never })
    await there.releaseTask(again?.id ?? '', again?.claim ?? '')
    expect(await untilGiven(other)).toEqual(['Q'])
  })

  it('come again after their connection was cut', async () => {
    const [here, there] = [replica(), replica()]
    await there.registerDefinition('{ name: r, tasks: [{ name: R }] }')
    const waiting = here.claimTasks({ worker: 'w', names: ['R'], waitMs: never })
    const [pid] = await untilListening(1)
    await admin.query('SELECT pg_terminate_backend($1)', [pid])
    await vi.waitFor(async () => expect(await listeners()).not.toContain(pid), soonMs)
    await untilListening(1)
    await there.startProcess({ definition: 'r' })
    expect(await untilGiven(waiting)).toEqual(['R'])
  })

  it('take no connection before somebody waits, none of a small pool, and give theirs back', async () => {
    await untilListening(0)
    const [large, small] = [4, 3].map((max) => new Pool({ connectionString: database.url, max }))
    const store = new PostgresStore(large!)
    const engine = new Engine({ ...store, pollMs: 100, timekeeping: false })
    const poor = new Engine({ ...new PostgresStore(small!), pollMs: 100, timekeeping: false })
    await Promise.all([engine, poor].map((one) => one.claimTasks({ worker: 'w', names: ['no'] })))
    expect(await listeners()).toEqual([])
    const waiting = [engine, poor].map((one) => one.claimTasks({ worker: 'w', names: ['no'], waitMs: 2_000 }))
    await untilListening(1)
    await Promise.all([engine.close(), poor.close(), ...waiting])
    await store.close()
    await untilListening(0)
    // The host's pool is whole again.
    await Promise.all([large?.end(), small?.end()])
  })

  it('reach each engine on one store, and keep nobody from ending the pool', async () => {
    const pool = new Pool({ connectionString: database.url, max: 6 })
    const store = new PostgresStore(pool)
    const engines = [1, 2].map(() => new Engine({ ...store, pollMs: never, timekeeping: false }))
    const there = replica()
    await there.registerDefinition('{ name: s, tasks: [{ name: S1 }, { name: S2 }] }')
    const waiting = engines.map((one, place) =>
      one.claimTasks({ worker: 'w', names: [`S${place + 1}`], waitMs: never }),
    )
    await untilListening(1)
    await there.startProcess({ definition: 's' })
    expect(await Promise.all(waiting.map(untilGiven))).toEqual([['S1'], ['S2']])
    await Promise.all(engines.map((one) => one.close()))
    // Not one of the store's, which the host has no need to close.
    await pool.end()
    await store.close()
  })

  it('give back a connection that comes when the engine has closed already', async () => {
    const pool = new Pool({ connectionString: database.url, max: 4 })
    const store = new PostgresStore(pool)
    const engine = new Engine({ ...store, pollMs: never, timekeeping: false })
    const held = await Promise.all([1, 2, 3, 4].map(() => pool.connect()))
    const waiting = engine.claimTasks({ worker: 'w', names: ['none'], waitMs: never })
    await sleep(50)
    const closing = engine.close()
    for (const connection of held) connection.release()
    await closing
    expect((await waiting).tasks).toEqual([])
    await pool.end()
    await store.close()
  })

  it('are looked after at a bounded rate, however many there are', async () => {
    const [here, ...tellers] = [replica(), replica(), replica(), replica()]
    await tellers[0]?.registerDefinition('{ name: many, tasks: [{ name: M }] }')
    const waiting = here!.claimTasks({ worker: 'w', names: ['rare'], waitMs: 2_500 })
    await untilListening(1)
    const looks = vi.spyOn(PostgresTaskList.prototype, 'claimable')
    onTestFinished(() => looks.mockRestore())
    const begin = performance.now()
    while (performance.now() - begin < 1_000) {
      await Promise.all(tellers.map((one) => one.startProcess({ definition: 'many' })))
    }
    expect(looks.mock.calls.length).toBeGreaterThan(2)
    expect(looks.mock.calls.length).toBeLessThan(40)
    await waiting
  })
})
