import type { ProcessRecord, Store } from '@tunacorn/core'
import {
  aDefinition,
  aTask,
  attemptFailureOf,
  cancellationOf,
  claimTasks,
  judgementOf,
  pauseOf,
  resumptionOf,
  startOf,
  type KnownDefinition,
} from '@tunacorn/core/testing'
import { PostgresStore } from '@tunacorn/postgres'
import { Client, Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { freshDatabase, postgresUrl } from './support/databases.js'

const url = postgresUrl()
const idle = 100_000

describe.skipIf(url === undefined)('what time costs', () => {
  let database: { url: string; drop(): Promise<void> }
  let client: Client
  let pool: Pool
  let store: PostgresStore
  let definition: KnownDefinition

  beforeAll(async () => {
    database = await freshDatabase(url ?? '')
    client = new Client({ connectionString: database.url })
    await client.connect()
    // One session, so that what it has counted can be handed in.
    pool = new Pool({ connectionString: database.url, max: 1 })
    store = new PostgresStore(pool)
    await store.migrate()
    const { stored } = await store.definitionList.register(aDefinition())
    definition = { name: stored.name, version: stored.version, tasks: ['work'] }
    // Enough rounds that PostgreSQL settles for a generic plan, with next to nothing in its tables.
    for (let round = 0; round < 8; round += 1) await keepTime(store, definition, `early ${round}`)
    await addIdleRows(client)
    // As autovacuum does, within a minute.
    await client.query('ANALYZE')
  })

  afterAll(async () => {
    await store.close()
    await pool.end()
    await client.end()
    await database.drop()
  })

  it('is what is due, not what exists: no table is read through', async () => {
    const before = await rowsRead(pool, client)
    for (let round = 0; round < 3; round += 1) await keepTime(store, definition, `late ${round}`)
    const after = await rowsRead(pool, client)
    expect(after.bySequentialScan - before.bySequentialScan).toBe(0)
    // Some thousand rows are worked on, and none of the idle ones.
    expect(after.byIndex - before.byIndex).toBeLessThan(30_000)
  })

  it('is next to nothing when nothing is due', async () => {
    await store.taskList.due(250)
    const before = await rowsRead(pool, client)
    for (let turn = 0; turn < 10; turn += 1) {
      await store.taskList.beat()
      expect(await store.taskList.due(250)).toEqual([])
      expect(await store.processList.due(250)).toEqual([])
    }
    const after = await rowsRead(pool, client)
    expect(after.bySequentialScan - before.bySequentialScan).toBe(0)
    expect(after.byIndex - before.byIndex).toBeLessThan(100)
  })

  it('is two statements for a heartbeat of many attempts that are over', async () => {
    const name = 'over'
    const tasks = Array.from({ length: 50 }, () => aTask({ name, timeoutMs: 1 }))
    await store.taskList.schedule(tasks)
    const held = await claimTasks(store, { names: [name] })
    await new Promise((resolve) => setTimeout(resolve, 10))
    const query = vi.spyOn(pool, 'query')
    expect(await store.taskList.extend(held)).toEqual(held.map(() => undefined))
    expect(query).toHaveBeenCalledTimes(2)
  })

  it('is little for a claim while many tasks of its name wait for their time', async () => {
    await claimTasks(store, { names: ['idle'] })
    const begin = performance.now()
    for (let n = 0; n < 20; n += 1) expect(await claimTasks(store, { names: ['idle'] })).toEqual([])
    expect((performance.now() - begin) / 20).toBeLessThan(20)
  })
})

/** Once all that has to do with time, for a hundred processes. */
async function keepTime(store: Store, definition: KnownDefinition, round: string): Promise<void> {
  const { processList, taskList } = store
  const keys = Array.from({ length: 100 }, (_, n) => `${round} ${n}`)
  const starts = keys.map((key, n) =>
    startOf(definition, {
      key,
      once: { key, requestHash: 'hash' },
      timeoutMs: n < 10 ? 0 : 60_000,
      settings: { maxAttempts: 2, timeoutMs: 1 },
    }),
  )
  await processList.persist(starts)
  const records = async () => {
    const found = await processList.fetch(starts.map(({ id }) => ({ id, afterVersion: 0 })))
    return new Map(
      found.flatMap((one): [string, ProcessRecord][] => (one ? [[one.record.id, one.record]] : [])),
    )
  }
  const persist = async (decide: (record: ProcessRecord) => ReturnType<typeof pauseOf>) =>
    processList.persist([...(await records()).values()].map(decide))

  const claimed = await claimTasks(store, { names: ['work'], max: 250, leaseMs: 1 })
  await taskList.extend(claimed)
  await taskList.claimable(['work', 'other'])
  await taskList.claimable(undefined)
  await persist(pauseOf)
  await persist(resumptionOf)
  const current = await records()
  const [first, ...others] = await taskList.due(250)
  await processList.persist(others.map((due) => judgementOf(current.get(due.processId)!, due, 0)))
  const held = first && current.get(first.processId)
  if (held) {
    const read = { id: held.id, afterVersion: 0 }
    await processList.persistHeld(read, () => attemptFailureOf(held, { task: 0, claim: claimOf(first) }, 0))
  }
  for (const { processId, task, claim } of claimed.slice(0, 3))
    await processList.findReport({ processId, task, claim })
  await processList.due(250)
  await processList.findByKey(definition.name, keys[0]!)
  await processList.findOnce(keys[0]!)
  await processList.findOnce('unknown')
  await persist(cancellationOf)
  await processList.tidy({ endedMsAgo: 0, limit: 250 })
  await taskList.notePolls(
    keys.map((name) => ({ name, definition: definition.name })),
    [],
  )
  await taskList.lastPolls(keys.slice(0, 3), definition.name)
}

function claimOf({ attempt, secret }: { attempt: number; secret: string | undefined }) {
  return { attempt, secret: secret ?? '' }
}

async function addIdleRows(client: Client): Promise<void> {
  await client.query(
    `INSERT INTO tunacorn.task_list
       (process_id, task, name, definition, priority, scheduled_at, claimable_at, turn)
     SELECT gen_random_uuid(), 0, 'idle', 'idle', 0, now(), now() + interval '1 day', now()
     FROM generate_series(1, ${idle})`,
  )
  await client.query(
    `INSERT INTO tunacorn.process (id, definition, definition_version, state, version, total, completed, failed,
       priority, key, started_at, deadline, ended_at)
     SELECT gen_random_uuid(), 'idle', 1, CASE WHEN n % 2 = 0 THEN 'running' ELSE 'failed' END, 1, 1, 0, 0,
       0, 'key ' || n, now(), now() + interval '1 day', CASE WHEN n % 2 = 1 THEN now() + interval '1 day' END
     FROM generate_series(1, ${idle}) n`,
  )
  await client.query(
    `INSERT INTO tunacorn.history (process_id, version, type, at)
     SELECT id, 1, 'process-started', now() FROM tunacorn.process`,
  )
  await client.query(
    `INSERT INTO tunacorn.started_once (key, request_hash, process_id)
     SELECT 'idle ' || n, 'hash', gen_random_uuid() FROM generate_series(1, ${idle}) n`,
  )
  await client.query(
    `INSERT INTO tunacorn.poll (name, at) SELECT 'idle ' || n, now() FROM generate_series(1, 1000) n`,
  )
}

async function rowsRead(pool: Pool, client: Client): Promise<{ bySequentialScan: number; byIndex: number }> {
  // A session hands in what it has counted with the first statement after a second.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  await pool.query('SELECT 1')
  await pool.query('SELECT 1')
  const { rows } = await client.query<{ sequential: number; index: number }>(
    `SELECT sum(seq_tup_read)::int AS sequential, sum(idx_tup_fetch)::int AS index FROM pg_stat_user_tables
     WHERE schemaname = 'tunacorn' AND relname IN ('task_list', 'history', 'process', 'started_once', 'poll')`,
  )
  return { bySequentialScan: rows[0]?.sequential ?? 0, byIndex: rows[0]?.index ?? 0 }
}
