import { expect, test } from 'vitest'
import { TunaCornError, type Observer, type PersistResult, type ProcessChange } from '@tunacorn/core'
import {
  claim,
  complete,
  engineOn,
  flat,
  loan,
  MemoryStore,
  refusalOf,
  standIn,
  startLoan,
} from './support.js'

type Told = { readonly [Verb in keyof Observer]: Parameters<Observer[Verb]>[] }

/** Takes down all that it is told. */
function recorder(): { readonly told: Told; readonly observer: Observer } {
  const told: Told = {
    batched: [],
    committed: [],
    claimed: [],
    attemptEnded: [],
    processStarted: [],
    processEnded: [],
  }
  const observer: Observer = {
    batched: (...what) => void told.batched.push(what),
    committed: (...what) => void told.committed.push(what),
    claimed: (...what) => void told.claimed.push(what),
    attemptEnded: (...what) => void told.attemptEnded.push(what),
    processStarted: (...what) => void told.processStarted.push(what),
    processEnded: (...what) => void told.processEnded.push(what),
  }
  return { told, observer }
}

test('an observer is told what the engine does, in the order that it happens', async () => {
  const { told, observer } = recorder()
  const engine = engineOn(new MemoryStore(), { observer })
  const process = await startLoan(engine)
  for (const name of ['Open', 'Credit', 'Assets', 'Email']) await complete(engine, process, name)
  expect(told.processStarted).toEqual([['loan']])
  expect(told.attemptEnded).toEqual(['Open', 'Credit', 'Assets', 'Email'].map((name) => [name, 'completed']))
  expect(told.processEnded).toEqual([['loan', 'completed']])
  expect(told.committed).toHaveLength(5)
  expect(told.claimed.map(([{ requests, tasks, hasFailed }]) => [requests, tasks, hasFailed])).toEqual(
    Array.from({ length: 4 }, () => [1, 1, false]),
  )
})

test('what waits for a commit under way goes together, and is told so with how long it waited', async () => {
  const { told, observer } = recorder()
  const engine = engineOn(new MemoryStore(), { observer, lanes: 1 })
  await engine.registerDefinition(flat('many', 20))
  await engine.startProcess({ definition: 'many' })
  const { tasks } = await engine.claimTasks({ worker: 'w', max: 20 })
  told.batched.length = 0
  const [first, ...others] = tasks.map((task) => () => engine.completeTask(task.id, task.claim))
  const reported = [first!()]
  await Promise.resolve().then(() => Promise.resolve())
  reported.push(...others.map((report) => report()))
  await Promise.all(reported)
  expect(told.batched.reduce((sum, [{ errands }]) => sum + errands, 0)).toBe(20)
  expect(told.batched.length).toBeLessThan(20)
  expect(told.batched.every(([{ waitedMs }]) => waitedMs >= 0)).toBe(true)
})

test('a change that another replica was quicker with is a conflict', async () => {
  const { told, observer } = recorder()
  const store = new MemoryStore()
  const [one, other] = [engineOn(store, { observer }), engineOn(store)]
  const process = await startLoan(one)
  await complete(one, process, 'Open')
  const [credit, assets] = [await claim(one, process, 'Credit'), await claim(one, process, 'Assets')]
  await other.completeTask(credit.id, credit.claim)
  await one.completeTask(assets.id, assets.claim)
  expect(told.committed.map(([{ conflicts }]) => conflicts)).toEqual([0, 0, 1, 0])
})

test('a commit and a claim that the store does not carry out have failed', async () => {
  const { told, observer } = recorder()
  const { definitionList, processList, taskList } = new MemoryStore()
  const away = () => Promise.reject(new TunaCornError('unavailable'))
  const engine = engineOn(
    {
      definitionList,
      processList: standIn(processList, { persist: away }),
      taskList: standIn(taskList, { claim: away }),
    } as unknown as MemoryStore,
    { observer },
  )
  await engine.registerDefinition(loan)
  expect(await refusalOf(engine.startProcess({ definition: 'loan' }))).toBe('unavailable')
  expect(await refusalOf(engine.claimTasks({ worker: 'w' }))).toBe('unavailable')
  expect(told.committed).toMatchObject([[{ processes: 1, hasFailed: true }]])
  expect(told.claimed).toMatchObject([[{ requests: 1, tasks: 0, hasFailed: true }]])
  expect(told.processStarted).toEqual([])
})

test('a commit that fails while its process is held has failed too', async () => {
  const { told, observer } = recorder()
  const store = new MemoryStore()
  const processList = standIn(store.processList, {
    persist: async (changes: readonly ProcessChange[]): Promise<PersistResult[]> =>
      changes[0]?.started === undefined
        ? changes.map(() => ({ status: 'moved' }))
        : store.processList.persist(changes),
    persistHeld: () => Promise.reject(new TunaCornError('unavailable')),
  })
  const engine = engineOn(store, { observer, processList })
  const process = await startLoan(engine)
  expect(await refusalOf(complete(engine, process, 'Open'))).toBe('unavailable')
  expect(told.committed.filter(([{ hasFailed }]) => hasFailed)).toHaveLength(1)
})

test('a process that is cleaned up after is told to have failed, and the other to have started', async () => {
  const { told, observer } = recorder()
  const engine = engineOn(new MemoryStore(), { observer })
  await engine.registerDefinition(flat('undo', 1))
  await engine.registerDefinition('{"name": "do", "failureProcess": "undo", "tasks": [{"name": "A"}]}')
  const { id } = await engine.startProcess({ definition: 'do' })
  const task = await claim(engine, id, 'A')
  await engine.failTask(task.id, task.claim, 'broken')
  expect(told.attemptEnded).toEqual([['A', 'failed']])
  expect(told.processStarted).toEqual([['do'], ['undo']])
  expect(told.processEnded).toEqual([['do', 'failed']])
})
