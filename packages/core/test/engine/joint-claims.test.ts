import type {
  ClaimCriteria,
  ClaimDemand,
  ClaimedTask,
  ClaimTasksResult,
  ProcessChange,
  ProcessList,
} from '@tunacorn/core'
import { TunaCornError } from '@tunacorn/core'
import { describe, expect, it } from 'vitest'
import { engineOn, flat, MemoryStore, standIn } from './support.js'

/** An engine with so many tasks of one name, and what was asked of its board: how many wanted something, each time. */
async function engineWith(
  tasks: number,
  options: {
    fails?: (call: number) => boolean
    persistClaiming?: (
      store: MemoryStore,
      changes: readonly ProcessChange[],
    ) => ReturnType<ProcessList['persistClaiming']>
  } = {},
) {
  const store = new MemoryStore()
  const asked: number[] = []
  const taskList = standIn(store.taskList, {
    claim: async (criteria: ClaimCriteria, demands: readonly ClaimDemand[]) => {
      asked.push(demands.length)
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (options.fails?.(asked.length) === true) throw new TunaCornError('unavailable')
      return store.taskList.claim(criteria, demands)
    },
  })
  // What looks at the board by itself would count as well.
  const engine = engineOn(store, {
    taskList,
    processList: standIn<ProcessList>(store.processList, {
      ...(options.persistClaiming && {
        persistClaiming: (changes) => options.persistClaiming!(store, changes),
      }),
    }),
    pollMs: 60_000,
  })
  await engine.registerDefinition(flat('one', 1))
  await engine.startProcesses(Array.from({ length: tasks }, () => ({ definition: 'one' })))
  return { engine, asked }
}

describe('claims that want the same', () => {
  it('go together, and each gets its own', async () => {
    const { engine, asked } = await engineWith(20)
    const claims = Array.from({ length: 30 }, (_, n) => engine.claimTasks({ worker: `w${n}`, names: ['t0'] }))
    const answers = await Promise.all(claims)
    expect(asked.length).toBeLessThanOrEqual(2)
    expect(asked.reduce((sum, one) => sum + one, 0)).toBe(30)
    expect(answers.map(({ tasks }) => tasks.length)).toEqual([
      ...Array<number>(20).fill(1),
      ...Array<number>(10).fill(0),
    ])
    const tasks = answers.flatMap((answer) => answer.tasks)
    expect(new Set(tasks.map(({ claim }) => claim)).size).toBe(20)
    for (const { id, claim } of tasks)
      expect(await engine.completeTask(id, claim)).toMatchObject({ version: 2 })
  })

  it('are not held up by one that wants very many', async () => {
    const { engine, asked } = await engineWith(10)
    const large = engine.claimTasks({ worker: 'large', names: ['t0'], max: 200 })
    const others = Array.from({ length: 3 }, () =>
      engine.claimTasks({ worker: 'w', names: ['t0'], max: 100 }),
    )
    const taken = await Promise.all([large, ...others])
    expect(taken.map(({ tasks }) => tasks.length)).toEqual([10, 0, 0, 0])
    // No more than 250 tasks at a time, but by who asks for more alone.
    expect(asked).toEqual([1, 2, 1])
  })

  it('hear together that the store does not answer, and the next ones are served', async () => {
    const { engine } = await engineWith(2, { fails: (call) => call === 1 })
    const claim = () => engine.claimTasks({ worker: 'w', names: ['t0'] })
    const failed = await Promise.allSettled([claim(), claim()])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect((await claim()).tasks).toHaveLength(1)
  })

  it('are another kind when their filters differ', async () => {
    const { engine, asked } = await engineWith(2)
    const claims = [
      engine.claimTasks({ worker: 'w', names: ['t0'] }),
      engine.claimTasks({ worker: 'w', names: ['t0'], definition: 'one' }),
    ]
    expect((await Promise.all(claims)).map(({ tasks }) => tasks.length)).toEqual([1, 1])
    expect(asked).toEqual([1, 1])
  })
})

describe('a claim of who brings results', () => {
  const names = ['t0']
  const reports = (tasks: readonly ClaimedTask[]) => tasks.map(({ id, claim }) => ({ task: id, claim }))
  const outcomeOf = (result: ClaimTasksResult['results'][number]) =>
    result.refusal === undefined ? result.state : result.refusal.code

  it('goes along with a commit, together with those of others', async () => {
    const { engine, asked } = await engineWith(20)
    const { tasks } = await engine.claimTasks({ worker: 'w', names, max: 6 })
    const answers = await Promise.all(
      [tasks.slice(0, 3), tasks.slice(3)].map((some) =>
        engine.claimTasks({ worker: 'w', names, max: 4, results: reports(some) }),
      ),
    )
    expect(answers.map(({ tasks: next }) => next.length)).toEqual([4, 4])
    expect(answers.flatMap(({ results }) => results.map(outcomeOf))).toEqual(Array(6).fill('completed'))
    const all = [...tasks, ...answers.flatMap((answer) => answer.tasks)]
    expect(new Set(all.map(({ id }) => id)).size).toBe(14)
    // The board was not asked for anything by itself but the first time.
    expect(asked).toEqual([1])
  })

  it.each([
    ['could not take it along', () => Promise.resolve(undefined), 'completed'],
    ['has failed', () => Promise.reject(new TunaCornError('unavailable')), 'unavailable'],
  ] as const)('is made by itself where the commit %s', async (_why, handedOut, outcome) => {
    const { engine, asked } = await engineWith(20, {
      persistClaiming: async (store, changes) => ({
        handedOut: await handedOut(),
        results: await store.processList.persist(changes),
      }),
    })
    const { tasks } = await engine.claimTasks({ worker: 'w', names, max: 2 })
    const answer = await engine.claimTasks({ worker: 'w', names, max: 2, results: reports(tasks) })
    expect(answer.results.map(outcomeOf)).toEqual([outcome, outcome])
    expect(answer.tasks).toHaveLength(2)
    expect(asked).toEqual([1, 1])
  })

  it('is made by itself where there is nothing to commit', async () => {
    const { engine, asked } = await engineWith(20)
    const { tasks } = await engine.claimTasks({ worker: 'w', names })
    const madeUp = tasks.map(({ id }) => ({ task: id, claim: '1.made-up-but-long-enough' }))
    const answer = await engine.claimTasks({ worker: 'w', names, max: 2, results: madeUp })
    expect(answer.results.map(({ refusal }) => refusal?.code)).toEqual(['claim-lost'])
    expect(answer.tasks).toHaveLength(2)
    expect(asked).toEqual([1, 1])
  })
})
