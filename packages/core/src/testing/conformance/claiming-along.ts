import assert from 'node:assert/strict'
import { startOf } from '../builders.js'
import { cancellationOf, completionOf } from '../changes.js'
import {
  aDemand,
  board,
  claimOne,
  commit,
  outcomeOf,
  passLease,
  recordOf,
  register,
  reportUntilAnswered,
  shortLeaseMs,
  startProcess,
  startProcessWith,
} from '../steps.js'
import type { ProcessChange } from '../../lists/process-list.js'
import type { Store } from '../../lists/store.js'
import type { ClaimCriteria } from '../../lists/task-list.js'
import type { Promises } from '../store-world.js'

/** What became of the changes, and which tasks were handed out to each demand; nothing where they were not. */
async function commitClaiming(
  store: Store,
  changes: readonly ProcessChange[],
  criteria: ClaimCriteria = {},
  ...maxes: readonly number[]
) {
  const demands = (maxes.length === 0 ? [1000] : maxes).map((max) => aDemand({ max }))
  const { results, handedOut } = await store.processList.persistClaiming(changes, { criteria, demands })
  for (const [place, tasks] of (handedOut?.tasks ?? []).entries()) {
    for (const { claim } of tasks) assert.equal(claim.secret, demands[place]?.secret)
  }
  return {
    outcomes: results.map(outcomeOf),
    names: handedOut?.tasks.map((tasks) => tasks.map(({ name }) => name).toSorted()),
    handedOut,
  }
}

export function claimingAlongPromises(promises: Promises): void {
  promises('a commit hands out tasks as a claim does: by name, of a process, or any', async ({ store }) => {
    const definition = await register(store, { tasks: ['first', 'a', 'b', 'c'] })
    for (const [criteria, maxes, names] of [
      [{ names: ['a', 'b'] }, [1, 1], [['a'], ['b']]],
      [{ names: ['a', 'c'], definition: definition.name }, [5], [['a', 'c']]],
      [{ names: ['a'], definition: 'another' }, [5], [[]]],
      [{}, [2, 5], [['a', 'b'], ['c']]],
    ] as const) {
      const process = await startProcess(store, definition, { enter: [0, 1, 2, 3] })
      const held = await claimOne(store, { names: ['first'] })
      const change = completionOf(process, [held])
      const answer = await commitClaiming(store, [change], criteria, ...maxes)
      assert.deepEqual(answer.outcomes, ['committed'])
      assert.deepEqual(answer.names?.flat().toSorted(), names.flat())
      assert.deepEqual(
        answer.names?.map(({ length }) => length),
        names.map(({ length }) => length),
      )
      assert.equal((await recordOf(store, process.id)).version, 2)
      const claimed = (await board(store)).filter(({ worker }) => worker !== undefined)
      assert.deepEqual(claimed.map(({ name }) => name).toSorted(), names.flat())
      for (const task of answer.handedOut?.tasks.flat() ?? []) assert.ok(await store.taskList.complete(task))
      await store.taskList.cancel(process.id)
    }
    const one = await startProcess(store, definition, { enter: [0, 1] })
    await startProcess(store, definition, { enter: [1] })
    const held = await claimOne(store, { processId: one.id, names: ['first'] })
    const { handedOut } = await commitClaiming(store, [completionOf(one, [held])], { processId: one.id })
    assert.deepEqual(
      handedOut?.tasks.flat().map(({ processId, task }) => [processId, task]),
      [[one.id, 1]],
    )
  })

  promises('what is handed out along is held, also where the commit is refused', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b')
    const a = await claimOne(store, { names: ['a'] })
    const madeUp = { ...a, claim: { ...a.claim, secret: 'made up' } }
    const refused = await commitClaiming(store, [completionOf(process, [madeUp])])
    assert.deepEqual(refused.outcomes, ['claims lost: 0'])
    assert.deepEqual(refused.names, [['b']])
    const [b] = refused.handedOut?.tasks.flat() ?? []
    assert.ok(b !== undefined && (await store.taskList.complete(b)))
    assert.ok(await store.taskList.complete(a))
  })

  promises('a task that is reported after its lease is not handed out by the same commit', async (world) => {
    const { store } = world
    const process = await startProcess(store, await register(store), { settings: { maxAttempts: 5 } })
    const late = await claimOne(store, { leaseMs: shortLeaseMs })
    await passLease(world)
    const { outcomes, names } = await commitClaiming(store, [completionOf(process, [late])])
    assert.deepEqual([outcomes, names], [['committed'], [[]]])
    assert.deepEqual(await board(store), [])
  })

  promises('nor is it when the commit is refused because its process has moved', async (world) => {
    const { store } = world
    const settings = { maxAttempts: 5 }
    const process = await startProcess(store, await register(store, { tasks: ['a', 'b'] }), { settings })
    const late = await claimOne(store, { names: ['a'], leaseMs: shortLeaseMs })
    await commit(store, completionOf(process, [await claimOne(store, { names: ['b'] })]))
    await passLease(world)
    const { outcomes, names } = await commitClaiming(store, [completionOf(process, [late])])
    assert.deepEqual([outcomes, names], [['moved'], [[]]])
    assert.equal(await reportUntilAnswered(store, late), 'committed')
  })

  promises('where it cannot be, the commit is done all the same', async ({ store }) => {
    const definition = await register(store)
    const process = await startProcess(store, definition)
    const changes = [startOf(definition), cancellationOf(process)]
    const { outcomes, names } = await commitClaiming(store, changes)
    assert.deepEqual(outcomes, ['committed', 'committed'])
    const claimed = (await board(store)).filter(({ worker }) => worker !== undefined)
    assert.equal(claimed.length, names?.flat().length ?? 0)
  })
}
