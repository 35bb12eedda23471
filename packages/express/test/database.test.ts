import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { ClaimedTasks, Process, ProcessPage } from '@tunacorn/protocol'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { tunacorn } from '@tunacorn/express'
import { freshDatabase, postgresUrl } from '../../postgres/test/support/databases.js'
import { ThrowAwayCluster } from '../../postgres/test/support/throw-away-cluster.js'
import { recordingLogger } from './support/recording-logger.js'
import { serve } from './support/serve.js'
import { claimOne, complete, register, run, show, start } from './support/steps.js'

const unavailable = { status: 503, headers: { 'retry-after': '1' }, body: { code: 'unavailable' } }

describe('without a database', () => {
  test('it says once that nothing will last, and is ready at once', async () => {
    const log = recordingLogger()
    const router = tunacorn({ logger: log })
    await router.ready
    await router.close()
    expect(log.complaints()).toEqual([expect.stringContaining('kept in memory')])
  })

  test('closing twice is closing once', async () => {
    const router = tunacorn({ logger: recordingLogger() })
    expect(router.close()).toBe(router.close())
    await router.close()
  })
})

describe.skipIf(postgresUrl() === undefined)('with a database', () => {
  async function database(): Promise<string> {
    const { url, drop } = await freshDatabase(postgresUrl() ?? '')
    onTestFinished(drop)
    return url
  }

  function poolOf(url: string): pg.Pool {
    const pool = new pg.Pool({ connectionString: url })
    onTestFinished(() => pool.end())
    return pool
  }

  test('what was stored is there again for who comes after', async () => {
    const url = await database()
    const first = await serve({ database: url })
    const process = await run(first.api, { A: [], B: ['A'] })
    await complete(first.api, await claimOne(first.api), { a: 1 })
    await first.router.close()

    const second = await serve({ database: url })
    expect(await show(second.api, process)).toMatchObject({ state: 'running', version: 2 })
    expect((await claimOne(second.api)).needs).toEqual({ A: { a: 1 } })
    expect(second.log.complaints()).toEqual([])
  })

  test('two on one database are one: what one starts, another that waits is handed', async () => {
    const url = await database()
    const one = await serve({ database: url })
    const other = await serve({ database: url })
    await register(one.api, 'a', { A: [] })
    const waiting = other.api.post<ClaimedTasks>('/tasks/claim', { worker: 'w', wait: '30s' })
    const process = await start(one.api, 'a')
    const [task] = (await waiting).body.tasks
    expect(task?.process.id).toBe(process.id)
    expect((await one.api.post(`/tasks/${task?.id}/complete`, { claim: task?.claim })).status).toBe(200)
    expect(await show(other.api, process)).toMatchObject({ state: 'completed' })
  })

  test('two on one database are one: who waits at one for an end that comes at the other is answered', async () => {
    const url = await database()
    const one = await serve({ database: url })
    const other = await serve({ database: url })
    const process = await run(one.api, { A: [] })
    const waiting = other.api.get<Process>(`/processes/${process.id}?wait=60s`)
    await complete(one.api, await claimOne(one.api))
    expect((await waiting).body.state).toBe('completed')
  })

  test('two on one database are one: a start that is sent to both happens once', async () => {
    const url = await database()
    const one = await serve({ database: url })
    const other = await serve({ database: url })
    await register(one.api, 'a', { A: [] })
    const headers = { 'idempotency-key': 'order-1' }
    const answers = await Promise.all(
      [one, other, one, other, one, other].map(({ api }) =>
        api.send<Process>('post', '/processes', { json: { definition: 'a', input: 1 }, headers }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 201])
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect((await other.api.get<ProcessPage>('/processes')).body.items).toHaveLength(1)
  })

  test('of two in other schemas, neither sees what is the other’s', async () => {
    const url = await database()
    const one = await serve({ database: url, schema: 'one' })
    const other = await serve({ database: url, schema: 'The "other"' })
    await run(one.api, { A: [] })
    expect((await other.api.get<ProcessPage>('/processes')).body.items).toEqual([])
    await run(other.api, { B: [] })
    expect((await claimOne(one.api)).name).toBe('A')
  })

  test('the host’s pool may be given, or what has one; it is the host’s after closing as before', async () => {
    const pool = poolOf(await database())
    const listeners = pool.listenerCount('error')
    for (const given of [pool, { pool }]) {
      const { api, router } = await serve({ database: given })
      expect((await api.get('/readyz')).status).toBe(200)
      await router.close()
      expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    }
    expect(pool.listenerCount('error')).toBe(listeners)
  })

  test('who asks a closed one is told to try later', async () => {
    const { api, router } = await serve({ database: await database() })
    await register(api, 'a', { A: [] })
    await router.close()
    expect(await api.get('/processes')).toMatchObject(unavailable)
    expect(await api.get('/readyz')).toMatchObject(unavailable)
    expect(await api.post('/processes', { definition: 'a' })).toMatchObject({
      status: 503,
      body: { code: 'closing' },
    })
    expect((await api.get('/livez')).status).toBe(200)
  })
})

test('where the database hangs from the start, /readyz says so long before others give up', async () => {
  const open = new Set<Socket>()
  const hanging = createServer((socket) => void open.add(socket)).listen(0, '127.0.0.1')
  await once(hanging, 'listening')
  const { port } = hanging.address() as AddressInfo
  const { api } = await serve({ database: `postgres://127.0.0.1:${port}/none` })
  onTestFinished(() => {
    hanging.close()
    for (const socket of open) socket.destroy()
  })
  const listed = api.get('/processes')
  listed.catch(() => {})
  const first = await Promise.race([api.get('/readyz'), listed.then(() => undefined)])
  expect(first).toMatchObject(unavailable)
})

describe.skipIf(ThrowAwayCluster.find() === undefined)('while the database is away', () => {
  const away: { cluster?: ThrowAwayCluster } = {}
  const cluster = () => {
    if (away.cluster === undefined) throw new Error('Expected a cluster')
    return away.cluster
  }
  beforeAll(async () => {
    away.cluster = await ThrowAwayCluster.create()
  })
  afterAll(() => away.cluster?.remove())

  const untilBack = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 100 })

  test('from the start, it answers 503 and says when to try again; once it is there, all is well', async () => {
    await cluster().stop()
    const { api, router, log } = await serve({ database: cluster().url, schema: 'from_the_start' })
    await expect(router.ready).rejects.toMatchObject({ code: 'unavailable' })
    for (const path of ['/processes', '/definitions/a', '/tasks', '/readyz']) {
      expect(await api.get(path)).toMatchObject(unavailable)
    }
    expect(await api.post('/tasks/claim', { worker: 'w', wait: '60s' })).toMatchObject(unavailable)
    expect((await api.get('/livez')).status).toBe(200)
    // What is wrong with a request is said all the same.
    expect((await api.get('/processes?limit=0')).status).toBe(400)

    await cluster().start()
    await untilBack(async () => expect((await api.get('/readyz')).status).toBe(200))
    await run(api, { A: [] })
    await complete(api, await claimOne(api))
    const complaints = new Set(log.complaints())
    expect(complaints).toContain('the store does not answer')
    // Whether time was to be kept meanwhile is chance.
    complaints.delete('could not keep time; trying again')
    expect([...complaints]).toEqual(['the store does not answer'])
  })

  test('for a while, it answers 503; who waits for work all that time is handed it in the end', async () => {
    const { api, router } = await serve({ database: cluster().url, schema: 'for_a_while' })
    await register(api, 'a', { A: [] })
    const process = await start(api, 'a')
    const task = await claimOne(api, { lease: '1h' })
    const claims = vi.spyOn(router.engine, 'claimTasks')
    const waiting = api.post<ClaimedTasks>('/tasks/claim', { worker: 'patient', wait: '60s' })
    await vi.waitFor(() => expect(claims).toHaveBeenCalledOnce())
    // Once this has been answered, that has found nothing and waits.
    await api.get('/tasks')

    await cluster().stop('immediate')
    expect(await api.get('/processes')).toMatchObject(unavailable)
    expect(await api.post('/processes', { definition: 'a' })).toMatchObject(unavailable)
    expect(await api.post(`/tasks/${task.id}/complete`, { claim: task.claim })).toMatchObject(unavailable)
    expect(await api.get('/readyz')).toMatchObject(unavailable)

    await cluster().start()
    await untilBack(async () => expect((await api.get('/readyz')).status).toBe(200))
    // The report that got no answer is sent again.
    await complete(api, task)
    expect(await show(api, process)).toMatchObject({ state: 'completed', version: 2 })
    const next = await start(api, 'a')
    expect((await waiting).body).toMatchObject({ tasks: [{ process: { id: next.id } }] })
  })

  test('it can be closed', async () => {
    const router = tunacorn({ logger: recordingLogger(), database: cluster().url, schema: 'closed' })
    await router.ready
    await cluster().stop('immediate')
    const begin = performance.now()
    await router.close()
    expect(performance.now() - begin).toBeLessThan(5_000)
    await cluster().start()
  })
})
