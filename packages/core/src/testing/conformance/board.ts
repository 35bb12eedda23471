import assert from 'node:assert/strict'
import { newProcessId, newSecret } from '../builders.js'
import { board, bothOf, claim, claimOne, schedule, startProcessWith, theOnly } from '../steps.js'
import type { Promises } from '../store-world.js'

export function boardPromises(promises: Promises): void {
  promises('a scheduled task is on the board as it was given', async ({ store }) => {
    const place = { processId: newProcessId(), task: 3 }
    const claimableAt = new Date(Date.UTC(2020, 1, 2))
    const given = { ...place, name: 'cut', definition: 'cake', priority: -2, claimableAt, maxAttempts: 7 }
    await schedule(store, given)
    const task = theOnly(await board(store))
    assert.deepEqual(task, {
      ...given,
      attempt: 0,
      scheduledAt: task.scheduledAt,
      expiresAt: task.expiresAt,
      worker: undefined,
      claimedAt: undefined,
      firstClaimedAt: undefined,
      lapsed: [],
      isPaused: false,
    })
  })

  promises('a task that is on the board already is left as it is', async ({ store }) => {
    const first = await schedule(store, { priority: 1 })
    const held = await claimOne(store)
    const before = await board(store)
    await store.taskList.schedule([
      { ...first, priority: 2, name: 'other' },
      { ...first, task: 1 },
    ])
    const [same, added] = bothOf(await board(store))
    assert.deepEqual([same], before)
    assert.equal(added.task, 1)
    assert.equal(await store.taskList.complete(held), true)
    await store.taskList.schedule([])
  })

  promises('a completed or failed task leaves the board, once', async ({ store }) => {
    const { processId } = await schedule(store, { task: 0 })
    await schedule(store, { processId, task: 1 })
    await schedule(store, { processId, task: 2 })
    const [a, b] = await claim(store, { max: 2 })
    assert.ok(a && b)
    assert.equal(await store.taskList.complete(a), true)
    assert.equal(await store.taskList.fail(b), true)
    assert.equal(await store.taskList.complete(a), false)
    assert.equal(await store.taskList.fail(b), false)
    assert.deepEqual(
      (await board(store)).map(({ task }) => task),
      [2],
    )
  })

  promises('a task that nobody holds cannot be completed', async ({ store }) => {
    const { processId } = await schedule(store)
    const forged = { processId, task: 0, claim: { attempt: 0, secret: '' } }
    for (const claimed of [forged, { ...forged, claim: { attempt: 1, secret: newSecret() } }]) {
      assert.equal(await store.taskList.complete(claimed), false)
      assert.equal(await store.taskList.fail(claimed), false)
      assert.equal(await store.taskList.release(claimed), false)
      assert.deepEqual(await store.taskList.extend([claimed]), [undefined])
    }
    assert.equal((await board(store)).length, 1)
  })

  promises('a wrong claim changes nothing', async ({ store }) => {
    const { processId } = await schedule(store, { task: 0 })
    await schedule(store, { processId, task: 1 })
    const good = await claimOne(store, { processId, task: 0 })
    const other = await claimOne(store, { processId, task: 1 })
    const before = await board(store)
    const bad = [
      { ...good, claim: { ...good.claim, secret: newSecret() } },
      { ...good, claim: { ...good.claim, attempt: 2 } },
      { ...good, claim: { ...good.claim, attempt: 0 } },
      { ...good, claim: other.claim },
      { ...good, task: 2 },
      { ...good, processId: newProcessId() },
    ]
    for (const held of bad) {
      assert.equal(await store.taskList.complete(held), false)
      assert.equal(await store.taskList.fail(held), false)
      assert.equal(await store.taskList.release(held), false)
    }
    assert.deepEqual(
      await store.taskList.extend(bad),
      bad.map(() => undefined),
    )
    assert.deepEqual(await board(store), before)
    assert.equal(await store.taskList.complete(good), true)
  })

  promises('a cancelled process has nothing left on the board', async ({ store }) => {
    const { processId } = await schedule(store, { task: 0 })
    await schedule(store, { processId, task: 1 })
    const other = await schedule(store)
    const held = await claimOne(store, { processId })
    assert.equal(await store.taskList.cancel(processId), 2)
    assert.equal(await store.taskList.cancel(processId), 0)
    assert.equal(await store.taskList.complete(held), false)
    assert.deepEqual(
      (await board(store)).map((task) => task.processId),
      [other.processId],
    )
  })

  promises('a task can come back to the board after it left', async ({ store }) => {
    const task = await schedule(store)
    const first = await claimOne(store)
    await store.taskList.complete(first)
    await store.taskList.schedule([task])
    const second = await claimOne(store)
    assert.equal(second.claim.attempt, 1)
    assert.equal(await store.taskList.complete(first), false)
  })

  promises('the board is filtered by name, definition, process and state', async ({ store }) => {
    const a = await schedule(store, { name: 'a', definition: 'x' })
    const b = await schedule(store, { name: 'b', definition: 'x' })
    const c = await schedule(store, { name: 'a', definition: 'y' })
    await claimOne(store, { processId: b.processId })
    const found = async (criteria: Parameters<typeof board>[1]) =>
      (await board(store, criteria)).map(({ processId }) => processId).toSorted()
    assert.deepEqual(await found({}), [a.processId, b.processId, c.processId])
    assert.deepEqual(await found({ name: 'a' }), [a.processId, c.processId])
    assert.deepEqual(await found({ definition: 'x' }), [a.processId, b.processId])
    assert.deepEqual(await found({ processId: c.processId }), [c.processId])
    assert.deepEqual(await found({ state: 'claimed' }), [b.processId])
    assert.deepEqual(await found({ state: 'scheduled' }), [a.processId, c.processId])
    assert.deepEqual(await found({ state: 'scheduled', definition: 'x', name: 'a' }), [a.processId])
    assert.deepEqual(await found({ state: 'claimed', name: 'a' }), [])
  })

  promises('the board is read by process and index, a page at a time', async ({ store }) => {
    const one = newProcessId()
    const two = newProcessId()
    for (const task of [10, 2, 9]) await schedule(store, { processId: two, task })
    for (const task of [11, 1]) await schedule(store, { processId: one, task })
    const all = [
      [one, 1],
      [one, 11],
      [two, 2],
      [two, 9],
      [two, 10],
    ]
    const seen: (readonly [string, number])[] = []
    for (let pages = 0; pages < 3; pages += 1) {
      const last = seen.at(-1)
      const after = last && { processId: last[0], task: last[1] }
      const page = await board(store, { after, limit: 2 })
      assert.equal(page.length, pages < 2 ? 2 : 1)
      seen.push(...page.map(({ processId, task }) => [processId, task] as const))
    }
    assert.deepEqual(seen, all)
    assert.deepEqual(await board(store, { after: { processId: two, task: 10 } }), [])
    assert.deepEqual(
      (await board(store, { processId: one, after: { processId: one, task: 1 } })).map(({ task }) => task),
      [11],
    )
  })

  promises('claimable names the tasks that could be claimed now, each once', async ({ store }) => {
    await schedule(store, { name: 'a' })
    await schedule(store, { name: 'a' })
    const held = await schedule(store, { name: 'b' })
    await schedule(store, { name: 'c' })
    await claimOne(store, { processId: held.processId })
    const claimable = async (names: readonly string[]) => (await store.taskList.claimable(names)).toSorted()
    assert.deepEqual(await claimable(['a', 'b', 'c', 'd']), ['a', 'c'])
    assert.deepEqual(await claimable(['a', 'b', 'd']), ['a'])
    assert.deepEqual(await claimable(['b']), [])
    assert.deepEqual(await claimable([]), [])
  })

  promises('claimable for any name is one name that could be claimed now', async ({ store }) => {
    assert.deepEqual(await store.taskList.claimable(undefined), [])
    for (const name of ['a', 'b', 'c']) await schedule(store, { name })
    await claim(store, { names: ['a'] })
    const name = theOnly(await store.taskList.claimable(undefined))
    assert.ok(name === 'b' || name === 'c')
    await claim(store)
    assert.deepEqual(await store.taskList.claimable(undefined), [])
  })

  promises('the tasks of a process are claimed and cancelled like any others', async ({ store }) => {
    const { id } = await startProcessWith(store, 'a', 'b')
    assert.deepEqual((await store.taskList.claimable(['b', 'a'])).toSorted(), ['a', 'b'])
    await claim(store, { max: 1 })
    assert.equal(await store.taskList.cancel(id), 2)
    assert.deepEqual(await board(store), [])
  })
}
