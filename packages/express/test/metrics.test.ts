import express from 'express'
import { Registry } from 'prom-client'
import { expect, test, vi } from 'vitest'
import { openapiDocument } from '@tunacorn/protocol'
import { Reading } from '../src/metrics/reading.js'
import { Tally } from '../src/metrics/tally.js'
import { tunacorn } from '@tunacorn/express'
import { Api } from './support/api.js'
import { recordingLogger } from './support/recording-logger.js'
import { metricNames, scrape } from './support/scrape.js'
import { listen, serve } from './support/serve.js'
import { claimOne, complete, fail, register, run, start } from './support/steps.js'
import { onEachStore } from './support/stores.js'

onEachStore((serveFresh) => {
  test('attempts, processes and requests are counted', async () => {
    const { api } = await serveFresh({ metrics: true })
    await run(api, { A: [], B: ['A'] }, {}, { defaults: { retry: { limit: 1, delay: '0s' } } })
    await complete(api, await claimOne(api))
    await fail(api, await claimOne(api))
    await complete(api, await claimOne(api))
    await start(api, 'under-test')
    const samples = await scrape(api)
    expect(Object.fromEntries(samples)).toMatchObject({
      'tunacorn_attempts_total{outcome="completed",task="A"}': 1,
      'tunacorn_attempts_total{outcome="completed",task="B"}': 1,
      'tunacorn_attempts_total{outcome="failed",task="B"}': 1,
      'tunacorn_attempts_total{outcome="lapsed",task="B"}': 0,
      'tunacorn_processes_started_total{definition="under-test"}': 2,
      'tunacorn_processes_ended_total{definition="under-test",state="completed"}': 1,
      'tunacorn_processes_ended_total{definition="under-test",state="failed"}': 0,
      'tunacorn_tasks_handed_out_total{way="claim"}': 3,
      'tunacorn_http_requests_total{operation="startProcess",status="201"}': 2,
      tunacorn_claim_duration_seconds_count: 3,
      tunacorn_commit_duration_seconds_count: 5,
      tunacorn_commit_failures_total: 0,
      tunacorn_lane_batch_size_sum: 5,
      tunacorn_version_conflicts_total: 0,
      tunacorn_database_up: 1,
    })
  })

  test('what is on the board is told by task and state, and how long the first has waited', async () => {
    const { api } = await serveFresh({ metrics: true })
    await run(api, { A: [], B: [], C: [] })
    await claimOne(api, { names: ['A'] })
    const samples = await scrape(api)
    expect(Object.fromEntries(samples)).toMatchObject({
      'tunacorn_tasks{state="claimed",task="A"}': 1,
      'tunacorn_tasks{state="waiting",task="A"}': 0,
      'tunacorn_tasks{state="waiting",task="B"}': 1,
      'tunacorn_tasks{state="waiting",task="C"}': 1,
      'tunacorn_oldest_waiting_task_seconds{task="A"}': 0,
      'tunacorn_processes{state="running"}': 1,
      'tunacorn_processes{state="failed"}': 0,
    })
    const waited = samples.get('tunacorn_oldest_waiting_task_seconds{task="B"}')
    expect(waited).toBeGreaterThanOrEqual(0)
    expect(waited).toBeLessThan(60)
  })

  test('however many names are on the board, fifty are told by themselves, and the others together', async () => {
    const { api } = await serveFresh({ metrics: true })
    await run(api, Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`task ${n}`, []])))
    const waiting = [...(await scrape(api))].filter(([name]) =>
      name.startsWith('tunacorn_tasks{state="waiting"'),
    )
    expect(waiting).toHaveLength(51)
    expect(new Map(waiting).get('tunacorn_tasks{state="waiting",task="(other)"}')).toBe(20)
  })

  test('a lapse is counted when its task is handed out again', async () => {
    const { api } = await serveFresh({ metrics: true })
    await run(api, { A: [] }, {}, { defaults: { retry: 1 } })
    await claimOne(api, { lease: '100ms' })
    const again = await claimOne(api, { wait: '20s' })
    expect(again.attempt).toBe(2)
    expect((await scrape(api)).get('tunacorn_attempts_total{outcome="lapsed",task="A"}')).toBe(1)
  })

  test('a task that is handed over by the commit that unlocks it, and who waits for one, are seen', async () => {
    const { api, router } = await serveFresh({ metrics: true })
    await register(api, 'handed', { A: [] })
    const waiting = claimOne(api, { wait: '20s' })
    await vi.waitFor(() => expect(router.engine.load().waitingForTasks).toBe(1))
    expect((await scrape(api)).get('tunacorn_long_polls{for="tasks"}')).toBe(1)
    await vi.waitFor(async () => {
      await start(api, 'handed')
      expect((await scrape(api)).get('tunacorn_tasks_handed_out_total{way="handover"}')).toBe(1)
    })
    await waiting
    expect((await scrape(api)).get('tunacorn_long_polls{for="tasks"}')).toBe(0)
  })
})

