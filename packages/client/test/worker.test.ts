import {
  TaskFailure,
  Worker,
  type TaskFailureOptions,
  type WorkerClient,
  type WorkerOptions,
} from '@tunacorn/client'
import type { ClaimedTask } from '@tunacorn/protocol'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeServer } from './support/fake-server.js'
import { Gate } from './support/gate.js'

let server: FakeServer
const workers: Worker[] = []

beforeEach(async () => {
  server = await FakeServer.start()
})

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop({ graceMs: 0 })))
  await server.goDown()
})

function startWorker(options: Omit<WorkerOptions, 'url'>): Worker {
  const worker = new Worker({ url: server.url, ...options })
  workers.push(worker)
  worker.start()
  return worker
}

const areDone = () => server.tasks.length > 0 && server.inState('completed').length === server.tasks.length

describe('claiming and reporting', () => {
  it('reports what the handler returns as the output of the task', async () => {
    const task = server.addTask('greet')
    startWorker({ handlers: { greet: ({ name }) => ({ greeted: name }) } })
    await server.until(areDone)
    expect(task.result).toEqual({ task: task.id, claim: task.claim, output: { greeted: 'greet' } })
  })

  it('says who it is, which names it handles, and how long it waits', async () => {
    startWorker({
      name: 'ada',
      handlers: { a: () => 1, b: () => 2 },
      definition: 'd',
      process: '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c',
      concurrency: 7,
      waitMs: 2_000,
      leaseMs: 60_000,
      attributes: false,
    })
    await server.until(() => server.polls.length === 1)
    const only = { names: ['a', 'b'], definition: 'd', process: '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c' }
    expect(server.polls).toEqual([
      { worker: 'ada', ...only, max: 7, wait: '2s', lease: '1m', attributes: false },
    ])
  })

  it('claims tasks of any name with a handler for all', async () => {
    server.addTasks('one')
    server.addTasks('another')
    const names: string[] = []
    startWorker({ handlers: { one: () => names.push('its own') }, handler: ({ name }) => names.push(name) })
    await server.until(areDone)
    expect(server.polls[0]).not.toHaveProperty('names')
    expect(names.toSorted()).toEqual(['another', 'its own'])
  })

  it('asks for work beside a report, where one call cannot fill its slots', async () => {
    const calls: { max?: number; results?: readonly unknown[] }[] = []
    const gate = new Gate()
    const task = server.addTask('one')
    const client: WorkerClient = {
      heartbeatTasks: () => Promise.resolve({ tasks: [] }),
      releaseTask: () => Promise.resolve(),
      claimTasks: async (body) => {
        calls.push(body)
        if (calls.length === 1) return { tasks: [claimedTask(task.id)] }
        await gate.opened
        return {
          tasks: [],
          results: body.results?.map(() => ({ task: task.id, status: 200 as const })) ?? [],
        }
      },
    }
    const worker = new Worker({ client, handlers: { one: () => null }, concurrency: 400 })
    workers.push(worker)
    worker.start()
    await expect.poll(() => calls.length).toBe(3)
    const slots = calls.map(({ max = 1, results }) => [max, results?.length ?? 0])
    // The first poll; then the report with as many slots as it may have, and a poll for the others.
    expect(slots).toEqual([
      [250, 0],
      [250, 1],
      [150, 0],
    ])
    gate.open()
  })

  it('reports a step of a chain and claims the next in one call', async () => {
    server.onCompleted = () => {
      if (server.tasks.length < 20) server.addTask('step')
    }
    server.addTask('step')
    startWorker({ handlers: { step: () => null }, concurrency: 1 })
    await server.until(() => server.tasks.length === 20 && areDone())
    expect(server.reports).toHaveLength(20)
    expect(server.polls).toHaveLength(1)
  })

  it('carries many short tasks in few calls', async () => {
    server.addTasks('short', 1_000)
    startWorker({ handlers: { short: () => null }, concurrency: 100 })
    await server.until(areDone)
    expect(server.reports.length).toBeLessThanOrEqual(20)
  })

  it('reports at once while a poll is open', async () => {
    const gate = new Gate()
    server.addTask('slow')
    startWorker({ handlers: { slow: () => gate.opened }, concurrency: 2 })
    await server.until(() => server.polls.length === 2)
    gate.open()
    await server.until(areDone)
    expect(server.isPolled).toBe(true)
    expect(server.reports).toMatchObject([{ max: 1 }])
  })

  it('keeps no more than one poll open, and none when every slot is taken', async () => {
    const gate = new Gate()
    server.addTasks('slow', 2)
    startWorker({ handlers: { slow: () => gate.opened }, concurrency: 2 })
    await server.until(() => server.inState('claimed').length === 2)
    await wait(50)
    expect(server.isPolled).toBe(false)
    expect(server.polls).toHaveLength(1)
    gate.open()
    await server.until(areDone)
    await server.until(() => server.isPolled)
    expect(server.polls).toHaveLength(2)
  })

  it('never runs more handlers than its concurrency', async () => {
    let running = 0
    let most = 0
    server.onCompleted = () => {
      if (server.tasks.length < 300) server.addTasks('task', 2)
    }
    server.addTasks('task', 40)
    const handler = async () => {
      most = Math.max(most, ++running)
      await wait(Math.random() * 4)
      running--
    }
    startWorker({ handler, concurrency: 7 })
    await server.until(() => server.tasks.length >= 300 && areDone())
    expect(most).toBe(7)
  })

  it('does not ask again and again when polls come back empty at once', async () => {
    let calls = 0
    const claimTasks = async () => {
      calls++
      return { tasks: [] }
    }
    const client = { claimTasks, heartbeatTasks: nothing, releaseTask: nothing }
    const worker = new Worker({ client, handler: () => null })
    worker.start()
    await wait(200)
    await worker.stop()
    expect(calls).toBeLessThan(5)
  })
})

