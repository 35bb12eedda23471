import { MemoryStore, type ProcessChange, type PersistResult } from '@tunacorn/core'
import { describe, expect, it } from 'vitest'
import { engineOn, flat, standIn } from './support.js'

/** Commits that come to an end when they are told to, and how many changes each has. */
function heldCommits(store: MemoryStore) {
  const sizes: number[] = []
  const ends: (() => void)[] = []
  let isHolding = false
  const processList = standIn(store.processList, {
    persist: async (changes: readonly ProcessChange[]): Promise<PersistResult[]> => {
      if (!isHolding) return store.processList.persist(changes)
      sizes.push(changes.reduce((sum, { events }) => sum + events.length, 0))
      await new Promise<void>((resolve) => ends.push(resolve))
      return store.processList.persist(changes)
    },
  })
  const hold = () => {
    isHolding = true
  }
  const letGo = () => {
    isHolding = false
    for (const end of ends.splice(0)) end()
  }
  return { processList, sizes, ends, hold, letGo }
}

const turns = () => new Promise((resolve) => setTimeout(resolve, 5))

describe('while a commit is under way', () => {
  it('what arrives waits, and then goes together', async () => {
    const store = new MemoryStore()
    const commits = heldCommits(store)
    const engine = engineOn(store, { processList: commits.processList })
    await engine.registerDefinition(flat('one', 1))
    commits.hold()
    const start = () => engine.startProcess({ definition: 'one' })
    const first = start()
    await turns()
    const others = Array.from({ length: 99 }, start)
    await turns()
    expect(commits.sizes).toEqual([1])
    commits.ends.shift()?.()
    await first
    await turns()
    expect(commits.sizes).toEqual([1, 99])
    commits.letGo()
    await Promise.all(others)
  })

  it('as many as fill another do not wait for it', async () => {
    const store = new MemoryStore()
    const commits = heldCommits(store)
    const engine = engineOn(store, { processList: commits.processList })
    await engine.registerDefinition(flat('one', 1))
    commits.hold()
    const start = () => engine.startProcess({ definition: 'one' })
    const started = [start()]
    await turns()
    started.push(...Array.from({ length: 120 }, start))
    await turns()
    expect(commits.sizes).toEqual([1, 120])
    commits.letGo()
    await Promise.all(started)
  })

  it('no more are begun than there are lanes', async () => {
    const store = new MemoryStore()
    const commits = heldCommits(store)
    const engine = engineOn(store, { processList: commits.processList, lanes: 2 })
    await engine.registerDefinition(flat('one', 1))
    commits.hold()
    const started = Array.from({ length: 750 }, () => engine.startProcess({ definition: 'one' }))
    await turns()
    expect(commits.sizes).toEqual([250, 250])
    commits.letGo()
    await Promise.all(started)
  })

  it('nothing else is committed for its processes, however much there is', async () => {
    const store = new MemoryStore()
    const commits = heldCommits(store)
    const engine = engineOn(store, { processList: commits.processList })
    await engine.registerDefinition(flat('wide', 600))
    const { id } = await engine.startProcess({ definition: 'wide' })
    const { tasks } = await engine.claimTasks({ worker: 'w', max: 600 })
    commits.hold()
    const reports = tasks.map((task) => engine.completeTask(task.id, task.claim))
    for (const sizes of [[250], [250, 250], [250, 250, 100]]) {
      await turns()
      expect(commits.sizes).toEqual(sizes)
      commits.ends.shift()?.()
    }
    const versions = (await Promise.all(reports)).map(({ version }) => version)
    expect(new Set(versions).size).toBe(600)
    expect((await engine.fetchProcess(id)).record.state).toBe('completed')
  })
})
