import {
  MemoryStore,
  type Engine,
  type EngineOptions,
  type FetchedProcess,
  type ProcessList,
  type TaskList,
} from '@tunacorn/core'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { engineOn, standIn } from './support.js'

let engine: Engine | undefined

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(async () => {
  await engine?.close()
  vi.useRealTimers()
})

/** An engine that keeps time, by timers that only move when they are told to. */
function keepingTime(methods: Partial<TaskList>, options: Partial<EngineOptions> = {}): Engine {
  const store = new MemoryStore()
  const taskList = standIn(store.taskList, methods)
  engine = engineOn(store, { taskList, timekeeping: true, ...options })
  return engine
}

/** What takes until the test says so. */
function held<T>() {
  let settle: (value: T) => void = () => {}
  const promise = new Promise<T>((resolve) => (settle = resolve))
  return { promise, settle }
}

describe('who keeps time says so', () => {
  it('about each second, however long a turn takes', async () => {
    const turn = held<[]>()
    const beat = vi.fn<TaskList['beat']>(async () => {})
    keepingTime({ beat, due: () => turn.promise })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(beat.mock.calls.length).toBeGreaterThanOrEqual(19)
    expect(beat.mock.calls.length).toBeLessThanOrEqual(21)
    turn.settle([])
  })

  it('once at a time, and goes on after a failure', async () => {
    const slow = held<void>()
    const beat = vi.fn<TaskList['beat']>(() => slow.promise)
    keepingTime({ beat })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(beat).toHaveBeenCalledOnce()
    beat.mockImplementationOnce(() => Promise.reject(new Error('away'))).mockImplementation(async () => {})
    slow.settle()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(beat.mock.calls.length).toBeGreaterThanOrEqual(3)
  })

  it('until it is closed', async () => {
    const beat = vi.fn<TaskList['beat']>(async () => {})
    await keepingTime({ beat }).close()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(beat).toHaveBeenCalledOnce()
  })

  it('however seldom it looks for what is due', async () => {
    const beat = vi.fn<TaskList['beat']>(async () => {})
    keepingTime({ beat }, { tickMs: 60_000 })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(beat.mock.calls.length).toBeGreaterThanOrEqual(19)
    expect(() => keepingTime({}, { tickMs: 60_001 })).toThrow(/tickMs to be at most 60000, but found 60001/)
    expect(() => keepingTime({}, { tickMs: 0 })).toThrow(/tickMs/)
  })

  it('and nobody else does', async () => {
    const beat = vi.fn<TaskList['beat']>(async () => {})
    keepingTime({ beat }, { timekeeping: false })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(beat).not.toHaveBeenCalled()
  })
})

describe('what cannot be decided', () => {
  /** As newer code has left it: with an event that this code does not know. */
  const foreign = (fetched: FetchedProcess | undefined) =>
    fetched && { ...fetched, events: [{ type: 'task-praised' as never, task: 0 }] }

  /** Many processes that nobody here understands, then one that is as ever; all are due at their times. */
  async function strangersFirst(definition: string) {
    const store = new MemoryStore()
    const strangers = new Set<string>()
    const fetch = vi.fn<ProcessList['fetch']>(async (reads) => {
      const found = await store.processList.fetch(reads)
      return found.map((one, index) => (strangers.has(reads[index]!.id) ? foreign(one) : one))
    })
    const logger = pino({ level: 'silent' })
    const logged = vi.spyOn(logger, 'error')
    engine = engineOn(store, {
      processList: standIn(store.processList, { fetch }),
      logger,
      maxCachedTasks: 1,
    })
    await engine.registerDefinition(definition)
    const started = await engine.startProcesses(
      Array.from({ length: 600 }, () => ({ definition: 'strange' })),
    )
    for (const { process } of started) strangers.add(process!.id)
    await vi.advanceTimersByTimeAsync(10)
    const { id } = await engine.startProcess({ definition: 'strange' })
    await vi.advanceTimersByTimeAsync(1_000)
    return { engine, id, fetch, logged }
  }

  it.each([
    ['tasks', 'name: strange\ntasks: [{name: A, scheduleTimeout: 1s}, {name: B, scheduleTimeout: 1s}]'],
    ['processes', 'name: strange\ntimeout: 1s\ntasks: [{name: A}]'],
  ])('does not stop the clock for other %s', async (_what, definition) => {
    const { engine: keeper, id, fetch, logged } = await strangersFirst(definition)
    await keeper.keepTime()
    expect((await keeper.fetchProcess(id)).record.state).toBe('failed')
    expect(logged).toHaveBeenCalledTimes(600)
    fetch.mockClear()
    for (let turns = 0; turns < 5; turns += 1) {
      await vi.advanceTimersByTimeAsync(1_000)
      await keeper.keepTime()
    }
    // It is let alone for a while, and then tried again.
    expect(fetch).not.toHaveBeenCalled()
    expect(logged).toHaveBeenCalledTimes(600)
    await vi.advanceTimersByTimeAsync(60_000)
    await keeper.keepTime()
    expect(logged).toHaveBeenCalledTimes(1_200)
  })
})

describe('when very much is due', () => {
  it('deadlines of processes do not wait until all tasks are judged', async () => {
    const store = new MemoryStore()
    const looks: string[] = []
    const processList = standIn(store.processList, {
      due: (limit, after) => {
        looks.push('processes')
        return store.processList.due(limit, after)
      },
    })
    const taskList = standIn(store.taskList, {
      due: (limit, after) => {
        looks.push('tasks')
        return store.taskList.due(limit, after)
      },
    })
    engine = engineOn(store, { processList, taskList })
    await engine.registerDefinition('name: much\ntasks: [{name: A, scheduleTimeout: 1s}]')
    await engine.startProcesses(Array.from({ length: 600 }, () => ({ definition: 'much' })))
    await vi.advanceTimersByTimeAsync(1_000)
    await engine.keepTime()
    expect(looks).toEqual(['tasks', 'processes', 'tasks', 'tasks'])
  })
})
