import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'
import express from 'express'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { TunaCornClient, Worker, type Handler } from '../packages/client/dist/index.js'
import { Engine, MemoryStore } from '../packages/core/dist/index.js'
import { tunacorn, type TunaCornRouter } from '../packages/express/dist/index.js'
import type { ClaimedTask, ClaimedTasks } from '../packages/protocol/dist/index.js'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { ask, call } from './support/api.js'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`

let router: TunaCornRouter
let server: Server
let url: string

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(provider)
  router = tunacorn({ logger: { debug() {}, info() {}, warn() {}, error() {} }, engine: { pollMs: 20 } })
  server = createServer(express().use(router)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const defaults = { retry: { limit: 1, delay: '0s' } }
  for (const definition of [
    { name: 'order', defaults, tasks: [{ name: 'Charge' }, { name: 'Ship', needs: ['Charge'] }] },
    { name: 'undo', tasks: [{ name: 'Refund' }] },
    { name: 'lost', failureProcess: 'undo', tasks: [{ name: 'Send' }] },
  ])
    await ask(url, 'POST', '/definitions', definition)
})

afterEach(() => exporter.reset())

afterAll(async () => {
  trace.disable()
  context.disable()
  await router.close()
  server.closeAllConnections()
  server.close()
})

/** Works until the process has ended. */
async function workOff(process: string, handler: Handler): Promise<void> {
  const worker = new Worker({ url, name: 'w1', handler })
  worker.start()
  await new TunaCornClient({ url }).waitForProcess(process)
  await worker.stop()
}

const named = (name: string): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.name === name)

function theSpan(name: string): ReadableSpan {
  const [span, another] = named(name)
  if (span === undefined || another !== undefined)
    throw new Error(
      `Expected one span ${name}, but found ${exporter
        .getFinishedSpans()
        .map((one) => one.name)
        .join()}`,
    )
  return span
}

test('a process is one trace, from the span it was started in to the commit of its last report', async () => {
  const client = new TunaCornClient({ url })
  const { id } = await trace.getTracer('test').startActiveSpan('checkout', async (span) => {
    const process = await client.startProcess({ definition: 'order' })
    span.end()
    return process
  })
  await workOff(id, (task) => task.name)
  await vi.waitFor(() => expect(named('complete')).toHaveLength(2))

  const checkout = theSpan('checkout')
  const spans = exporter.getFinishedSpans()
  expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(
    new Set([checkout.spanContext().traceId]),
  )
  // Those who start it: the client, and the engine behind it.
  const [byEngine, byClient] = named('start order')
  expect(byClient?.parentSpanContext?.spanId).toBe(checkout.spanContext().spanId)
  expect(byEngine?.parentSpanContext?.spanId).toBe(byClient?.spanContext().spanId)
  for (const name of ['process Charge', 'process Ship'])
    expect(theSpan(name).parentSpanContext?.spanId).toBe(byEngine?.spanContext().spanId)
  const attempts = ['process Charge', 'process Ship'].map((name) => theSpan(name).spanContext().spanId)
  expect(named('complete').map((span) => span.parentSpanContext?.spanId)).toEqual(attempts)
})

test('an attempt is a span, named as the conventions for messaging have it; one that fails says so', async () => {
  const { id } = await new TunaCornClient({ url }).startProcess({ definition: 'order' })
  await workOff(id, (task) => {
    if (task.name === 'Charge' && task.attempt === 1) throw new RangeError('no money')
  })
  const [first, second] = named('process Charge')
  expect(first?.attributes).toEqual({
    'messaging.system': 'tunacorn',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'Charge',
    'messaging.message.id': `${id}.0`,
    'messaging.message.conversation_id': id,
    'messaging.client.id': 'w1',
    'tunacorn.definition.name': 'order',
    'tunacorn.definition.version': 1,
    'tunacorn.task.attempt': 1,
    'error.type': 'RangeError',
  })
  expect(first?.status).toMatchObject({ code: 2, message: 'no money' })
  expect(second?.attributes).toMatchObject({ 'tunacorn.task.attempt': 2 })
  expect(second?.status.code).toBe(0)
  await vi.waitFor(() => theSpan('fail'))
})

test('a handler works inside of its span, and reads where its trace comes from', async () => {
  const { id } = await ask<{ id: string }>(url, 'POST', '/processes', { definition: 'undo' })
  const seen: unknown[] = []
  await workOff(id, (task) => {
    seen.push(task.traceparent?.split('-')[1], trace.getActiveSpan()?.spanContext().traceId)
  })
  const { traceId: own } = theSpan('process Refund').spanContext()
  expect(seen).toEqual([own, own])
})

test('the trace of a start request goes along to every worker, in whatever language, and to who cleans up', async () => {
  const started = await call(url, 'POST', '/processes', { definition: 'lost' }, undefined, { traceparent })
  expect(started.status).toBe(201)
  const claim = async (): Promise<ClaimedTask> => {
    const { tasks } = await ask<ClaimedTasks>(url, 'POST', '/tasks/claim', { worker: 'python', wait: '20s' })
    if (tasks[0] === undefined) throw new Error('Expected a task')
    return tasks[0]
  }
  const send = await claim()
  expect(send.traceparent).toMatch(new RegExp(`^00-${traceId}-[\\da-f]{16}-01$`))
  await ask(url, 'POST', `/tasks/${send.id}/fail`, { claim: send.claim, error: 'lost' })
  const refund = await claim()
  expect([refund.name, refund.traceparent]).toEqual(['Refund', send.traceparent])
  const results = [{ task: refund.id, claim: refund.claim, traceparent }]
  await ask(url, 'POST', '/tasks/claim', { worker: 'python', max: 0, results })
  expect(theSpan('complete').spanContext().traceId).toBe(traceId)
})

test.each(['nonsense', '', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `ff-${traceId}-00f067aa0ba902b7-01`])(
  'a traceparent that cannot be read is passed over: %j',
  async (wrong) => {
    const started = await call(url, 'POST', '/processes', { definition: 'undo' }, undefined, {
      traceparent: wrong,
    })
    expect(started.status).toBe(201)
    const { tasks } = await ask<ClaimedTasks>(url, 'POST', '/tasks/claim', { worker: 'w' })
    expect(tasks[0]?.traceparent).not.toContain(traceId)
    const { id, claim } = tasks[0] ?? { id: '', claim: '' }
    const report = await call(url, 'POST', `/tasks/${id}/complete`, { claim }, undefined, {
      traceparent: wrong,
    })
    expect(report.status).toBe(200)
  },
)

test('the engine by itself starts in the span that is active, or in the one that it is told', async () => {
  const engine = new Engine({ ...new MemoryStore(), timekeeping: false })
  await engine.registerDefinition('{"name": "one", "tasks": [{"name": "A"}]}')
  const claim = async () => (await engine.claimTasks({ worker: 'w' })).tasks[0]?.traceparent?.split('-')[1]
  const active = await trace.getTracer('test').startActiveSpan('host', async (span) => {
    await engine.startProcess({ definition: 'one' })
    span.end()
    return span.spanContext().traceId
  })
  expect(await claim()).toBe(active)
  await engine.startProcess({ definition: 'one' }, { traceparent })
  expect(await claim()).toBe(traceId)
  await engine.close()
})

test('where @opentelemetry/api is not installed, traces are passed on and nothing else happens', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tunacorn-untraced-'))
  const built = fileURLToPath(new URL('../packages/protocol/dist', import.meta.url))
  await cp(built, join(directory, 'dist'), { recursive: true })
  await writeFile(join(directory, 'package.json'), '{"type": "module"}')
  const program = `
    import { inSpan } from ${JSON.stringify(pathToFileURL(join(directory, 'dist/index.js')).href)}
    const describe = () => { throw new Error('asked') }
    const seen = await inSpan('${traceparent}', describe, async (span) => (span.fail(new Error('x')), span.traceparent))
    console.log(seen, await inSpan('nonsense', describe, async (span) => span.traceparent))`
  // Where pnpm says that there is more to be found.
  const env = { ...process.env, NODE_PATH: '' }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    env,
  })
  await rm(directory, { recursive: true })
  expect(stdout.trim()).toBe(`${traceparent} undefined`)
})
