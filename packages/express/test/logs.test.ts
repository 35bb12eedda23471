import express from 'express'
import pg from 'pg'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { tunacorn, type TunaCornOptions } from '@tunacorn/express'
import { Api } from './support/api.js'
import { recordingLogger } from './support/recording-logger.js'
import { listen, serve } from './support/serve.js'
import { claimAll, claimOne, complete, fail, register, run, start } from './support/steps.js'

type Line = Readonly<Record<string, unknown>>

/** TunaCorn in a host that has a logger for each request, as pino-http makes them. */
async function hosted(level: string, options: TunaCornOptions = {}): Promise<{ api: Api; lines: Line[] }> {
  const lines: Line[] = []
  const logger = pino(
    { level, base: null, timestamp: false },
    { write: (text) => lines.push(JSON.parse(text)) },
  )
  const router = tunacorn({ logger, ...options, engine: { pollMs: 20, ...options.engine } })
  onTestFinished(() => router.close())
  lines.length = 0
  let last = 0
  const app = express().use((request, _response, next) => {
    Object.assign(request, { log: logger.child({ reqId: (last += 1) }) })
    next()
  })
  return { api: new Api(await listen(app.use(router))), lines }
}

const retrying = { defaults: { retry: { limit: 1, delay: '0s' } } }

test('at debug each decision has one line, with its task, its attempt, its worker and its request', async () => {
  const { api, lines } = await hosted('debug')
  const process = await run(api, { A: [], B: ['A'] }, {}, retrying)
  await complete(api, await claimOne(api))
  await fail(api, await claimOne(api))
  await complete(api, await claimOne(api))
  const A = { process: process.id, task: `${process.id}.0`, name: 'A' }
  const B = { process: process.id, task: `${process.id}.1`, name: 'B' }
  const from = (reqId: number, level: number, msg: string, fields: object) => ({
    level,
    reqId,
    msg,
    ...fields,
  })
  const definition = 'under-test'
  expect(lines).toEqual([
    from(1, 30, 'definition registered', { definition, definitionVersion: 1, created: true }),
    from(2, 30, 'process started', { process: process.id, definition, definitionVersion: 1 }),
    from(3, 20, 'task claimed', { ...A, attempt: 1, worker: 'tester' }),
    from(4, 20, 'task completed', { ...A, attempt: 1, version: 2 }),
    from(5, 20, 'task claimed', { ...B, attempt: 1, worker: 'tester' }),
    from(6, 30, 'attempt failed', { ...B, attempt: 1, state: 'retrying' }),
    from(7, 20, 'task claimed', { ...B, attempt: 2, worker: 'tester' }),
    { level: 30, msg: 'process completed', process: process.id, definition },
    from(8, 20, 'task completed', { ...B, attempt: 2, version: 4 }),
  ])
})

test('at info there is what an operator wants to know: starts, ends, failures, lapses, and who has stepped in', async () => {
  const { api, lines } = await hosted('info')
  const process = await run(api, { A: [] }, {}, retrying)
  await claimOne(api, { lease: '100ms' })
  await fail(api, await claimOne(api, { worker: 'second', wait: '20s' }), 'broken')
  await start(api, 'under-test').then(({ id }) =>
    api.post(`/processes/${id}/cancel`, { by: 'ada', reason: 'private' }),
  )
  await api.post(`/tasks/${process.id}.0/complete`, { claim: `1.${'n'.repeat(22)}` })
  expect(lines.map(({ msg }) => msg)).toEqual([
    'definition registered',
    'process started',
    'attempt lapsed',
    'process failed',
    'attempt failed',
    'process started',
    'process cancelled',
    'report refused',
  ])
  expect(lines[2]).toMatchObject({
    task: `${process.id}.0`,
    name: 'A',
    attempt: 1,
    worker: 'tester',
    takenOverBy: 'second',
  })
  expect(lines[3]).toMatchObject({
    process: process.id,
    task: `${process.id}.0`,
    name: 'A',
    cause: 'reported',
  })
  expect(lines[6]).toMatchObject({ by: 'ada', reqId: expect.any(Number) as number })
  expect(lines[6]).not.toHaveProperty('reason')
})

test('where nobody wants what is for debugging, it is not put together', async () => {
  const log = { ...recordingLogger(), isLevelEnabled: (level: string) => level !== 'debug' }
  const router = tunacorn({ logger: log })
  onTestFinished(() => router.close())
  const api = new Api(await listen(express().use(router)))
  await run(api, { A: [] })
  await complete(api, await claimOne(api))
  expect(log.lines.filter(({ level }) => level === 'debug')).toEqual([])
})

test('what the host has at request.log and is no logger is not taken for one', async () => {
  const log = recordingLogger()
  const router = tunacorn({ logger: log })
  onTestFinished(() => router.close())
  const app = express().use((request, _response, next) => {
    Object.assign(request, { log: { info: 'text' } })
    next()
  })
  const api = new Api(await listen(app.use(router)))
  await register(api, 'a', { A: [] })
  await start(api, 'a')
  expect(log.lines.map(({ message }) => message)).toContain('process started')
})

test('that the store is away is told once, however many ask', async () => {
  const { api, log } = await serve({ database: 'postgres://127.0.0.1:1/none' })
  const asked = await Promise.all(Array.from({ length: 20 }, () => api.get('/processes')))
  expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([503]))
  expect(log.complaints().filter((message) => message === 'the store does not answer')).toHaveLength(1)
})

test('payloads stay out of the log', async () => {
  const { api, lines } = await hosted('debug')
  await run(api, { A: [], B: ['A'] }, { input: { pin: 'input-secret' } })
  await complete(api, await claimOne(api), { pin: 'output-secret' })
  await fail(api, await claimOne(api), { pin: 'error-secret' })
  await claimAll(api)
  expect(JSON.stringify(lines)).not.toMatch(/input-secret|output-secret|error-secret/)
})

test('of a connection that breaks while idle, only what went wrong is told', async () => {
  const pool = new pg.Pool({ connectionString: 'postgres://127.0.0.1:1/none' })
  onTestFinished(() => pool.end())
  const { log } = await serve({ database: pool })
  pool.emit(
    'error',
    Object.assign(new Error('gone'), { code: '57P01', client: { password: 'x' } }),
    {} as never,
  )
  const told = log.lines.filter(({ message }) => message.includes('broke while idle'))
  expect(told.map(({ fields }) => fields)).toEqual([{ error: 'gone', code: '57P01' }])
})
