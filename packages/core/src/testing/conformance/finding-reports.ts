import assert from 'node:assert/strict'
import { newProcessId, newSecret } from '../builders.js'
import { attemptFailureOf, completionOf, failureOf, refusalOf } from '../changes.js'
import { claim, claimOne, commit, historyOf, recordOf, startProcessWith } from '../steps.js'
import { Payload } from '../../payload.js'
import type { Promises } from '../store-world.js'

const leaseMs = 10_000

export function findingReportsPromises(promises: Promises): void {
  promises('a report is found again by its claim', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b', 'c')
    const [a, b] = await claim(store, { max: 2 })
    assert.ok(a && b)
    await commit(store, completionOf(process, [{ ...a, payload: Payload.from(1) }, b]))
    const c = await claimOne(store)
    await commit(store, failureOf(await recordOf(store, process.id), c))
    const history = await historyOf(store, process.id)
    for (const [n, held] of [a, b, c].entries())
      assert.deepEqual(await store.processList.findReport(held), history[n + 1])
  })

  promises('so is a failed attempt, apart from the attempts after it', async ({ store }) => {
    const process = await startProcessWith(store, 'a')
    const first = await claimOne(store)
    await commit(store, attemptFailureOf(process, first, 0))
    const second = await claimOne(store)
    assert.equal(await store.processList.findReport(second), undefined)
    await commit(store, completionOf(await recordOf(store, process.id), [second]))
    const history = await historyOf(store, process.id)
    assert.deepEqual(await store.processList.findReport(first), history[1])
    assert.deepEqual(await store.processList.findReport(second), history[2])
  })

  promises(
    'a late report is not found as one, but leaves a trace beside what it was late for',
    async (world) => {
      const { store } = world
      const process = await startProcessWith(store, 'a', 'b')
      const { id } = process
      const late = await claimOne(store, { leaseMs, names: ['a'] })
      await world.skip(leaseMs)
      const second = await claimOne(store, { names: ['a'] })
      assert.deepEqual(await store.processList.findTraces(late), [])
      await commit(store, attemptFailureOf(process, second, 0))
      const said = { task: 0, claim: late.claim, payload: Payload.from('late') }
      await commit(store, refusalOf(await recordOf(store, id), said))
      const history = await historyOf(store, id)
      assert.deepEqual(history[2]?.claim, late.claim)
      assert.equal(await store.processList.findReport(late), undefined)
      assert.deepEqual(await store.processList.findTraces(late), [history[1], history[2]])
      assert.deepEqual(await store.processList.findTraces(second), [history[1]])
    },
  )

  promises('an attempt that its process has left without an end has its trace there', async (world) => {
    const { store } = world
    const { id } = await startProcessWith(store, 'a', 'b', 'c')
    const [a, b] = await claim(store, { leaseMs, names: ['a', 'b'] })
    await world.skip(leaseMs)
    const again = await claimOne(store, { names: ['b'] })
    assert.ok(a && b)
    await commit(store, failureOf(await recordOf(store, id), { task: 2 }))
    const [, ending] = await historyOf(store, id)
    for (const held of [a, b, again]) {
      assert.deepEqual(await store.processList.findTraces(held), [ending])
      const others = [
        { ...held, task: 2 },
        { ...held, claim: { ...held.claim, attempt: 3 } },
        { ...held, claim: { ...held.claim, secret: newSecret() } },
        { ...held, processId: newProcessId() },
      ]
      for (const other of others) assert.deepEqual(await store.processList.findTraces(other), [])
    }
  })

  promises('nothing is found for a claim that has reported nothing, or that never was', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b')
    const [a, b] = await claim(store)
    assert.ok(a && b)
    await commit(store, completionOf(process, [a]))
    const wrong = [
      b,
      { ...b, claim: { attempt: 1, secret: newSecret() } },
      { ...a, task: 1, claim: { ...a.claim, attempt: 2 } },
      { ...a, claim: { ...a.claim, attempt: 2 } },
      { ...a, claim: { ...a.claim, secret: newSecret() } },
      { ...a, processId: newProcessId() },
    ]
    for (const held of wrong) assert.equal(await store.processList.findReport(held), undefined)
  })
}
