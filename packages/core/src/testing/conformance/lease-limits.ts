import assert from 'node:assert/strict'
import { dayMs, type TaskSettings } from '../builders.js'
import { board, claim, claimOne, longLeaseMs, schedule, storeTime, theOnly } from '../steps.js'
import type { Store } from '../../lists/store.js'
import type { Promises } from '../store-world.js'

/** How long after its claim the only task on the board can be claimed again, and is judged. */
async function limitsOf(store: Store): Promise<{ leaseMs: number; judgedMs: number }> {
  const { claimedAt, claimableAt, expiresAt } = theOnly(await board(store))
  assert.ok(claimedAt)
  const since = (at: Date) => at.getTime() - claimedAt.getTime()
  return { leaseMs: since(claimableAt), judgedMs: since(expiresAt) }
}

export function leaseLimitPromises(promises: Promises): void {
  const cases: readonly (readonly [string, TaskSettings, { leaseMs: number; judgedMs: number }])[] = [
    [
      'a lease is what was asked for, and its attempt is judged at its timeout when another may follow',
      { timeoutMs: 3 * longLeaseMs },
      { leaseMs: longLeaseMs, judgedMs: 3 * longLeaseMs },
    ],
    [
      'a lease is no longer than the silence that is allowed',
      { timeoutMs: 3 * longLeaseMs, heartbeatMs: 7_000 },
      { leaseMs: 7_000, judgedMs: 3 * longLeaseMs },
    ],
    [
      'a lease ends with its attempt',
      { timeoutMs: 5_000, heartbeatMs: 7_000 },
      { leaseMs: 5_000, judgedMs: 5_000 },
    ],
    [
      'the last attempt is judged when its lease is over',
      { timeoutMs: 3 * longLeaseMs, maxAttempts: 1 },
      { leaseMs: longLeaseMs, judgedMs: longLeaseMs },
    ],
    [
      'so is an attempt whose lease ends too late for another one',
      { timeoutMs: 3 * longLeaseMs, withinMs: longLeaseMs },
      { leaseMs: longLeaseMs, judgedMs: longLeaseMs },
    ],
    [
      'an attempt that another may follow in time is judged at its timeout',
      { timeoutMs: 3 * longLeaseMs, withinMs: longLeaseMs + 1 },
      { leaseMs: longLeaseMs, judgedMs: 3 * longLeaseMs },
    ],
  ]
  for (const [promise, settings, limits] of cases) {
    promises(promise, async ({ store }) => {
      await schedule(store, settings)
      const held = await claimOne(store)
      assert.deepEqual(await limitsOf(store), limits)
      assert.deepEqual(theOnly(await board(store)).claimableAt, held.leaseExpiresAt)
      assert.equal(held.leaseMs, limits.leaseMs)
    })
  }

  promises('a heartbeat asks for no longer silence than is allowed', async ({ store, skip }) => {
    await schedule(store, { heartbeatMs: 7_000, timeoutMs: 60_000 })
    const held = await claimOne(store)
    await skip(5_000)
    const expiry = theOnly(await store.taskList.extend([held], longLeaseMs))
    const { leaseMs, judgedMs } = await limitsOf(store)
    assert.deepEqual(expiry, theOnly(await board(store)).claimableAt)
    assertNear(leaseMs, 12_000)
    assert.equal(judgedMs, 60_000)
  })

  promises('a heartbeat does not stretch an attempt beyond its timeout', async ({ store, skip }) => {
    await schedule(store, { timeoutMs: 10_000 })
    const held = await claimOne(store, { leaseMs: 6_000 })
    await skip(5_000)
    assert.ok(theOnly(await store.taskList.extend([held])))
    assert.deepEqual(await limitsOf(store), { leaseMs: 10_000, judgedMs: 10_000 })
    assert.ok(theOnly(await store.taskList.extend([held], longLeaseMs)))
    assert.deepEqual(await limitsOf(store), { leaseMs: 10_000, judgedMs: 10_000 })
  })

  promises('an attempt that is over is not extended, though it can still be reported', async (world) => {
    const { store } = world
    await schedule(store, { timeoutMs: 10_000 })
    const held = await claimOne(store, { leaseMs: 6_000 })
    await world.skip(10_000)
    const before = await board(store)
    assert.deepEqual(await store.taskList.extend([held]), [undefined])
    assert.deepEqual(await store.taskList.extend([held], longLeaseMs), [undefined])
    assert.deepEqual(await board(store), before)
    assert.equal(await store.taskList.complete(held), true)
  })

  promises('a heartbeat moves the moment at which a last attempt is judged', async ({ store, skip }) => {
    await schedule(store, { maxAttempts: 1 })
    const held = await claimOne(store, { leaseMs: 10_000 })
    await skip(5_000)
    await store.taskList.extend([held])
    const { leaseMs, judgedMs } = await limitsOf(store)
    assertNear(leaseMs, 15_000)
    assert.equal(judgedMs, leaseMs)
    await store.taskList.extend([held], 2_000)
    const shorter = await limitsOf(store)
    assertNear(shorter.leaseMs, 7_000)
    assert.equal(shorter.judgedMs, shorter.leaseMs)
  })

  promises('a heartbeat says anew whether another attempt may follow', async ({ store, skip }) => {
    await schedule(store, { withinMs: 10_000, timeoutMs: 60_000 })
    const held = await claimOne(store, { leaseMs: 6_000 })
    assert.equal((await limitsOf(store)).judgedMs, 60_000)
    await skip(5_000)
    await store.taskList.extend([held])
    const tooLate = await limitsOf(store)
    assertNear(tooLate.judgedMs, 11_000)
    assert.equal(tooLate.judgedMs, tooLate.leaseMs)
    await store.taskList.extend([held], 1_000)
    assert.equal((await limitsOf(store)).judgedMs, 60_000)
  })

  promises('a waiting task is judged when it has waited for as long as it may', async ({ store }) => {
    const future = new Date((await storeTime(store)) + 40 * dayMs)
    await schedule(store, { scheduleTimeoutMs: 1_000 })
    const { scheduledAt, expiresAt } = theOnly(await board(store))
    assert.equal(expiresAt.getTime() - scheduledAt.getTime(), 1_000)
    await claim(store)
    await schedule(store, { name: 'later', claimableAt: future, scheduleTimeoutMs: 1_000 })
    const later = theOnly(await board(store, { name: 'later' }))
    assert.equal(later.expiresAt.getTime() - future.getTime(), 1_000)
  })

  promises('a released task waits for a worker anew', async ({ store, skip }) => {
    await schedule(store, { scheduleTimeoutMs: 10_000 })
    await skip(5_000)
    await store.taskList.release(await claimOne(store))
    const { scheduledAt, expiresAt } = theOnly(await board(store))
    assertNear(expiresAt.getTime() - scheduledAt.getTime(), 15_000)
  })
}

/** Time that is measured is never less, and a little more. */
function assertNear(actualMs: number, expectedMs: number): void {
  const isNear = actualMs >= expectedMs && actualMs < expectedMs + 1_500
  assert.ok(isNear, `Expected about ${expectedMs} ms, but it was ${actualMs} ms.`)
}
