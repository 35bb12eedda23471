import { Engine, parseTaskId, type ClaimedTask, type ProcessChange, type ProcessList } from '@tunacorn/core'
import { PostgresStore } from '@tunacorn/postgres'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase, postgresUrl } from './support/databases.js'

const url = postgresUrl()

/** Layers of tasks, each needing some of the layer before: joins and forks everywhere. */
function layered(name: string, layers: number, width: number): string {
  const tasks = Array.from({ length: layers * width }, (_, task) => {
    const layer = Math.floor(task / width)
    const before = (offset: number) => `t${(layer - 1) * width + ((task + offset) % width)}`
    return { name: `t${task}`, needs: layer === 0 ? [] : [before(0), before(1), before(3)] }
  })
  return JSON.stringify({ name, tasks })
}

/** A list that is another one except for some of its methods. */
function standIn(list: ProcessList, methods: Partial<ProcessList>): ProcessList {
  return new Proxy(list, {
    get(target, key) {
      const value: unknown = Reflect.get(methods, key) ?? Reflect.get(target, key)
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  })
}

function isRetry(changes: readonly ProcessChange[]): boolean {
  return changes.some(({ events }) => events.some(({ type }) => type === 'process-retried'))
}

describe.skipIf(url === undefined)('engines on PostgreSQL', () => {
  let database: { url: string; drop(): Promise<void> }
  let stores: PostgresStore[]
  let engines: Engine[]

  beforeAll(async () => {
    database = await freshDatabase(url ?? '')
    stores = [1, 2, 3].map(() => new PostgresStore(database.url))
    await Promise.all(stores.map((store) => store.migrate()))
    engines = stores.map((store) => new Engine({ ...store, pollMs: 50 }))
  })

  afterAll(async () => {
    await Promise.all(engines.map((engine) => engine.close()))
    await Promise.all(stores.map((store) => store.close()))
    await database.drop()
  })

  it('no table holds a claim that a task could be reported with, whatever became of it', async () => {
    const [engine] = engines as [Engine]
    const retry = { limit: 3, delay: '0s' }
    const tasks = ['held', 'done', 'broken', 'lapsed'].map((name) => ({ name, retry }))
    await engine.registerDefinition(JSON.stringify({ name: 'claimed', tasks }))
    const { id } = await engine.startProcess({ definition: 'claimed' })
    const ask = { worker: 'w', definition: 'claimed', max: 1, waitMs: 20_000 }
    const claimed = new Map<string, ClaimedTask>()
    const claimOf = async (name: string, leaseMs?: number) => {
      const [task] = (await engine.claimTasks({ ...ask, names: [name], leaseMs })).tasks
      claimed.set(`${name} ${task?.attempt}`, task!)
      return task!
    }
    await claimOf('held')
    const done = await claimOf('done')
    await engine.completeTask(done.id, done.claim)
    const broken = await claimOf('broken')
    await engine.failTask(broken.id, broken.claim, 'no')
    await claimOf('lapsed', 1)
    await claimOf('lapsed')
    await engine.cancelProcess(id)

    const client = new Pool({ connectionString: database.url })
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'tunacorn'",
    )
    const dumped: string[] = []
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM tunacorn.${name} t`)
      dumped.push(...rows.map(({ row }) => row))
    }
    await client.end()
    expect(claimed.size).toBe(5)
    expect(dumped.filter((row) => row.includes(id)).length).toBeGreaterThan(3)
    for (const { claim } of claimed.values()) {
      const [, secret = ''] = claim.split('.')
      expect(dumped.filter((row) => row.includes(secret))).toEqual([])
    }
  })

  it('of two definitions that name each other as failure process, one is registered, whoever asks whom', async () => {
    const text = (name: string, failureProcess?: string) =>
      JSON.stringify({
        name,
        ...(failureProcess !== undefined && { failureProcess }),
        tasks: [{ name: 'A' }],
      })
    for (let round = 0; round < 10; round += 1) {
      const [g, h] = [`g${round}`, `h${round}`]
      await engines[0]!.registerDefinition(text(g))
      await engines[0]!.registerDefinition(text(h))
      const registered = await Promise.allSettled([
        engines[0]!.registerDefinition(text(g, h)),
        engines[1]!.registerDefinition(text(h, g)),
      ])
      expect(registered.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    }
  })

  it('three replicas and twelve workers run processes with every task once, and never before its needs', async () => {
    await engines[0]!.registerDefinition(layered('layered', 6, 10))
    const started = await engines[0]!.startProcesses(
      Array.from({ length: 20 }, () => ({ definition: 'layered', input: { from: 'test' } })),
    )
    const ids = started.map(({ process }) => process!.id)
    const handedOut: string[] = []
    let open = ids.length * 60

    const work = async (worker: number) => {
      const engine = engines[worker % engines.length]!
      let results: { task: string; claim: string; output: unknown }[] = []
      while (open > 0) {
        const max = 1 + (worker % 7)
        const answer = await engine.claimTasks({ worker: `w${worker}`, max, waitMs: 200, results })
        open -= answer.results.filter(({ refusal }) => refusal === undefined).length
        for (const task of answer.tasks) {
          handedOut.push(task.id)
          // Every need has put out its own name, and all of them are there.
          for (const [need, output] of Object.entries(task.needs ?? {})) expect(output.value()).toBe(need)
          const { task: index } = parseTaskId(task.id)!
          expect(Object.keys(task.needs ?? {})).toHaveLength(index < 10 ? 0 : 3)
        }
        results = answer.tasks.map(({ id, claim, name }) => ({ task: id, claim, output: name }))
      }
    }
    await Promise.all(Array.from({ length: 12 }, (_, worker) => work(worker)))

    expect(new Set(handedOut).size).toBe(handedOut.length)
    expect(handedOut).toHaveLength(ids.length * 60)
    for (const id of ids) {
      const { record } = await engines[1]!.fetchProcess(id)
      expect([record.state, record.version]).toEqual(['completed', 61])
      const { items } = await engines[2]!.history(id, { limit: 1000 })
      const ended = new Map(items.map(({ task, version }) => [task, version]))
      expect(items.map(({ version }) => version)).toEqual(Array.from({ length: 61 }, (_, n) => n + 1))
      const { items: tasks } = await engines[2]!.listProcessTasks(id, { limit: 1000 })
      const versionOf = new Map(tasks.map(({ name }, index) => [name, ended.get(index) ?? 0]))
      for (const { name, needs } of tasks) {
        for (const need of needs) expect(versionOf.get(need)!).toBeLessThan(versionOf.get(name)!)
      }
    }
  })

  it('a fan-out of 5,000 tasks with a join is run in seconds', async () => {
    const middle = Array.from({ length: 5_000 }, (_, task) => `t${task}`)
    const tasks = [
      { name: 'begin' },
      ...middle.map((name) => ({ name, needs: ['begin'] })),
      { name: 'end', needs: middle },
    ]
    const engine = engines[0]!
    await engine.registerDefinition(JSON.stringify({ name: 'fan', tasks }))
    const { id: process } = await engine.startProcess({ definition: 'fan' })
    const begin = performance.now()
    let results: { task: string; claim: string }[] = []
    for (let more = true; more;) {
      const answer = await engine.claimTasks({ worker: 'w', process, max: 250, results })
      results = answer.tasks.map(({ id, claim }) => ({ task: id, claim }))
      more = results.length > 0
    }
    expect((await engine.fetchProcess(process)).record.state).toBe('completed')
    expect(performance.now() - begin).toBeLessThan(10_000)
  })

  it('refuses a retry whose key is taken between the look at it and the commit, and says by whom', async () => {
    const { processList, ...lists } = stores[0]!
    const takers: string[] = []
    const taken = standIn(processList, {
      // Others are always quicker, so that it comes to holding the process.
      persist: async (changes) =>
        isRetry(changes) ? changes.map(() => ({ status: 'moved' })) : processList.persist(changes),
      persistHeld: async (read, decide) => {
        if (takers.length === 0) {
          takers.push((await engines[1]!.startProcess({ definition: 'keyed', key: 'k' })).id)
        }
        return processList.persistHeld(read, decide)
      },
    })
    const engine = new Engine({ ...lists, processList: taken })
    await engine.registerDefinition('name: keyed\ntasks: [{name: A}]')
    const { id } = await engine.startProcess({ definition: 'keyed', key: 'k' })
    const { tasks } = await engine.claimTasks({ worker: 'w', process: id })
    await engine.failTask(tasks[0]!.id, tasks[0]!.claim, 'broken')
    const refused = await engine.retryProcess(id).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'key-taken', processId: takers[0] })
    expect((await engine.fetchProcess(id)).record.state).toBe('failed')
    await engine.close()
  })

  it('goes on without prepared statements when a pooler stands between', async () => {
    // What PgBouncer in transaction mode does: another session, to which nothing has been prepared.
    const pool = new Pool({ connectionString: database.url, max: 1 })
    const store = new PostgresStore(pool)
    const engine = new Engine(store)
    await engine.registerDefinition('name: pooled\ntasks: [{name: A}]')
    await engine.startProcess({ definition: 'pooled' })
    for (let round = 0; round < 3; round += 1) {
      await pool.query('DEALLOCATE ALL')
      const { id } = await engine.startProcess({ definition: 'pooled' })
      expect((await engine.fetchProcess(id)).record.state).toBe('running')
    }
    await engine.close()
    await store.close()
    expect(pool.ended).toBe(false)
    await pool.end()
  })
})
