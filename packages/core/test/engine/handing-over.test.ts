import type { ClaimedTask, ClaimRequest, ClaimTasksRequest, Engine, ProcessChange } from '@tunacorn/core'
import { describe, expect, it } from 'vitest'
import { complete, engineOn, loan, MemoryStore, standIn, startLoan } from './support.js'

const never = 60_000

/** A store that counts what would be statements of a claim. */
function countingStore() {
  const store = new MemoryStore()
  const counts = { claims: 0, commits: 0 }
  const taskList = standIn(store.taskList, {
    claim: (request: ClaimRequest) => {
      counts.claims += 1
      return store.taskList.claim(request)
    },
  })
  return { store, counts, taskList }
}

/** Waits for work, and does not return before it waits indeed. */
async function waits(
  engine: Engine,
  request: Partial<ClaimTasksRequest> = {},
): Promise<Promise<ClaimedTask[]>[]> {
  const waiting = engine.claimTasks({ worker: 'waits', waitMs: never, ...request })
  await new Promise((resolve) => setTimeout(resolve, 20))
  return [waiting.then(({ tasks }) => [...tasks])]
}

describe('a task that somebody waits for', () => {
  it('is handed over by the commit that unlocks it, and not claimed', async () => {
    const { store, counts, taskList } = countingStore()
    const engine = engineOn(store, { taskList, pollMs: never })
    const process = await startLoan(engine)
    const [waiting] = await waits(engine, { names: ['Credit', 'Assets'], max: 5 })
    const before = counts.claims
    await complete(engine, process, 'Open', { opened: true })
    const tasks = await waiting!
    // The one that reported has claimed as well.
    expect(counts.claims).toBe(before + 1)
    expect(tasks.map(({ name, attempt }) => [name, attempt])).toEqual([
      ['Credit', 1],
      ['Assets', 1],
    ])
    expect(tasks[0]).toMatchObject({ needs: { Open: { text: '{"opened":true}' } } })
    for (const { id, claim } of tasks) await engine.completeTask(id, claim)
    const { items } = await engine.history(process)
    expect(items.slice(2).map(({ name, worker }) => [name, worker])).toEqual([
      ['Credit', 'waits'],
      ['Assets', 'waits'],
    ])
  })

  it('is handed over by the start that brings it', async () => {
    const { store, counts, taskList } = countingStore()
    const engine = engineOn(store, { taskList, pollMs: never })
    await engine.registerDefinition(loan)
    const [waiting] = await waits(engine)
    await engine.startProcess({ definition: 'loan' })
    expect(await waiting).toMatchObject([{ name: 'Open', attempt: 1 }])
    expect(counts.claims).toBe(1)
  })

  it('goes to who has waited longest, and no more of them to one than asked for', async () => {
    const engine = engineOn(new MemoryStore(), { pollMs: never })
    const tasks = Array.from({ length: 5 }, (_, n) => ({ name: `t${n}` }))
    await engine.registerDefinition(JSON.stringify({ name: 'five', tasks }))
    const [first] = await waits(engine, { max: 2, names: ['t1', 't2', 't3', 't4'] })
    const [second] = await waits(engine, { max: 3 })
    await engine.startProcess({ definition: 'five' })
    const names = async (waiting: Promise<ClaimedTask[]> | undefined) =>
      (await waiting)?.map(({ name }) => name)
    expect(await names(first)).toEqual(['t1', 't2'])
    expect(await names(second)).toEqual(['t0', 't3', 't4'])
  })

  it('is not handed to who waits for another name, definition or process', async () => {
    const engine = engineOn(new MemoryStore(), { pollMs: never })
    const process = await startLoan(engine)
    const others = [
      await waits(engine, { names: ['Email'] }),
      await waits(engine, { definition: 'other' }),
      await waits(engine, { process: process.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) }),
    ].flat()
    await complete(engine, process, 'Open')
    const { tasks } = await engine.claimTasks({ worker: 'w', max: 5 })
    expect(tasks.map(({ name }) => name)).toEqual(['Credit', 'Assets'])
    await engine.close()
    expect(await Promise.all(others)).toEqual([[], [], []])
  })

  it('is not handed over before its time, nor while its process is paused', async () => {
    const engine = engineOn(new MemoryStore(), { pollMs: never })
    await engine.registerDefinition(`
name: slow
tasks:
  - name: First
  - name: Later
    needs: [First]
    delay: 1h
  - name: Now
    needs: [First]
`)
    const slow = await engine.startProcess({ definition: 'slow' })
    const [held] = (await engine.claimTasks({ worker: 'w' })).tasks
    await engine.pauseProcess(slow.id)
    const [waiting] = await waits(engine, { max: 5, waitMs: 200 })
    await engine.completeTask(held!.id, held!.claim)
    expect(await waiting).toEqual([])
    await engine.resumeProcess(slow.id)
    const { tasks } = await engine.claimTasks({ worker: 'w', max: 5 })
    expect(tasks.map(({ name }) => name)).toEqual(['Now'])
  })

  it('is not handed over by a commit that does not succeed, and who waited for it waits on', async () => {
    const store = new MemoryStore()
    let isBroken = true
    const processList = standIn(store.processList, {
      persist: async (changes: readonly ProcessChange[]) => {
        if (isBroken && changes.some(({ enter }) => enter.some(({ holder }) => holder !== undefined))) {
          isBroken = false
          throw new Error('The database has refused it')
        }
        return store.processList.persist(changes)
      },
    })
    const engine = engineOn(store, { processList, pollMs: never })
    const process = await startLoan(engine)
    const [waiting] = await waits(engine, { names: ['Credit'] })
    await expect(complete(engine, process, 'Open')).rejects.toThrow('The database has refused it')
    expect(isBroken).toBe(false)
    const [open] = await store.taskList.fetch({ processId: process, limit: 10 })
    await engine.completeTask(`${process}.0`, `1.${secretOf(store, process)}`)
    expect(open?.name).toBe('Open')
    expect(await waiting).toMatchObject([{ name: 'Credit', attempt: 1 }])
  })

  it('goes back, without counting as an attempt, when the client has gone meanwhile', async () => {
    const store = new MemoryStore()
    const gone = new AbortController()
    const processList = standIn(store.processList, {
      persist: async (changes: readonly ProcessChange[]) => {
        const isGift = changes.some(({ enter }) => enter.some(({ holder }) => holder !== undefined))
        if (isGift) gone.abort()
        return store.processList.persist(changes)
      },
    })
    const engine = engineOn(store, { processList, pollMs: never })
    const process = await startLoan(engine)
    const [waiting] = await waits(engine, { names: ['Credit'], signal: gone.signal })
    await complete(engine, process, 'Open')
    expect(await waiting).toEqual([])
    expect(gone.signal.aborted).toBe(true)
    const { tasks } = await engine.claimTasks({ worker: 'w', names: ['Credit'] })
    expect(tasks).toMatchObject([{ name: 'Credit', attempt: 1 }])
  })

  it('is handed over also when time is up while the commit is under way', async () => {
    const store = new MemoryStore()
    const processList = standIn(store.processList, {
      persist: async (changes: readonly ProcessChange[]) => {
        await new Promise((resolve) => setTimeout(resolve, 150))
        return store.processList.persist(changes)
      },
    })
    const engine = engineOn(store, { processList, pollMs: never })
    const process = await startLoan(engine)
    const [open] = (await engine.claimTasks({ worker: 'w' })).tasks
    const [waiting] = await waits(engine, { names: ['Credit'], waitMs: 100 })
    await engine.completeTask(open!.id, open!.claim)
    expect(await waiting).toMatchObject([{ name: 'Credit' }])
    expect((await engine.listTasks({ process })).items).toHaveLength(2)
  })
})

function secretOf(store: MemoryStore, process: string): string {
  return [...store.taskList.store.board.values()].find(({ processId }) => processId === process)?.secret ?? ''
}
