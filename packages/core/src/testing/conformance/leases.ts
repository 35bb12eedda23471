import assert from 'node:assert/strict'
import {
  board,
  bothOf,
  claim,
  claimOne,
  commit,
  longLeaseMs,
  passLease,
  register,
  schedule,
  shortLeaseMs,
  startProcess,
  storeTime,
  theOnly,
} from '../steps.js'
import { boardTasks } from '../builders.js'
import { completionOf } from '../changes.js'
import type { Promises } from '../store-world.js'

export function leasePromises(promises: Promises): void {
  promises('a lapsed task is claimable again, as the next attempt', async (world) => {
    const { store } = world
    await schedule(store, { name: 'a' })
    const first = await claimOne(store, { worker: 'one', leaseMs: shortLeaseMs })
    const claimedAt = theOnly(await board(store)).claimedAt
    await passLease(world)
    assert.deepEqual(await store.taskList.claimable(undefined), ['a'])
    assert.deepEqual(await store.taskList.claimable(['a']), ['a'])
    const second = await claimOne(store, { worker: 'two' })
    assert.equal(second.claim.attempt, 2)
    const { attempt, worker, lapsed } = theOnly(await board(store))
    assert.deepEqual(
      { attempt, worker, lapsed },
      {
        attempt: 2,
        worker: 'two',
        lapsed: [{ ...first.claim, worker: 'one', claimedAt, leaseExpiredAt: first.leaseExpiresAt }],
      },
    )
  })

  promises(
    'of an attempt that was taken over it is told whether its time was up',
    async ({ store, skip }) => {
      await schedule(store, { timeoutMs: 10_000 })
      for (const leaseMs of [5_000, 60_000, 5_000]) {
        await claimOne(store, { leaseMs })
        await skip(10_000)
      }
      await claimOne(store)
      const { lapsed } = theOnly(await board(store))
      assert.deepEqual(
        lapsed.map(({ attempt, timedOut }) => [attempt, timedOut]),
        [
          [1, undefined],
          [2, true],
          [3, undefined],
        ],
      )
    },
  )

  promises('the claim before is dead once the task is handed out again', async (world) => {
    const { store } = world
    await schedule(store)
    const first = await claimOne(store, { leaseMs: shortLeaseMs })
    await passLease(world)
    const second = await claimOne(store)
    assert.equal(await store.taskList.complete(first), false)
    assert.equal(await store.taskList.fail(first), false)
    assert.equal(await store.taskList.release(first), false)
    assert.deepEqual(await store.taskList.extend([first]), [undefined])
    assert.equal(await store.taskList.complete(second), true)
  })

  promises('a lapsed claim is live until the task is handed out again', async (world) => {
    const { store } = world
    const { processId } = await schedule(store, { task: 0 })
    await schedule(store, { processId, task: 1 })
    const [a, b] = bothOf(await claim(store, { leaseMs: shortLeaseMs }))
    await passLease(world)
    assert.equal(await store.taskList.complete(a), true)
    assert.equal(await store.taskList.fail(b), true)
    assert.deepEqual(await board(store), [])
  })

  promises(
    'a lease begins anew when it is extended, for as long as it was claimed for',
    async ({ store, pass }) => {
      await schedule(store)
      const held = await claimOne(store)
      await pass(20)
      const before = await storeTime(store)
      const extended = theOnly(await store.taskList.extend([held]))
      const after = await storeTime(store)
      assert.ok(extended && extended > held.leaseExpiresAt)
      assert.ok(before + longLeaseMs <= extended.getTime() && extended.getTime() <= after + longLeaseMs)
      assert.deepEqual(theOnly(await board(store)).claimableAt, extended)
      assert.equal(await store.taskList.complete(held), true)
    },
  )

  promises('a lease can be extended for another time, once', async ({ store }) => {
    await schedule(store)
    const held = await claimOne(store)
    const before = await storeTime(store)
    const longer = theOnly(await store.taskList.extend([held], 3 * longLeaseMs))
    const shorter = theOnly(await store.taskList.extend([held], 0.5 * longLeaseMs))
    const asClaimed = theOnly(await store.taskList.extend([held]))
    const after = await storeTime(store)
    for (const [expiry, leases] of [
      [longer, 3],
      [shorter, 0.5],
      [asClaimed, 1],
    ] as const) {
      assert.ok(expiry)
      const begun = expiry.getTime() - leases * longLeaseMs
      assert.ok(before <= begun && begun <= after, `Expected a lease of ${leases} × ${longLeaseMs} ms.`)
    }
  })

  promises('an extension revives a lapsed claim, while nobody else has the task', async (world) => {
    const { store } = world
    await schedule(store)
    const held = await claimOne(store, { leaseMs: shortLeaseMs })
    await passLease(world)
    assert.ok(theOnly(await store.taskList.extend([held], longLeaseMs)))
    assert.deepEqual(await claim(store), [])
    assert.deepEqual(await store.taskList.claimable(undefined), [])
    const { attempt, lapsed } = theOnly(await board(store))
    assert.deepEqual({ attempt, lapsed }, { attempt: 1, lapsed: [] })
    assert.equal(await store.taskList.complete(held), true)
  })

  promises('an extended lease lapses like any other', async (world) => {
    const { store } = world
    await schedule(store)
    const held = await claimOne(store)
    const expiry = theOnly(await store.taskList.extend([held], shortLeaseMs))
    await passLease(world)
    assert.equal((await claimOne(store)).claim.attempt, 2)
    assert.deepEqual(
      theOnly(await board(store)).lapsed.map(({ leaseExpiredAt }) => leaseExpiredAt),
      [expiry],
    )
  })

  promises('extensions are answered in the order asked, the dead ones with undefined', async ({ store }) => {
    const { processId } = await schedule(store, { task: 0 })
    for (const task of [1, 2, 3]) await schedule(store, { processId, task })
    const claimFor = (task: number, leases: number) =>
      claimOne(store, { processId, task, leaseMs: leases * longLeaseMs })
    const [a, b, c, d] = [
      await claimFor(0, 2),
      await claimFor(1, 1),
      await claimFor(2, 3),
      await claimFor(3, 4),
    ]
    await store.taskList.complete(b)
    const before = await storeTime(store)
    const answers = await store.taskList.extend([d, b, a, d, c])
    const after = await storeTime(store)
    for (const [n, leases] of [4, 0, 2, 4, 3].entries()) {
      const begun = (answers[n]?.getTime() ?? 0) - leases * longLeaseMs
      assert.ok(leases === 0 ? answers[n] === undefined : before <= begun && begun <= after)
    }
    const onBoard = new Map((await board(store)).map(({ task, claimableAt }) => [task, claimableAt]))
    assert.deepEqual(answers, [onBoard.get(3), undefined, onBoard.get(0), onBoard.get(3), onBoard.get(2)])
    assert.deepEqual(await store.taskList.extend([]), [])
  })

  promises('a released task is claimable at once, and the hand-out does not count', async ({ store }) => {
    const scheduled = await schedule(store)
    const before = theOnly(await board(store))
    const first = await claimOne(store)
    assert.equal(await store.taskList.release(first), true)
    const { expiresAt, ...released } = theOnly(await board(store))
    assert.deepEqual({ ...released, expiresAt: before.expiresAt }, before)
    assert.ok(expiresAt >= before.expiresAt, 'Expected it to wait for a worker anew.')
    assert.deepEqual(before.claimableAt, scheduled.claimableAt)
    const asIfUncounted = { ...first, claim: { ...first.claim, attempt: 0 } }
    assert.equal(await store.taskList.complete(asIfUncounted), false)
    const second = await claimOne(store)
    assert.equal(second.claim.attempt, 1)
    assert.equal(await store.taskList.complete(first), false)
    assert.equal(await store.taskList.release(first), false)
    assert.equal(await store.taskList.complete(second), true)
  })

  promises('a released task has its turn as before', async ({ store }) => {
    const now = await storeTime(store)
    await schedule(store, { name: 'first', claimableAt: new Date(now - 2000) })
    await schedule(store, { name: 'second', claimableAt: new Date(now - 1000) })
    await store.taskList.release(await claimOne(store))
    assert.equal((await claimOne(store)).name, 'first')
  })

  promises('a released task of an older process still comes first', async ({ store, pass }) => {
    const definition = await register(store, { tasks: ['a', 'b'] })
    const older = await startProcess(store, definition, { enter: [0] })
    await pass(5)
    await startProcess(store, definition)
    await pass(5)
    await commit(store, completionOf(older, [await claimOne(store)], boardTasks(definition, [1])))
    await store.taskList.release(await claimOne(store))
    const { processId, task } = await claimOne(store)
    assert.deepEqual({ processId, task }, { processId: older.id, task: 1 })
  })

  promises('a release does not forget the attempts that lapsed before', async (world) => {
    const { store } = world
    await schedule(store)
    const first = await claimOne(store, { leaseMs: shortLeaseMs })
    await passLease(world)
    assert.equal(await store.taskList.release(await claimOne(store)), true)
    const { attempt, lapsed, worker, claimedAt } = theOnly(await board(store))
    assert.deepEqual({ attempt, worker, claimedAt }, { attempt: 1, worker: undefined, claimedAt: undefined })
    assert.deepEqual(
      lapsed.map((each) => each.attempt),
      [1],
    )
    assert.equal(await store.taskList.complete(first), false)
    assert.equal((await claimOne(store)).claim.attempt, 2)
    assert.deepEqual(
      theOnly(await board(store)).lapsed.map((each) => each.attempt),
      [1],
    )
  })

  promises('a lapsed claim can still be released', async (world) => {
    const { store } = world
    await schedule(store)
    const held = await claimOne(store, { leaseMs: shortLeaseMs })
    await passLease(world)
    assert.equal(await store.taskList.release(held), true)
    assert.equal((await claimOne(store)).claim.attempt, 1)
    assert.deepEqual(theOnly(await board(store)).lapsed, [])
  })
}
