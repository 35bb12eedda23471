import { ClaimLostError, Worker, type WorkerOptions } from '@tunacorn/client'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeServer } from './support/fake-server.js'
import { Gate } from './support/gate.js'
import { recordingLogger } from './support/recording-logger.js'

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

describe('leases', () => {
  it('are extended while a handler runs longer than its lease', async () => {
    const task = server.addTask('slow')
    const gate = new Gate()
    startWorker({ handlers: { slow: () => gate.opened }, leaseMs: 150 })
    // Six heartbeats at a third of the lease are two leases.
    await server.until(() => server.heartbeats >= 6)
    gate.open()
    await server.until(() => task.state === 'completed')
    expect(task.attempt).toBe(1)
  })

  it('are extended as often as the shortest needs, where the server gives less than was asked for', async () => {
    server.longestLeaseMs = 150
    const task = server.addTask('slow')
    const gate = new Gate()
    startWorker({ handlers: { slow: () => gate.opened }, leaseMs: 60_000 })
    await server.until(() => server.heartbeats >= 6)
    gate.open()
    await server.until(() => task.state === 'completed')
    expect(task.attempt).toBe(1)
  })

  it('are extended more seldom again when the shortest is done', async () => {
    const gate = new Gate()
    startWorker({ handlers: { long: () => gate.opened, short: () => wait(250) }, leaseMs: 3_000 })
    server.addTask('long')
    await server.until(() => server.inState('claimed').length === 1)
    server.longestLeaseMs = 150
    const short = server.addTask('short')
    await server.until(() => short.state === 'completed')
    expect(short.attempt).toBe(1)
    const { heartbeats } = server
    expect(heartbeats).toBeGreaterThanOrEqual(3)
    await wait(400)
    // One more may have been on its way.
    expect(server.heartbeats).toBeLessThanOrEqual(heartbeats + 1)
    gate.open()
  })

  it('are extended with one call for many tasks', async () => {
    server.addTasks('slow', 50)
    const gate = new Gate()
    startWorker({ handlers: { slow: () => gate.opened }, concurrency: 50, leaseMs: 150 })
    await server.until(() => server.heartbeats === 3)
    expect(server.inState('claimed')).toHaveLength(50)
    expect(server.tasks.every(({ attempt }) => attempt === 1)).toBe(true)
    gate.open()
  })

  it('are extended when a handler asks for it', async () => {
    const task = server.addTask('slow')
    startWorker({ handlers: { slow: (_task, { heartbeat }) => heartbeat() } })
    await server.until(() => task.state === 'completed')
    expect(server.heartbeats).toBe(1)
  })

  it('are extended until the result has arrived, however long that takes', async () => {
    const task = server.addTask('quick')
    for (let count = 0; count < 3; count++) server.failNext(/claim/, 'not-now')
    const gate = new Gate()
    startWorker({ handlers: { quick: () => gate.opened }, leaseMs: 100 })
    await server.until(() => task.state === 'claimed')
    for (let count = 0; count < 3; count++) server.failNext(/claim/, 'not-now')
    gate.open()
    await server.until(() => task.state === 'completed')
    expect(task.attempt).toBe(1)
    expect(server.heartbeats).toBeGreaterThan(2)
  })
})

