import assert from 'node:assert/strict'
import { aTask } from '../builders.js'
import { board, claim, claimOne, due, longLeaseMs, schedule, theOnly } from '../steps.js'
import type { Promises, StoreWorld } from '../store-world.js'

const leaseMs = 10_000

/** Claims what there is, and lets the lease lapse. */
async function claimAndLapse(world: StoreWorld): Promise<number[]> {
  const held = await claim(world.store, { leaseMs })
  await world.skip(leaseMs)
  return held.map((each) => each.claim.attempt)
}

export function attemptPromises(promises: Promises): void {
  promises(
    'a lapsed task is handed out again while it has attempts left, and no more then',
    async (world) => {
      await schedule(world.store, { maxAttempts: 3 })
      const attempts: number[][] = []
      for (let round = 0; round < 5; round += 1) attempts.push(await claimAndLapse(world))
      assert.deepEqual(attempts, [[1], [2], [3], [], []])
      assert.equal(theOnly(await board(world.store)).attempt, 3)
    },
  )

  promises('who takes over what has lapsed is told so, and nobody else', async (world) => {
    const { store } = world
    await schedule(store, { maxAttempts: 3 })
    const first = await claimOne(store)
    assert.equal(first.takenFrom, undefined)
    await store.taskList.release(first)
    assert.equal((await claimOne(store, { leaseMs })).takenFrom, undefined)
    await world.skip(leaseMs)
    const second = await claimOne(store, { leaseMs })
    assert.equal(second.takenFrom, 'worker 1')
    await world.skip(leaseMs)
    const third = await claimOne(store, { leaseMs })
    assert.equal(third.takenFrom, 'worker 1')
    await store.taskList.release(third)
    assert.equal((await claimOne(store, { leaseMs })).takenFrom, undefined)
  })

  promises('a task of one attempt that lapses is not claimable, whoever asks', async (world) => {
    const { store } = world
    const { processId } = await schedule(store, { maxAttempts: 1, name: 'a' })
    await claimAndLapse(world)
    for (const request of [
      {},
      { names: ['a'] },
      { processId },
      { processId, task: 0 },
      { names: ['b', 'a'] },
    ])
      assert.deepEqual(await claim(store, request), [])
    assert.deepEqual(await store.taskList.claimable(['a']), [])
    assert.deepEqual(await store.taskList.claimable(undefined), [])
  })

  promises('many who claim at once never begin more attempts than there are', async ({ store, skip }) => {
    for (let n = 0; n < 10; n += 1) await schedule(store, { maxAttempts: 2 })
    const attempts: string[] = []
    for (let round = 0; round < 4; round += 1) {
      const held = await Promise.all(Array.from({ length: 10 }, () => claim(store, { max: 2, leaseMs })))
      attempts.push(...held.flat().map((each) => `${each.processId} ${each.claim.attempt}`))
      await skip(leaseMs)
    }
    assert.equal(new Set(attempts).size, attempts.length)
    assert.equal(attempts.length, 20)
    assert.equal((await due(store)).length, 10)
  })

  promises('a released attempt is given back, the last one too', async ({ store }) => {
    await schedule(store, { maxAttempts: 1 })
    for (let round = 0; round < 3; round += 1) {
      const held = await claimOne(store)
      assert.equal(held.claim.attempt, 1)
      assert.equal(await store.taskList.release(held), true)
    }
    assert.equal(theOnly(await board(store)).attempt, 0)
  })

  promises('the board remembers when the first attempt was handed out', async (world) => {
    const { store } = world
    await schedule(store, { maxAttempts: 3 })
    const first = await claimOne(store, { leaseMs: 1 })
    const { firstClaimedAt, claimedAt } = theOnly(await board(store))
    assert.deepEqual(firstClaimedAt, claimedAt)
    await world.pass(5)
    const second = await claimOne(store)
    assert.equal(second.claim.attempt, first.claim.attempt + 1)
    const later = theOnly(await board(store))
    assert.deepEqual(later.firstClaimedAt, firstClaimedAt)
    assert.ok(later.claimedAt && claimedAt && later.claimedAt > claimedAt)
  })

  promises('a release of the first attempt forgets it, a release of a later one does not', async (world) => {
    const { store } = world
    await schedule(store, { maxAttempts: 3 })
    await store.taskList.release(await claimOne(store))
    assert.equal(theOnly(await board(store)).firstClaimedAt, undefined)
    await claimOne(store, { leaseMs: 1 })
    const { firstClaimedAt } = theOnly(await board(store))
    await world.pass(5)
    await store.taskList.release(await claimOne(store))
    const { attempt, firstClaimedAt: after } = theOnly(await board(store))
    assert.deepEqual({ attempt, after }, { attempt: 1, after: firstClaimedAt })
  })

  promises('within: a lapsed task is not handed out later than that after its first claim', async (world) => {
    const { store } = world
    await schedule(store, { name: 'a', withinMs: 3 * leaseMs })
    assert.deepEqual(await claimAndLapse(world), [1])
    assert.deepEqual(await store.taskList.claimable(['a']), ['a'])
    assert.deepEqual(await claimAndLapse(world), [2])
    await world.skip(2 * leaseMs)
    assert.deepEqual(await claim(store), [])
    assert.deepEqual(await claim(store, { names: ['a'] }), [])
    assert.deepEqual(await store.taskList.claimable(['a']), [])
    assert.deepEqual(await store.taskList.claimable(undefined), [])
  })

  promises('within does not matter to a task that was never handed out', async (world) => {
    const { store } = world
    await schedule(store, { withinMs: 10 })
    await world.skip(longLeaseMs)
    assert.equal((await claimOne(store)).claim.attempt, 1)
  })

  promises('within counts anew after the first attempt was released', async (world) => {
    const { store } = world
    await schedule(store, { withinMs: leaseMs })
    await store.taskList.release(await claimOne(store))
    await world.skip(2 * leaseMs)
    assert.equal((await claimOne(store)).claim.attempt, 1)
  })

  promises('within: a released task is not handed out later either', async (world) => {
    const { store } = world
    const task = aTask({ withinMs: 2 * leaseMs })
    await store.taskList.schedule([task])
    assert.deepEqual(await claimAndLapse(world), [1])
    await store.taskList.release(await claimOne(store))
    assert.equal((await store.taskList.claimable(undefined)).length, 1)
    await world.skip(1.5 * leaseMs)
    assert.deepEqual(await store.taskList.claimable(undefined), [])
    assert.deepEqual(await claim(store), [])
    assert.deepEqual(await due(store), [
      { processId: task.processId, task: 0, attempt: 1, secret: undefined, reason: 'not-claimed' },
    ])
  })
}
