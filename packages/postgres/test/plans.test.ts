import { Engine } from '@tunacorn/core'
import { aTask, claimTasks } from '@tunacorn/core/testing'
import { PostgresStore } from '@tunacorn/postgres'
import { Client, Pool, type QueryResult } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimTasksSql } from '../dist/statements/claim-tasks.js'
import { freshDatabase, postgresUrl } from './support/databases.js'
import { fillWithProcesses, processId } from './support/many-processes.js'

const url = postgresUrl()

const schema = 'tunacorn'

describe.skipIf(url === undefined)('the plans that PostgreSQL makes', () => {
  let database: { url: string; drop(): Promise<void> }

  beforeAll(async () => {
    database = await freshDatabase(url ?? '')
  })

  afterAll(() => database.drop())

  it('read what a batch is about, though they were made when the board was vacuumed and empty', async () => {
    const store = new PostgresStore(database.url, { maxConnections: 2 })
    await store.migrate()
    const engine = new Engine(store)
    await engine.registerDefinition(JSON.stringify({ name: 'small', tasks: wideTasks(3) }))
    await engine.registerDefinition(JSON.stringify({ name: 'wide', tasks: wideTasks(2_000) }))

    // Enough rounds that PostgreSQL settles for generic plans, with next to nothing on the board.
    for (let round = 0; round < 20; round += 1) {
      await engine.startProcess({ definition: 'small' })
      await workOff(engine, 10)
      if (round === 5) await query(database.url, `VACUUM ${schema}.task_list, ${schema}.process`)
    }

    const { id } = await engine.startProcess({ definition: 'wide' })
    await handInCounts(() => engine.listProcesses({ limit: 1 }))
    const before = await rowsRead(database.url)
    await workOff(engine, 20)
    await handInCounts(() => engine.listProcesses({ limit: 1 }))
    const read = (await rowsRead(database.url)) - before
    expect((await engine.fetchProcess(id)).record.state).toBe('completed')
    // About six for each task; a plan that reads the board for each batch takes a hundred and more.
    expect(read / 2_000).toBeLessThan(20)
    await engine.close()
    await store.close()
  })

  it('are made once, not for each batch anew', async () => {
    const pool = new Pool({ connectionString: database.url, max: 1 })
    const store = new PostgresStore(pool)
    await store.migrate()
    const engine = new Engine(store)
    await engine.registerDefinition(JSON.stringify({ name: 'pair', tasks: wideTasks(2) }))
    for (let round = 0; round < 30; round += 1) {
      // One at a time, and a few: neither may look as if it were worth a plan of its own.
      const processes = Array.from({ length: 3 + (round % 3) }, () => ({ definition: 'pair' }))
      await engine.startProcesses(processes)
      const criteria = round % 4 < 2 ? { names: ['t0', 't1'] } : { definition: 'pair' }
      let results: { task: string; claim: string }[] = []
      for (let more = true; more;) {
        const max = 1 + (round % 3)
        const { tasks } = await engine.claimTasks({ worker: 'w', max, ...criteria, results })
        results = tasks.map(({ id, claim }) => ({ task: id, claim }))
        await engine.heartbeat(results)
        if (round % 2 === 0) await engine.claimTasks({ worker: 'w', max: 0, results: results.splice(0) })
        more = tasks.length > 0
      }
    }
    const { rows } = await pool.query<{ name: string; custom_plans: string }>(
      `SELECT name, custom_plans FROM pg_prepared_statements
       WHERE name LIKE 'tunacorn_%' AND generic_plans + custom_plans > 20`,
    )
    const labels = rows.map(({ name }) => /^tunacorn_(.*)_/.exec(name)?.[1])
    expect(labels).toEqual(
      expect.arrayContaining([
        'start',
        'claim_names',
        'claim_any',
        'commit_completions',
        'commit_claiming_names',
        'commit_claiming_any',
        'extend',
      ]),
    )
    // PostgreSQL makes five before it considers one that is for all.
    for (const { name, custom_plans } of rows) expect(Number(custom_plans), name).toBeLessThanOrEqual(5)
    await engine.close()
    await store.close()
    await pool.end()
  })

  it.for([
    'never looked at',
    'looked at when empty',
    'looked at when it held a little',
    'looked at when all was claimed',
  ] as const)(
    'of a claim read no more than it takes, however full the board, which was %s',
    async (board) => {
      const fresh = await freshDatabase(url ?? '')
      const store = new PostgresStore(fresh.url, { maxConnections: 1 })
      await store.migrate()
      const put = async (count: number, nameOf: (n: number) => string = () => 'work') => {
        const tasks = Array.from({ length: count }, (_, n) => aTask({ name: nameOf(n), definition: 'd' }))
        await store.taskList.schedule(tasks)
      }
      if (board === 'looked at when it held a little') await put(12, (n) => `name ${n}`)
      if (board.startsWith('looked at when') && !board.endsWith('claimed'))
        await query(fresh.url, `VACUUM ANALYZE ${schema}.task_list`)
      const kinds = [{ names: ['work'] }, { definition: 'd' }]
      const claimAll = async (times: number) => {
        for (let n = 0; n < times; n += 1)
          for (const kind of kinds) expect(await claimTasks(store, { ...kind, max: 10 })).toHaveLength(10)
      }
      // Enough that PostgreSQL settles for generic plans, while there is little.
      await put(200)
      await claimAll(10)
      if (board === 'looked at when all was claimed') await query(fresh.url, `ANALYZE ${schema}.task_list`)
      await put(5_000)
      await claimAll(10)
      await handInCounts(() => store.definitionList.fetch('none'))
      const before = await rowsRead(fresh.url)
      await claimAll(20)
      await handInCounts(() => store.definitionList.fetch('none'))
      // Each is read to be picked, to be locked, and to be changed.
      expect((await rowsRead(fresh.url)) - before).toBeLessThan(5 * 400)
      await store.close()
      await fresh.drop()
    },
  )

  it('of a page of processes read no more than the page, however many processes there are', async () => {
    const fresh = await freshDatabase(url ?? '')
    const store = new PostgresStore(fresh.url, { maxConnections: 1 })
    await store.migrate()
    await fillWithProcesses(fresh.url, 20_000)
    const limit = 50
    const pages = [
      {},
      { beforeId: processId(10_000) },
      { beforeId: processId(limit + 1) },
      { state: 'completed' },
      { state: 'failed' },
      { definition: 'common' },
    ] as const
    await handInCounts(() => store.definitionList.fetch('none'))
    const before = await rowsRead(fresh.url)
    for (const page of pages) {
      // Enough that PostgreSQL considers a plan that is for all.
      for (let time = 0; time < 10; time += 1)
        expect(await store.processList.list({ ...page, limit })).toHaveLength(limit)
    }
    await handInCounts(() => store.definitionList.fetch('none'))
    const read = (await rowsRead(fresh.url)) - before
    expect(read / (pages.length * 10)).toBeLessThan(2 * limit)
    await store.close()
    await fresh.drop()
  })

  it('of a start with a key of its own read no more than that key, however many processes live', async () => {
    const fresh = await freshDatabase(url ?? '')
    const store = new PostgresStore(fresh.url, { maxConnections: 1 })
    await store.migrate()
    await fillWithProcesses(fresh.url, 20_000)
    const engine = new Engine({ ...store, timekeeping: false })
    await engine.registerDefinition(JSON.stringify({ name: 'common', tasks: wideTasks(1) }))
    const start = async (key: string) => {
      await engine.startProcess({ definition: 'common', key: `new ${key}` })
    }
    // Enough that PostgreSQL settles for a generic plan, when nearly nothing lives.
    for (let n = 0; n < 10; n += 1) await start(`${n}`)
    await query(fresh.url, `UPDATE ${schema}.process SET state = 'running', ended_at = NULL`)
    await handInCounts(() => store.definitionList.fetch('none'))
    const before = await rowsRead(fresh.url)
    for (let n = 10; n < 20; n += 1) await start(`${n}`)
    await handInCounts(() => store.definitionList.fetch('none'))
    expect(((await rowsRead(fresh.url)) - before) / 10).toBeLessThan(10)
    await engine.close()
    await store.close()
    await fresh.drop()
  })

  it.for(['empty', 'full of other tasks'] as const)(
    'of a look at the board read no more than what is asked for, though it was looked at when %s',
    async (board) => {
      const fresh = await freshDatabase(url ?? '')
      const store = new PostgresStore(fresh.url, { maxConnections: 1 })
      await store.migrate()
      const names = Array.from({ length: 20 }, (_, n) => `name ${n}`)
      const put = (count: number, nameOf: (n: number) => string) => {
        const tasks = Array.from({ length: count }, (_, n) => aTask({ name: nameOf(n), definition: 'd' }))
        return store.taskList.schedule(tasks)
      }
      const delay = () =>
        query(fresh.url, `UPDATE ${schema}.task_list SET claimable_at = now() + interval '1 day'`)
      const looks = async (times: number, found: { readonly ofThese: number; readonly any: number }) => {
        for (let n = 0; n < times; n += 1) {
          expect(await store.taskList.claimable(names)).toHaveLength(found.ofThese)
          expect(await store.taskList.claimable(undefined)).toHaveLength(found.any)
        }
      }
      if (board !== 'empty') await put(20_000, (n) => `other ${n % 20}`)
      await query(fresh.url, `VACUUM ANALYZE ${schema}.task_list`)
      // Enough that PostgreSQL settles for generic plans.
      await looks(10, { ofThese: 0, any: board === 'full of other tasks' ? 1 : 0 })
      await put(20_000, (n) => `name ${n % 20}`)
      await handInCounts(() => store.definitionList.fetch('none'))
      const before = await rowsRead(fresh.url)
      await looks(10, { ofThese: 20, any: 1 })
      await delay()
      await handInCounts(() => store.definitionList.fetch('none'))
      const between = await rowsRead(fresh.url)
      await looks(10, { ofThese: 0, any: 0 })
      await handInCounts(() => store.definitionList.fetch('none'))
      const after = await rowsRead(fresh.url)
      const changed = board === 'empty' ? 20_000 : 40_000
      expect((between - before - changed) / 10).toBeLessThan(3 * names.length)
      expect((after - between) / 10).toBeLessThan(3 * names.length)
      await store.close()
      await fresh.drop()
    },
  )

  it.for(['names', 'any', 'process', 'task'] as const)(
    'of a claim by %s are not compiled, however full the board',
    async (scope) => {
      const store = new PostgresStore(database.url)
      await store.migrate()
      await store.close()
      await query(
        database.url,
        `INSERT INTO ${schema}.task_list
        (process_id, task, name, definition, priority, scheduled_at, claimable_at, turn, timeout_ms, heartbeat_ms, schedule_timeout_ms)
       SELECT gen_random_uuid(), 0, 'work', 'd', 0, now(), now(), now(), 1, 1, 1 FROM generate_series(1, 50000)`,
      )
      await query(database.url, `ANALYZE ${schema}.task_list`)
      const where = {
        names: `, ARRAY['work']`,
        any: '',
        process: `, gen_random_uuid(), NULL`,
        task: `, gen_random_uuid(), 0`,
      }
      const plan = await query<{ 'QUERY PLAN': string }>(
        database.url,
        `PREPARE claim AS ${claimTasksSql(schema, scope)};
       EXPLAIN EXECUTE claim(ARRAY['worker'], ARRAY[30000], ARRAY['secret'], 250, NULL, ARRAY[1]${where[scope]})`,
      )
      const text = plan.map((line) => line['QUERY PLAN']).join('\n')
      expect(text).toContain('Update on task_list')
      expect(text).not.toContain('JIT')
    },
  )
})

