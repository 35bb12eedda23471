import assert from 'node:assert/strict'
import { newProcessId, newSecret } from '../builders.js'
import { aDemand, board, claim, claimOne, longLeaseMs, schedule, storeTime, theOnly } from '../steps.js'
import type { ClaimCriteria } from '../../lists/task-list.js'
import type { Promises } from '../store-world.js'

export function claimingPromises(promises: Promises): void {
  promises('a claim hands a task to its worker, under the secret that was given', async ({ store }) => {
    const { processId } = await schedule(store, { task: 4, name: 'cut' })
    const before = await storeTime(store)
    const secret = newSecret()
    const held = await claimOne(store, { worker: 'Zoë', secret })
    const after = await storeTime(store)
    assert.deepEqual(held, {
      processId,
      task: 4,
      name: 'cut',
      claim: { attempt: 1, secret },
      leaseExpiresAt: held.leaseExpiresAt,
      takenFrom: undefined,
      leaseMs: longLeaseMs,
    })
    const claimedAt = held.leaseExpiresAt.getTime() - longLeaseMs
    assert.ok(before <= claimedAt && claimedAt <= after)
    const onBoard = theOnly(await board(store))
    assert.deepEqual(
      {
        worker: onBoard.worker,
        attempt: onBoard.attempt,
        claimedAt: onBoard.claimedAt,
        claimableAt: onBoard.claimableAt,
      },
      { worker: 'Zoë', attempt: 1, claimedAt: new Date(claimedAt), claimableAt: held.leaseExpiresAt },
    )
  })

  promises('a task that is held is not handed out', async ({ store }) => {
    await schedule(store)
    await claimOne(store)
    assert.deepEqual(await claim(store), [])
  })

  promises('a claim never hands out more than it was asked for', async ({ store }) => {
    for (let n = 0; n < 10; n += 1) await schedule(store)
    assert.equal((await claim(store, { max: 3 })).length, 3)
    assert.equal((await claim(store, { max: 0 })).length, 0)
    assert.equal((await claim(store, { max: 6 })).length, 6)
    assert.equal((await claim(store, { max: 6 })).length, 1)
  })

  promises('a claim for several gives each its share, with a claim of its own', async ({ store }) => {
    const processId = newProcessId()
    for (let task = 0; task < 10; task += 1) await schedule(store, { processId, task })
    const demands = [
      aDemand({ worker: 'a', max: 3 }),
      aDemand({ worker: 'none', max: 0 }),
      aDemand({ worker: 'b', max: 1, leaseMs: longLeaseMs / 2 }),
      aDemand({ worker: 'c', max: 4 }),
      aDemand({ worker: 'd', max: 5 }),
      aDemand({ worker: 'late', max: 5 }),
    ]
    const { tasks, isDry } = await store.taskList.claim({}, demands)
    assert.deepEqual(
      tasks.map(({ length }) => length),
      [3, 0, 1, 4, 2, 0],
    )
    assert.equal(isDry, true)
    const held = new Map(tasks.flat().map((each) => [each.task, each]))
    assert.equal(held.size, 10)
    for (const { task, worker, claimedAt, claimableAt } of await board(store)) {
      const demand = demands.find((one) => one.worker === worker)
      assert.deepEqual(held.get(task)?.claim, { attempt: 1, secret: demand?.secret })
      assert.deepEqual(held.get(task)?.leaseExpiresAt, claimableAt)
      assert.equal(claimableAt.getTime() - (claimedAt?.getTime() ?? 0), demand?.leaseMs)
      assert.equal(held.get(task)?.leaseMs, demand?.leaseMs)
    }
  })

  promises('a claim says whether there was less than was wanted', async ({ store }) => {
    for (let n = 0; n < 3; n += 1) await schedule(store)
    const isDry = async (...wanted: readonly number[]) =>
      (
        await store.taskList.claim(
          {},
          wanted.map((max) => aDemand({ max })),
        )
      ).isDry
    assert.equal(await isDry(1), false)
    assert.equal(await isDry(1, 1), false)
    assert.equal(await isDry(1), true)
  })

  promises('a claim takes what fits its names, definition, process and task', async ({ store }) => {
    const one = newProcessId()
    const two = newProcessId()
    await schedule(store, { processId: one, task: 0, name: 'a', definition: 'x' })
    await schedule(store, { processId: one, task: 1, name: 'b', definition: 'x' })
    await schedule(store, { processId: two, task: 0, name: 'a', definition: 'y' })
    await schedule(store, { processId: two, task: 1, name: 'c', definition: 'y' })
    const claimedBy = async (criteria: ClaimCriteria) => {
      const held = await claim(store, criteria)
      for (const task of held) await store.taskList.release(task)
      return held.map(({ processId, task }) => [processId === one ? 'one' : 'two', task])
    }
    const all = [
      ['one', 0],
      ['one', 1],
      ['two', 0],
      ['two', 1],
    ]
    assert.deepEqual(await claimedBy({}), all)
    assert.deepEqual(await claimedBy({ names: ['a', 'c', 'no such'] }), [all[0], all[2], all[3]])
    assert.deepEqual(await claimedBy({ names: [] }), [])
    assert.deepEqual(await claimedBy({ definition: 'x' }), [all[0], all[1]])
    assert.deepEqual(await claimedBy({ processId: two }), [all[2], all[3]])
    assert.deepEqual(await claimedBy({ processId: one, task: 0 }), [all[0]])
    assert.deepEqual(await claimedBy({ processId: one, task: 2 }), [])
    assert.deepEqual(await claimedBy({ names: ['a'], definition: 'y' }), [all[2]])
    assert.deepEqual(await claimedBy({ names: ['a'], processId: one, definition: 'y' }), [])
    assert.deepEqual(await claimedBy({ processId: newProcessId() }), [])
  })

  promises('a higher priority goes first, then an earlier turn', async ({ store }) => {
    const now = await storeTime(store)
    const ago = (ms: number) => new Date(now - ms)
    await schedule(store, { name: 'third', priority: 0, claimableAt: ago(3000) })
    await schedule(store, { name: 'fifth', priority: -1, claimableAt: ago(5000) })
    await schedule(store, { name: 'second', priority: 9, claimableAt: ago(1000) })
    await schedule(store, { name: 'fourth', priority: 0, claimableAt: ago(2000) })
    await schedule(store, { name: 'first', priority: 10, claimableAt: ago(1000) })
    const turns: string[] = []
    for (let n = 0; n < 5; n += 1) turns.push((await claimOne(store)).name)
    assert.deepEqual(turns, ['first', 'second', 'third', 'fourth', 'fifth'])
  })

  promises('a claim of several takes those whose turn it is', async ({ store }) => {
    const now = await storeTime(store)
    for (const [n, name] of ['d', 'a', 'c', 'b'].entries()) {
      await schedule(store, { name, priority: n % 2, claimableAt: new Date(now - 1000 * n) })
    }
    const names = async () => (await claim(store, { max: 2 })).map(({ name }) => name).toSorted()
    assert.deepEqual(await names(), ['a', 'b'])
    assert.deepEqual(await names(), ['c', 'd'])
  })

  promises('names do not change whose turn it is', async ({ store }) => {
    const now = await storeTime(store)
    await schedule(store, { name: 'b', claimableAt: new Date(now - 3000) })
    await schedule(store, { name: 'a', claimableAt: new Date(now - 2000) })
    await schedule(store, { name: 'a', priority: 1, claimableAt: new Date(now - 1000) })
    const names = ['a', 'b']
    const turns = [
      await claimOne(store, { names }),
      await claimOne(store, { names }),
      await claimOne(store, { names }),
    ]
    assert.deepEqual(
      turns.map(({ name }) => name),
      ['a', 'b', 'a'],
    )
  })

  promises('a task is not claimed before it is claimable', async ({ store, pass }) => {
    const now = await storeTime(store)
    // Late enough for the slowest store to look before, soon enough to be waited for.
    await schedule(store, { name: 'soon', claimableAt: new Date(now + 500) })
    await schedule(store, { name: 'later', claimableAt: new Date(now + longLeaseMs) })
    assert.deepEqual(await claim(store), [])
    assert.deepEqual(await store.taskList.claimable(undefined), [])
    await pass(520)
    assert.deepEqual(await store.taskList.claimable(undefined), ['soon'])
    assert.equal(theOnly(await claim(store)).name, 'soon')
  })
}
