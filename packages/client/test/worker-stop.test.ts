import { Worker, WorkerStoppedError, type Handler, type WorkerOptions } from '@tunacorn/client'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeServer } from './support/fake-server.js'
import { Gate } from './support/gate.js'

let server: FakeServer

beforeEach(async () => {
  server = await FakeServer.start()
})

afterEach(async () => {
  await server.goDown()
})

describe('start', () => {
  it('does nothing the second time', async () => {
    const worker = new Worker({ url: server.url, handler: () => null })
    worker.start()
    worker.start()
    await server.until(() => server.isPolled)
    expect(server.polls).toHaveLength(1)
    await worker.stop()
  })

  it('works again after a stop', async () => {
    const worker = new Worker({ url: server.url, handler: () => null })
    worker.start()
    await worker.stop()
    worker.start()
    const task = server.addTask('task')
    await server.until(() => task.state === 'completed')
    await worker.stop()
    expect(server.inState('completed')).toHaveLength(1)
  })

  it('is refused while the worker is stopping', async () => {
    const worker = new Worker({ url: server.url, handler: () => null })
    worker.start()
    const stopped = worker.stop()
    expect(() => worker.start()).toThrow('it is stopping')
    await stopped
  })
})

describe('stop', () => {
  it('resolves at once for a worker that never started', async () => {
    await expect(new Worker({ url: server.url, handler: () => null }).stop()).resolves.toBeUndefined()
  })

  it('finishes what runs and reports it, and claims no more', async () => {
    const tasks = server.addTasks('slow', 3)
    const gate = new Gate()
    const begun = new Gate()
    const handler = () => (begun.open(), gate.opened)
    const worker = new Worker({ url: server.url, handler, concurrency: 2 })
    worker.start()
    await begun.opened
    const stopped = worker.stop()
    expect(worker.stop()).toBe(stopped)
    gate.open()
    await stopped
    expect(tasks.map(({ state }) => state)).toEqual(['completed', 'completed', 'scheduled'])
    expect(server.reports).toMatchObject([{ max: 0 }])
  })

  it('ends an open poll at once', async () => {
    const worker = new Worker({ url: server.url, handler: () => null })
    worker.start()
    await server.until(() => server.isPolled)
    const begunAt = performance.now()
    await worker.stop()
    expect(performance.now() - begunAt).toBeLessThan(1_000)
    await expect.poll(() => server.isPolled).toBe(false)
  })

  it('aborts handlers after the grace, releases their tasks, and reports nothing', async () => {
    const task = server.addTask('endless')
    const begun = new Gate()
    let reason: unknown
    const handler: Handler = (_task, { signal }) =>
      new Promise((resolve) => {
        begun.open()
        signal.addEventListener('abort', () => {
          reason = signal.reason
          resolve('half done')
        })
      })
    const worker = new Worker({ url: server.url, handler })
    worker.start()
    await begun.opened
    await worker.stop({ graceMs: 50 })
    expect(reason).toBeInstanceOf(WorkerStoppedError)
    expect(server.released).toEqual([task.id])
    expect(server.reports).toEqual([])
  })

  it('gives back tasks that were on their way when it was called', async () => {
    const task = server.addTask('task')
    const worker = new Worker({ url: server.url, handler: () => null })
    worker.start()
    await server.until(() => task.state === 'claimed')
    await worker.stop()
    expect(task.state === 'completed' || server.released.includes(task.id)).toBe(true)
  })

  it('may be hurried by a second call', async () => {
    const task = server.addTask('endless')
    const begun = new Gate()
    const handler = () => (begun.open(), new Promise<never>(() => {}))
    const worker = new Worker({ url: server.url, handler })
    worker.start()
    await begun.opened
    const stopped = worker.stop({ graceMs: Infinity })
    void worker.stop({ graceMs: 0 })
    await stopped
    expect(server.released).toEqual([task.id])
  })

  it('waits for a server that is down to take the results', async () => {
    const task = server.addTask('slow')
    const gate = new Gate()
    const begun = new Gate()
    const worker = new Worker({ url: server.url, handler: () => (begun.open(), gate.opened) })
    worker.start()
    await begun.opened
    await server.goDown()
    const stopped = worker.stop()
    gate.open()
    await server.comeBack()
    await stopped
    expect(task.state).toBe('completed')
  })

  it('gives up on a server that stays down when the grace is over', async () => {
    server.addTask('slow')
    const gate = new Gate()
    const begun = new Gate()
    const worker = new Worker({ url: server.url, handler: () => (begun.open(), gate.opened) })
    worker.start()
    await begun.opened
    await server.goDown()
    gate.open()
    await expect(worker.stop({ graceMs: 300 })).resolves.toBeUndefined()
    await server.comeBack()
    expect(server.reports).toEqual([])
  })

  it('leaves nothing behind that keeps the process alive', async () => {
    server.addTasks('task', 20)
    const client = fileURLToPath(import.meta.resolve('@tunacorn/client'))
    const program = `
      import { Worker } from ${JSON.stringify(client)}
      let count = 0
      const worker = new Worker({ url: ${JSON.stringify(server.url)}, handler: () => {
        if (++count === 20) void worker.stop({ graceMs: 600_000 })
      } })
      worker.start()`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' })
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(server.inState('completed')).toHaveLength(20)
  })
})

const handler: Handler = () => null

describe('options', () => {
  const url = 'http://127.0.0.1:1'
  it.each<[WorkerOptions, string]>([
    [{ url }, 'Expected handlers'],
    [{ url, handlers: {} }, 'Expected handlers'],
    [{ handler }, 'Expected either a url, perhaps with a key, or a client'],
    [{ url: 'localhost:8266', handler }, 'Expected a URL such as'],
    [{ url, handler, concurrency: 0 }, 'Expected concurrency to be'],
    [{ url, handler, waitMs: 60_001 }, 'Expected waitMs to be'],
    [{ url, handler, leaseMs: 99 }, 'Expected leaseMs to be'],
  ])('%o are refused: %s', (options, message) => {
    expect(() => new Worker(options)).toThrow(message)
  })
})
