import { MemoryStore, type Engine, type EngineOptions, type TaskList } from '@tunacorn/core'
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
    const beat = vi.fn(async () => {})
    keepingTime({ beat, due: () => turn.promise })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(beat.mock.calls.length).toBeGreaterThanOrEqual(19)
    expect(beat.mock.calls.length).toBeLessThanOrEqual(21)
    turn.settle([])
  })

  it('once at a time, and goes on after a failure', async () => {
    const slow = held<void>()
    const beat = vi.fn(() => slow.promise)
    keepingTime({ beat })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(beat).toHaveBeenCalledOnce()
    beat.mockImplementationOnce(() => Promise.reject(new Error('away'))).mockImplementation(async () => {})
    slow.settle()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(beat.mock.calls.length).toBeGreaterThanOrEqual(3)
  })

  it('until it is closed', async () => {
    const beat = vi.fn(async () => {})
    await keepingTime({ beat }).close()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(beat).toHaveBeenCalledOnce()
  })

  it('however seldom it looks for what is due', async () => {
    const beat = vi.fn(async () => {})
    keepingTime({ beat }, { tickMs: 60_000 })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(beat.mock.calls.length).toBeGreaterThanOrEqual(19)
    expect(() => keepingTime({}, { tickMs: 60_001 })).toThrow(/tickMs to be at most 60000, but found 60001/)
    expect(() => keepingTime({}, { tickMs: 0 })).toThrow(/tickMs/)
  })

  it('and nobody else does', async () => {
    const beat = vi.fn(async () => {})
    keepingTime({ beat }, { timekeeping: false })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(beat).not.toHaveBeenCalled()
  })
})

describe('when very much is due', () => {
  it('deadlines of processes do not wait until all tasks are judged', async () => {
    const store = new MemoryStore()
    const looks: string[] = []
    const processList = standIn(store.processList, {
      due: (limit) => {
        looks.push('processes')
        return store.processList.due(limit)
      },
    })
    const taskList = standIn(store.taskList, {
      due: (limit) => {
        looks.push('tasks')
        return store.taskList.due(limit)
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
