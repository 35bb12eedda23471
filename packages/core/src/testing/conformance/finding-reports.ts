import assert from 'node:assert/strict'
import { newProcessId, newSecret } from '../builders.js'
import { attemptFailureOf, completionOf, failureOf } from '../changes.js'
import { claim, claimOne, commit, historyOf, recordOf, startProcessWith } from '../steps.js'
import { Payload } from '../../payload.js'
import type { Promises } from '../store-world.js'

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