describe('failing', () => {
  it('fails the task with the message, name and code of what was thrown, never the stack', async () => {
    const task = server.addTask('bad')
    const error = Object.assign(new RangeError('Credit score was too low!'), { code: 'LOW', secret: 1 })
    startWorker({ handlers: { bad: () => Promise.reject(error) } })
    await server.until(() => task.state === 'failed')
    expect(task.result?.error).toEqual({
      message: 'Credit score was too low!',
      name: 'RangeError',
      code: 'LOW',
    })
  })

  it('fails the task when something other than an error is thrown, or at once', async () => {
    const task = server.addTask('bad')
    startWorker({
      handlers: {
        bad: () => {
          throw 'out of paper'
        },
      },
    })
    await server.until(() => task.state === 'failed')
    expect(task.result?.error).toEqual({ message: 'out of paper', name: 'Error' })
  })

  it('fails only the task whose output cannot be written as JSON', async () => {
    const bad = server.addTask('bad')
    const good = server.addTasks('good', 9)
    startWorker({ handlers: { bad: () => ({ amount: 10n }), good: () => 'fine' } })
    await server.until(() => server.inState('claimed').length + server.inState('scheduled').length === 0)
    expect(bad.result?.error).toMatchObject({ name: 'ResultRefused', code: 'not-json' })
    expect(good.map(({ state }) => state)).toEqual(Array(9).fill('completed'))
  })

  it('fails the task whose output JSON would change', async () => {
    const task = server.addTask('bad')
    startWorker({ handlers: { bad: () => ({ mean: 0 / 0 }) } })
    await server.until(() => task.state === 'failed')
    expect(task.result?.error).toMatchObject({ name: 'ResultRefused', code: 'not-json' })
  })

  it('fails the task whose output the server refuses', async () => {
    server.refusesOutput = (output) => output === 'too much'
    const task = server.addTask('bad')
    startWorker({ handlers: { bad: () => 'too much' } })
    await server.until(() => task.state === 'failed')
    expect(task.result?.error).toMatchObject({ name: 'ResultRefused', code: 'payload-refused' })
  })

  it('sends smaller batches when one is too large', async () => {
    server.failNext(/claim/, 'not-now')
    server.addTasks('task', 8)
    const gate = new Gate()
    startWorker({ handler: () => gate.opened, concurrency: 8 })
    await server.until(() => server.inState('claimed').length === 8)
    server.failNext(/claim/, 'too-large')
    gate.open()
    await server.until(areDone)
    expect(server.reports.map(({ results }) => results?.length)).toEqual([8, 4, 4])
  })
})

