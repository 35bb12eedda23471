import { MemoryStore, type Engine } from '@tunacorn/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { engineOn } from './support.js'

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
    await vi.advanceTimersByTimeAsync(10_000)
    await engine.keepTime()
    const { tasks } = await engine.explainProcess(id)
    expect(tasks.find(({ name }) => name === 'B')?.because).toContain('nobody is known to have asked for "B"')
    const { tasks: others } = await engine.explainProcess(other.id)
    expect(others.find(({ name }) => name === 'A')?.lastPolledAt).toBeInstanceOf(Date)
  })
})
