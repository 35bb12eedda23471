import { MemoryStore, type ProcessChange, type PersistResult } from '@tunacorn/core'
import { describe, expect, it, vi } from 'vitest'
import { engineOn, flat, refusalOf, standIn } from './support.js'

/** An engine whose commits come to an end when they are told to, and how many changes each has. */
async function heldCommits(tasks: number, lanes?: number) {
  const store = new MemoryStore()
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
  const engine = engineOn(store, { processList, lanes })
  await engine.registerDefinition(flat('flat', tasks))
  const start = () => engine.startProcess({ definition: 'flat' })
  return { engine, start, sizes, ends, hold, letGo }
}

const turns = () => new Promise((resolve) => setTimeout(resolve, 5))

describe('while a commit is under way', () => {
  it('what arrives waits, and then goes together', async () => {
    const commits = await heldCommits(1)
    commits.hold()
    const first = commits.start()
    await vi.waitFor(() => expect(commits.sizes).toEqual([1]))
    const others = Array.from({ length: 99 }, commits.start)
    await turns()
    expect(commits.sizes).toEqual([1])
    commits.ends.shift()?.()
    await first
    await vi.waitFor(() => expect(commits.sizes).toEqual([1, 99]))
    commits.letGo()
    await Promise.all(others)
  })

  it('as many as fill another do not wait for it', async () => {
    const commits = await heldCommits(1)
    commits.hold()
    const started = [commits.start()]
    await vi.waitFor(() => expect(commits.sizes).toEqual([1]))
    started.push(...Array.from({ length: 120 }, commits.start))
    await vi.waitFor(() => expect(commits.sizes).toEqual([1, 120]))
    commits.letGo()
    await Promise.all(started)
  })

  it('no more are begun than there are lanes', async () => {
    const commits = await heldCommits(1, 2)
    commits.hold()
    const started = Array.from({ length: 750 }, commits.start)
    await vi.waitFor(() => expect(commits.sizes).toHaveLength(2))
    await turns()
    expect(commits.sizes).toEqual([250, 250])
    commits.letGo()
    await Promise.all(started)
  })

  it('nothing else is committed for its processes, however much there is', async () => {
    const commits = await heldCommits(600)
    const { engine } = commits
    const { id } = await commits.start()
    const { tasks } = await engine.claimTasks({ worker: 'w', max: 600 })
    commits.hold()
    const reports = tasks.map((task) => engine.completeTask(task.id, task.claim))
    for (const sizes of [[250], [250, 250], [250, 250, 100]]) {
      await vi.waitFor(() => expect(commits.sizes).toHaveLength(sizes.length))
      await turns()
      expect(commits.sizes).toEqual(sizes)
      commits.ends.shift()?.()
    }
    const versions = (await Promise.all(reports)).map(({ version }) => version)
    expect(new Set(versions).size).toBe(600)
    expect((await engine.fetchProcess(id)).record.state).toBe('completed')
  })
})

it('a process is tried again once at a time, whatever is left over of a commit', async () => {
  const store = new MemoryStore()
  let reading = 0
  let mostReading = 0
  const processList = standIn(store.processList, {
    fetch: async (reads: Parameters<typeof store.processList.fetch>[0]) => {
      reading += 1
      mostReading = Math.max(mostReading, reading)
      await turns()
      reading -= 1
      return store.processList.fetch(reads)
    },
  })
  const engine = engineOn(store, { processList })
  await engine.registerDefinition(flat('three', 3))
  await engine.startProcess({ definition: 'three' })
  const { tasks } = await engine.claimTasks({ worker: 'w', max: 3 })
  const [first, second] = tasks
  const report = (task = first, output?: unknown) =>
    refusalOf(engine.completeTask(task!.id, task!.claim, output))
  await report(first)
  mostReading = 0
  // Goes through; has to be refused; has to wait for the first.
  const [, refused, again] = await Promise.all([
    report(second),
    report(first, 'other'),
    report(second, 'other'),
  ])
  expect([refused, again]).toEqual(['task-ended', 'task-ended'])
  expect(mostReading).toBe(1)
})
