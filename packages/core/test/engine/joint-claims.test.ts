import type { ClaimCriteria, ClaimDemand } from '@tunacorn/core'
import { TunaCornError } from '@tunacorn/core'
import { describe, expect, it } from 'vitest'
import { engineOn, flat, MemoryStore, standIn } from './support.js'

/** An engine with so many tasks of one name, and what was asked of its board: how many wanted something, each time. */
async function engineWith(tasks: number, options: { fails?: (call: number) => boolean } = {}) {
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
  const engine = engineOn(store, { taskList, pollMs: 60_000 })
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
