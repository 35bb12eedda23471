import { Engine } from '@tunacorn/core'
import { PostgresStore } from '@tunacorn/postgres'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase, postgresUrl } from './support/databases.js'

const url = postgresUrl()

describe.skipIf(url === undefined)('the plans that PostgreSQL makes', () => {
  let database: { url: string; drop(): Promise<void> }

  beforeAll(async () => {
    database = await freshDatabase(url ?? '')
  })

  afterAll(() => database.drop())

  it('find their rows by index, though the statements were first planned on an empty board', async () => {
    const store = new PostgresStore(database.url, { maxConnections: 2 })
    await store.migrate()
    const engine = new Engine(store)
    await engine.registerDefinition(JSON.stringify({ name: 'wide', tasks: wideTasks(2_000) }))

    // Enough rounds that PostgreSQL settles for a generic plan, on a board with next to nothing on it.
    for (let round = 0; round < 10; round += 1) {
      const { id } = await engine.startProcess({ definition: 'wide' })
      await workOff(engine, id, 1)
      await engine.cancelProcess(id)
    }
    await handInCounts(engine)
    await addIdleTasks(database.url, 100_000)
    const before = await rowsReadBySequentialScan(database.url)
    const { id } = await engine.startProcess({ definition: 'wide' })
    await workOff(engine, id, 20)
    await handInCounts(engine)
    expect((await rowsReadBySequentialScan(database.url)) - before).toBe(0)
    await engine.close()
    await store.close()
  })
})

function wideTasks(count: number): { name: string; needs?: string[] }[] {
  return Array.from({ length: count }, (_, task) => ({
    name: `t${task}`,
    ...(task === 0 ? {} : { needs: ['t0'] }),
  }))
}

async function workOff(engine: Engine, process: string, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const { tasks } = await engine.claimTasks({ worker: 'w', process, max: 250 })
    await engine.heartbeat(tasks.map(({ id, claim }) => ({ task: id, claim })))
    const results = tasks.map(({ id, claim }) => ({ task: id, claim }))
    await engine.claimTasks({ worker: 'w', names: ['t1', 'none'], results })
    await engine.claimTasks({ worker: 'w', definition: 'none' })
  }
}

/** A session hands in what it has counted with the first statement after a second. */
async function handInCounts(engine: Engine): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  await Promise.all(Array.from({ length: 8 }, () => engine.ping()))
}

async function addIdleTasks(databaseUrl: string, count: number): Promise<void> {
  await withClient(databaseUrl, (client) =>
    client.query(
      `INSERT INTO tunacorn.task_list
         (process_id, task, name, definition, priority, scheduled_at, claimable_at, turn)
       SELECT gen_random_uuid(), 0, 'idle', 'idle', 0, now(), now() + interval '1 day', now()
       FROM generate_series(1, $1)`,
      [count],
    ),
  )
}

async function rowsReadBySequentialScan(databaseUrl: string): Promise<number> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ read: number }>(
      `SELECT sum(seq_tup_read)::int AS read FROM pg_stat_user_tables
       WHERE schemaname = 'tunacorn' AND relname IN ('task_list', 'history')`,
    )
    return rows[0]?.read ?? 0
  })
}

async function withClient<T>(connectionString: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