describe('a lost claim', () => {
  it('aborts the signal, and nothing is reported', async () => {
    const task = server.addTask('slow')
    const aborted = new Gate()
    let reason: unknown
    startWorker({
      leaseMs: 100,
      handlers: {
        slow: async (_task, { signal }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          reason = signal.reason
          aborted.open()
          return 'too late'
        },
      },
    })
    await server.until(() => task.state === 'claimed')
    server.takeAway(task)
    await aborted.opened
    expect(reason).toBeInstanceOf(ClaimLostError)
    expect(reason).toMatchObject({ code: 'claim-lost' })
    const polls = server.polls.length
    await server.until(() => server.polls.length > polls || server.isPolled)
    expect(server.reports).toEqual([])
    expect(task.result).toBeUndefined()
  })

  it('makes a heartbeat that the handler asks for reject', async () => {
    const task = server.addTask('slow')
    const gate = new Gate()
    const refused = new Gate()
    startWorker({
      handlers: {
        slow: async (_task, { heartbeat }) => {
          await gate.opened
          await expect(heartbeat()).rejects.toThrow(ClaimLostError)
          refused.open()
        },
      },
    })
    await server.until(() => task.state === 'claimed')
    server.takeAway(task)
    gate.open()
    await refused.opened
  })

  it('drops the result with a line in the log that does not show the claim', async () => {
    const logger = recordingLogger()
    const task = server.addTask('slow')
    const gate = new Gate()
    startWorker({ handlers: { slow: () => gate.opened }, logger })
    await server.until(() => task.state === 'claimed')
    const { claim } = task
    server.takeAway(task)
    gate.open()
    await server.until(() => server.reports.length === 1)
    await expect
      .poll(() => logger.lines.filter(({ level }) => level === 'warn'))
      .toMatchObject([
        {
          message: 'The claim was lost: the result is dropped',
          fields: { task: task.id, code: 'claim-lost' },
        },
      ])
    expect(JSON.stringify(logger.lines)).not.toContain(claim)
    expect(task.result).toBeUndefined()
  })
})

describe('a bad connection', () => {
  it('has a result sent again whose answer was lost', async () => {
    const task = server.addTask('quick')
    const gate = new Gate()
    startWorker({ handlers: { quick: () => gate.opened } })
    await server.until(() => task.state === 'claimed')
    await server.until(() => server.isPolled)
    server.failNext(/claim/, 'drop-after')
    gate.open()
    await server.until(() => server.reports.length === 2)
    expect(server.reports[1]?.results).toEqual(server.reports[0]?.results)
    expect(task.state).toBe('completed')
  })

  it.each(['drop-before', 'not-now'] as const)('has a result sent again after %s', async (fault) => {
    const task = server.addTask('quick')
    const gate = new Gate()
    startWorker({ handlers: { quick: () => gate.opened }, concurrency: 1 })
    await server.until(() => task.state === 'claimed')
    server.failNext(/claim/, fault)
    gate.open()
    await server.until(() => task.state === 'completed')
    expect(server.reports).toHaveLength(2)
  })

  it('is got over: a server that was down gets the results and gives new work', async () => {
    const logger = recordingLogger()
    const first = server.addTask('task')
    const gate = new Gate()
    startWorker({ handlers: { task: () => gate.opened }, concurrency: 2, leaseMs: 1_000, logger })
    await server.until(() => first.state === 'claimed')
    await server.goDown()
    gate.open()
    const failures = () =>
      logger.lines.filter(({ message }) => message.startsWith('The server does not answer'))
    await expect.poll(() => failures().length).toBeGreaterThanOrEqual(3)
    await server.comeBack()
    const second = server.addTask('task')
    await server.until(() => first.state === 'completed' && second.state === 'completed')
    expect(first.attempt).toBe(1)
  })

  it('may be there from the start', async () => {
    await server.goDown()
    startWorker({ handlers: { task: () => null } })
    await server.comeBack()
    const task = server.addTask('task')
    await server.until(() => task.state === 'completed')
    expect(task.attempt).toBe(1)
  })

  it('loses no task, however often it fails', async () => {
    const faults = ['drop-before', 'drop-after', 'not-now'] as const
    server.addTasks('task', 200)
    let requests = 0
    server.usualFault = () => (++requests % 2 === 0 ? faults[requests % 3] : undefined)
    let running = 0
    let most = 0
    const handler = async () => {
      most = Math.max(most, ++running)
      await wait(2)
      running--
    }
    // What was claimed by a call whose answer was lost comes back when its lease lapses.
    for (let count = 0; count < 4; count++)
      startWorker({ handler, concurrency: 5, leaseMs: 200, waitMs: 500 })
    await server.until(() => server.inState('completed').length === 200)
    expect(most).toBeLessThanOrEqual(20)
  })
})