test('a registry of its own tells of the Node.js process too; one of the host’s keeps what the host has there', async () => {
  const own = await serve({ metrics: true })
  expect(metricNames((await own.api.get('/metrics')).text)).toContain('nodejs_eventloop_lag_p99_seconds')

  const registry = new Registry()
  const hosted = await serve({ metrics: registry })
  const { text } = await hosted.api.get('/metrics')
  expect(metricNames(text).filter((name) => !name.startsWith('tunacorn_'))).toEqual([])
  expect(metricNames(await registry.metrics())).toEqual(metricNames(text))
})

test('without metrics the path is the host’s', async () => {
  const router = tunacorn({ logger: recordingLogger() })
  const url = await listen(
    express()
      .use(router)
      .get('/metrics', (_request, response) => void response.send('host')),
  )
  expect(await (await fetch(`${url}/metrics`)).text()).toBe('host')
  await router.close()
})

test('a scrape is answered while the database is away, and says so', async () => {
  const router = tunacorn({
    database: 'postgres://127.0.0.1:1/none',
    metrics: true,
    logger: recordingLogger(),
  })
  const api = new Api(await listen(express().use(router)))
  const samples = await scrape(api)
  expect(samples.get('tunacorn_database_up')).toBe(0)
  expect(samples.get('tunacorn_database_connections{state="max"}')).toBe(10)
  expect([...samples.keys()].filter((name) => /snapshot_age|_tasks\{/.test(name))).toEqual([])
  await router.close()
})

test('each operation has a name of its own, whatever is asked for', async () => {
  const { api } = await serve({ metrics: true })
  await api.get('/processes/01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c')
  await api.get('/tasks?limit=0')
  const counted = [...(await scrape(api)).keys()].filter((name) =>
    name.startsWith('tunacorn_http_requests_total'),
  )
  expect(counted.toSorted()).toEqual([
    'tunacorn_http_requests_total{operation="getProcess",status="404"}',
    'tunacorn_http_requests_total{operation="getProcess",status="500"}',
    'tunacorn_http_requests_total{operation="listTasks",status="400"}',
    'tunacorn_http_requests_total{operation="listTasks",status="500"}',
  ])
  expect(Object.keys(openapiDocument.paths)).toContain('/metrics')
})

test('beyond a hundred names, the others are counted together', async () => {
  const registry = new Registry()
  const tally = new Tally({ name: 'counted_total', help: 'x', labels: ['name'], kinds: ['each'], registry })
  for (let n = 0; n < 150; n += 1) tally.count(`name ${n % 150}`, 'each')
  tally.count('name 0', 'each')
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('counted_total{'))
  expect(lines).toHaveLength(101)
  expect(lines).toContain('counted_total{name="(other)"} 50')
  expect(lines).toContain('counted_total{name="name 0"} 2')
})

test('however many ask at once, the store is read once, and again only after a while', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  try {
    let reads = 0
    const reading = new Reading(async () => (reads += 1))
    expect(await Promise.all(Array.from({ length: 20 }, () => reading.get()))).toEqual(Array(20).fill(1))
    await vi.advanceTimersByTimeAsync(4_900)
    expect(await reading.get()).toBe(1)
    await vi.advanceTimersByTimeAsync(200)
    expect(await reading.get()).toBe(2)
  } finally {
    vi.useRealTimers()
  }
})

test('who asks is not kept waiting by a store that does not answer, and is not what makes it busier', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  try {
    let reads = 0
    let answer: (value: string) => void = () => {}
    const reading = new Reading(() => {
      reads += 1
      return new Promise<string>((resolve) => (answer = resolve))
    })
    const first = reading.get()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await first).toBeUndefined()
    const second = reading.get()
    answer('late')
    expect(await second).toBe('late')
    expect(reads).toBe(1)
  } finally {
    vi.useRealTimers()
  }
})

test('what cannot be read is not asked for again at once', async () => {
  let reads = 0
  const reading = new Reading(async () => {
    reads += 1
    throw new Error('away')
  })
  expect([await reading.get(), await reading.get()]).toEqual([undefined, undefined])
  expect(reads).toBe(1)
})