function wideTasks(count: number): { name: string; needs?: string[] }[] {
  return Array.from({ length: count }, (_, task) => ({
    name: `t${task}`,
    ...(task === 0 ? {} : { needs: ['t0'] }),
  }))
}

/** Claims, extends and completes until nothing is left. */
async function workOff(engine: Engine, batch: number): Promise<void> {
  for (let more = true; more;) {
    const { tasks } = await engine.claimTasks({ worker: 'w', max: batch })
    const held = tasks.map(({ id, claim }) => ({ task: id, claim }))
    await engine.heartbeat(held)
    await engine.claimTasks({ worker: 'w', names: ['none'], results: held })
    more = tasks.length > 0
  }
}

async function rowsRead(databaseUrl: string): Promise<number> {
  const [row] = await query<{ read: string }>(
    databaseUrl,
    `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS read FROM pg_stat_user_tables
     WHERE schemaname = '${schema}' AND relname IN ('task_list', 'process', 'history')`,
  )
  return Number(row?.read)
}

/** A session hands in what it has counted with the first statement after a second. */
async function handInCounts(ask: () => Promise<unknown>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  await Promise.all(Array.from({ length: 8 }, ask))
}

async function query<Row extends object>(connectionString: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    const answers: unknown = await client.query<Row>(sql)
    // Of several statements, the last one's.
    return ([answers].flat().at(-1) as QueryResult<Row>).rows
  } finally {
    await client.end()
  }
}
