import { setTimeout as sleep } from 'node:timers/promises'
import {
  TunaCornError,
  type ClaimCriteria,
  type ClaimDemand,
  type ClaimedTask,
  type ClaimTasksRequest,
  type Engine,
  type ProcessChange,
} from '@tunacorn/core'
import { describe, expect, it } from 'vitest'
import { claim as claimOf, complete, engineOn, loan, MemoryStore, standIn, startLoan } from './support.js'

const never = 60_000

/** A store that counts what would be statements of a claim. */
function countingStore() {
  const store = new MemoryStore()
  const counts = { claims: 0, commits: 0 }
  const taskList = standIn(store.taskList, {
    claim: (criteria: ClaimCriteria, demands: readonly ClaimDemand[]) => {
      counts.claims += 1
      return store.taskList.claim(criteria, demands)
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
    const open = await claimOf(engine, process, 'Open')
    await expect(engine.completeTask(open.id, open.claim)).rejects.toThrow('The database has refused it')
    expect(isBroken).toBe(false)
    await engine.completeTask(open.id, open.claim)
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

describe('who brings results and claims', () => {
  const names = ['Open', 'Credit', 'Assets', 'Email']
  const reportsOf = (tasks: readonly ClaimedTask[]) => tasks.map(({ id, claim }) => ({ task: id, claim }))

  it('is handed what they unlock in the same call, without another look at the board', async () => {
    const { store, counts, taskList } = countingStore()
    const engine = engineOn(store, { taskList, pollMs: never })
    await startLoan(engine)
    const claim = { worker: 'w', names, max: 2 }
    let { tasks } = await engine.claimTasks(claim)
    const seen: string[][] = []
    while (tasks.length > 0) {
      seen.push(tasks.map(({ name }) => name))
      tasks = (await engine.claimTasks({ ...claim, results: reportsOf(tasks) })).tasks
    }
    expect(seen).toEqual([['Open'], ['Credit', 'Assets'], ['Email']])
    expect(counts.claims).toBe(1)
  })

  it('is told of what it has been handed also when it could not claim more', async () => {
    const store = new MemoryStore()
    let isAway = false
    const taskList = standIn(store.taskList, {
      claim: async (...asked) => {
        if (isAway) throw new TunaCornError('unavailable', 'As asked.')
        return store.taskList.claim(...asked)
      },
    })
    // So long that what was known of the board is not believed any more.
    const processList = standIn(store.processList, {
      persist: async (changes) => {
        if (isAway) await sleep(60)
        return store.processList.persist(changes)
      },
    })
    const engine = engineOn({ ...store, processList, taskList }, { pollMs: 20 })
    await startLoan(engine)
    const claim = { worker: 'w', names, max: 3 }
    const { tasks } = await engine.claimTasks(claim)
    isAway = true
    const answer = await engine.claimTasks({ ...claim, results: reportsOf(tasks) })
    expect(answer.results).toMatchObject([{ state: 'completed' }])
    expect(answer.tasks.map(({ name }) => name)).toEqual(['Credit', 'Assets'])
    await expect(engine.claimTasks(claim)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('is handed what is more urgent on the board instead', async () => {
    const engine = engineOn(new MemoryStore(), { pollMs: never })
    await startLoan(engine)
    const claim = { worker: 'w', names, max: 2 }
    const { tasks } = await engine.claimTasks(claim)
    const urgent = await engine.startProcess({ definition: 'loan', priority: 9 })
    const next = await engine.claimTasks({ ...claim, max: 1, results: reportsOf(tasks) })
    expect(next.tasks).toMatchObject([{ name: 'Open', process: { id: urgent.id } }])
  })

  it('finds what another replica has brought, once a look at the board is due', async () => {
    const store = new MemoryStore()
    const engine = engineOn(store, { pollMs: 50 })
    await startLoan(engine)
    const claim = { worker: 'w', names: ['Open'], max: 2 }
    const { tasks } = await engine.claimTasks(claim)
    const other = await engineOn(store).startProcess({ definition: 'loan' })
    await new Promise((resolve) => setTimeout(resolve, 60))
    const next = await engine.claimTasks({ ...claim, results: reportsOf(tasks) })
    expect(next.tasks).toMatchObject([{ name: 'Open', process: { id: other.id } }])
  })

  const fan = `
name: fan
tasks:
  - name: First
  - { name: a, needs: [First] }
  - { name: b, needs: [First] }
  - { name: c, needs: [First] }
`

  it.for([
    [true, ['a'], ['b', 'c']],
    [false, ['a', 'b', 'c'], []],
  ] as const)(
    'is handed one for each result, and others wait (%s): then the rest is theirs',
    async ([othersWait, own, rest]) => {
      const engine = engineOn(new MemoryStore(), { pollMs: never })
      await engine.registerDefinition(fan)
      await engine.startProcess({ definition: 'fan' })
      const claim = { worker: 'w', max: 5 }
      const { tasks } = await engine.claimTasks(claim)
      const [waiting] = othersWait ? await waits(engine, { max: 5 }) : [Promise.resolve([])]
      const next = await engine.claimTasks({ ...claim, results: reportsOf(tasks) })
      expect(next.tasks.map(({ name }) => name)).toEqual(own)
      expect((await waiting)?.map(({ name }) => name)).toEqual(rest)
    },
  )

  it('is answered also when the commit that something was to come with does not succeed', async () => {
    const store = new MemoryStore()
    const processList = standIn(store.processList, {
      persist: async (changes: readonly ProcessChange[]) => {
        const isGift = changes.some(({ enter }) => enter.some(({ holder }) => holder !== undefined))
        if (!isGift) return store.processList.persist(changes)
        // It takes longer than the results that its worker waits for.
        await new Promise((resolve) => setTimeout(resolve, 100))
        return changes.map(() => ({ status: 'moved' }) as const)
      },
    })
    const engine = engineOn(store, { processList, pollMs: never })
    await engine.registerDefinition(fan)
    const { id } = await engine.startProcess({ definition: 'fan' })
    const { tasks } = await engine.claimTasks({ worker: 'w', max: 5 })
    // Refused at once, and meanwhile what another report unlocks is on its way to it.
    const other = id.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
    const nobody = [{ task: `${other}.1`, claim: '1.AAAAAAAAAAAAAAAAAAAAAA' }]
    void engine.completeTask(tasks[0]!.id, tasks[0]!.claim).catch(() => {})
    const answer = await engine.claimTasks({ worker: 'w', max: 5, results: nobody })
    expect(answer.tasks).toEqual([])
  })

  it('is not handed what does not fit its names', async () => {
    const engine = engineOn(new MemoryStore(), { pollMs: never })
    await startLoan(engine)
    const claim = { worker: 'w', names: ['Open', 'Assets'], max: 5 }
    const { tasks } = await engine.claimTasks(claim)
    const next = await engine.claimTasks({ ...claim, results: reportsOf(tasks) })
    expect(next.tasks.map(({ name }) => name)).toEqual(['Assets'])
  })
})

it('nobody is handed more than asked for, however many commits are under way', async () => {
  const store = new MemoryStore()
  const processList = standIn(store.processList, {
    persist: async (changes: readonly ProcessChange[]) => {
      await new Promise((resolve) => setTimeout(resolve, 20 + 20 * Math.random()))
      return store.processList.persist(changes)
    },
  })
  const engine = engineOn(store, { processList, pollMs: never, lanes: 8 })
  await engine.registerDefinition('{ name: one, tasks: [{ name: work }] }')
  const [waiting] = await waits(engine, { max: 3 })
  // Of full loads, several commits are under way at once.
  await Promise.all(Array.from({ length: 1_000 }, () => engine.startProcess({ definition: 'one' })))
  const tasks = await waiting!
  expect(tasks.length).toBeGreaterThan(0)
  expect(tasks.length).toBeLessThanOrEqual(3)
  const { items } = await engine.listTasks({ limit: 100, state: 'claimed' })
  expect(items).toHaveLength(tasks.length)
})
