import { MemoryStore, type Engine, type TaskList } from '@tunacorn/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { engineOn, standIn } from './support.js'

describe('who asks for work', () => {
  let engine: Engine

  beforeEach(() => {
    vi.useFakeTimers()
  })

  afterEach(async () => {
    await engine.close()
    vi.useRealTimers()
  })

  it('is only said to have asked for what they could have been handed', async () => {
    engine = engineOn(new MemoryStore())
    await engine.registerDefinition('name: own\ntasks: [{name: A}, {name: B}]')
    const { id } = await engine.startProcess({ definition: 'own' })
    const other = await engine.startProcess({ definition: 'own' })
    const ask = (names: string[] | undefined, scope: object) =>
      engine.claimTasks({ worker: 'w', names, ...scope })
    await ask(['A', 'B'], { definition: 'another' })
    await ask(undefined, { definition: 'another' })
    await ask(['B'], { process: other.id })
    await ask(['A', 'C'], { definition: 'own' })
    await vi.advanceTimersByTimeAsync(1_000)
    const { tasks } = await engine.explainProcess(id)
    expect(tasks.find(({ name }) => name === 'B')?.because).toContain('nobody is known to have asked for "B"')
    const { tasks: others } = await engine.explainProcess(other.id)
    expect(others.find(({ name }) => name === 'A')?.lastPolledAt).toBeInstanceOf(Date)
  })

  it('is written by who keeps no time too, seldom, and not at all while nobody asks', async () => {
    const store = new MemoryStore()
    const notePolls = vi.fn<TaskList['notePolls']>(store.taskList.notePolls.bind(store.taskList))
    engine = engineOn(store, { taskList: standIn(store.taskList, { notePolls }) })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(vi.getTimerCount()).toBe(0)
    for (let seconds = 0; seconds < 30; seconds += 1) {
      await engine.claimTasks({ worker: 'w', names: ['A'] })
      await vi.advanceTimersByTimeAsync(1_000)
    }
    expect(notePolls.mock.calls.length).toBe(3)
    expect((await store.taskList.lastPolls(['A'], 'any')).size).toBe(1)
    await engine.close()
    expect(vi.getTimerCount()).toBe(0)
    expect(notePolls.mock.calls.length).toBe(4)
  })

  it('is at most a thousand at once, those who asked last', async () => {
    const store = new MemoryStore()
    engine = engineOn(store)
    for (let n = 0; n < 3_000; n += 1) await engine.claimTasks({ worker: 'w', names: [`made up ${n}`] })
    await vi.advanceTimersByTimeAsync(1_000)
    const names = Array.from({ length: 3_000 }, (_, n) => `made up ${n}`)
    const noted = await store.taskList.lastPolls(names, 'any')
    expect([...noted.keys()]).toEqual(names.slice(2_000))
  })
})