describe('a TaskFailure', () => {
  const cause = new Error('503 Service Unavailable')

  it.each<[string, TaskFailureOptions | undefined, object, object]>([
    ['without more is a failure like others', undefined, {}, {}],
    ['says that no attempt will do better', { retry: false }, { retry: false }, {}],
    ['says when the next attempt may begin', { retryInMs: 90_000 }, { retryIn: '90s' }, {}],
    ['may ask for it at once', { retryInMs: 0 }, { retryIn: '0ms' }, {}],
    ['with a time that has passed asks for it at once', { retryInMs: -5_000 }, { retryIn: '0ms' }, {}],
    [
      'with a broken number of milliseconds asks for the next whole one',
      { retryInMs: 1.2 },
      { retryIn: '2ms' },
      {},
    ],
    ['with a time without end asks for the longest', { retryInMs: Infinity }, { retryIn: '365d' }, {}],
    ['carries details, and no cause', { details: { score: 3 }, cause }, {}, { details: { score: 3 } }],
  ])('%s', async (_what, options, wish, more) => {
    const task = server.addTask('bad')
    startWorker({ handlers: { bad: () => Promise.reject(new TaskFailure('Too low', options)) } })
    await server.until(() => task.state === 'failed')
    expect(task.result).toEqual({
      task: task.id,
      claim: task.claim,
      error: { message: 'Too low', name: 'TaskFailure', ...more },
      ...wish,
    })
  })

  it('is an error with its message, its cause and what it says of the next attempt', () => {
    const failure = new TaskFailure('Too low', { retryInMs: 1_000, details: [1], cause })
    expect(failure).toBeInstanceOf(Error)
    expect(failure).toMatchObject({
      name: 'TaskFailure',
      message: 'Too low',
      retryInMs: 1_000,
      details: [1],
      cause,
    })
    expect(new TaskFailure('Too low', { retry: false }).retry).toBe(false)
    expect(() => new TaskFailure('Too low', { retryInMs: Number.NaN })).toThrow(RangeError)
  })

  it('whose details cannot be written as JSON fails all the same, with what it says of the next attempt', async () => {
    const task = server.addTask('bad')
    const failure = new TaskFailure('Too low', { retry: false, details: 10n })
    startWorker({ handlers: { bad: () => Promise.reject(failure) } })
    await server.until(() => task.state === 'failed')
    expect(task.result).toMatchObject({ retry: false, error: { name: 'ResultRefused', code: 'not-json' } })
    expect(task.result).not.toHaveProperty('output')
  })

  it('is known by a handler from the attempt that it is at', async () => {
    const task = server.addTask('bad')
    server.retries = 2
    const seen: number[] = []
    startWorker({
      handlers: {
        bad: ({ attempt }) => {
          seen.push(attempt)
          if (attempt < 3) throw new TaskFailure('Not yet', { retryInMs: 10 })
          return 'at last'
        },
      },
    })
    await server.until(() => task.state === 'completed')
    expect(seen).toEqual([1, 2, 3])
  })
})

const nothing = () => Promise.reject(new Error('Expected no such call'))

function claimedTask(id: string): ClaimedTask {
  const process = {
    id: id.split('.')[0] ?? '',
    definition: 'd',
    definitionVersion: 1,
    startedAt: new Date().toISOString(),
  }
  const leaseExpiresAt = new Date(Date.now() + 30_000).toISOString()
  return { id, name: 'one', attempt: 1, claim: '1.abc', lease: '30s', leaseExpiresAt, process }
}
