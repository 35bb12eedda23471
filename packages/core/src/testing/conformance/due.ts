import assert from 'node:assert/strict'
import { dayMs, startOf, taskNames } from '../builders.js'
import {
  board,
  claim,
  claimOne,
  commit,
  due,
  register,
  schedule,
  startProcess,
  storeTime,
  theOnly,
} from '../steps.js'
import type { DueProcess } from '../../lists/process-list.js'
import type { DueTask } from '../../lists/task-list.js'
import type { Promises } from '../store-world.js'

export function duePromises(promises: Promises): void {
  promises('nothing is due before its time is up', async ({ store, skip }) => {
    const tomorrow = new Date((await storeTime(store)) + dayMs)
    await schedule(store, { name: 'waits', scheduleTimeoutMs: 60_000 })
    await schedule(store, { name: 'held', maxAttempts: 1 })
    await schedule(store, { name: 'lapsed, but with attempts left', timeoutMs: 60_000 })
    await schedule(store, { name: 'delayed', claimableAt: tomorrow, scheduleTimeoutMs: 1 })
    await claim(store, { names: ['held'], leaseMs: 60_000 })
    await claim(store, { names: ['lapsed, but with attempts left'], leaseMs: 1_000 })
    await skip(30_000)
    assert.deepEqual(await due(store), [])
  })

  promises('a task that nobody has claimed in time is due', async ({ store, skip }) => {
    const { processId, task } = await schedule(store, { task: 3, scheduleTimeoutMs: 60_000 })
    await skip(60_000)
    const { dueAt: _dueAt, ...found } = theOnly(await store.taskList.due(10))
    const waited = { attempt: 0, secret: undefined, reason: 'not-claimed', elapsedMs: 0 }
    assert.deepEqual(found, { processId, task, ...waited })
    assert.equal((await board(store)).length, 1, 'Expected looking not to change anything.')
  })

  promises('a last attempt is due as soon as its lease is over', async ({ store, skip }) => {
    const { processId, task } = await schedule(store, { maxAttempts: 2 })
    await claimOne(store, { leaseMs: 1_000 })
    await skip(2_000)
    const { claim: last } = await claimOne(store, { leaseMs: 3_000 })
    await skip(3_000)
    const [one] = await store.taskList.due(10)
    assert.ok(one)
    const { elapsedMs, dueAt: _dueAt, ...found } = one
    assert.deepEqual(found, { processId, task, ...last, reason: 'lapsed' })
    assert.ok(elapsedMs >= 5_000 && elapsedMs < 8_000, `Expected about 5000, but it was ${elapsedMs}.`)
    assert.ok(Number.isInteger(elapsedMs))
  })

  promises(
    'an attempt with others to follow is due at its timeout, if nobody took it over',
    async (world) => {
      const { store } = world
      const { processId, task } = await schedule(store, { timeoutMs: 10_000 })
      const { claim: lapsed } = await claimOne(store, { leaseMs: 1_000 })
      await world.skip(9_000)
      assert.deepEqual(await due(store), [])
      await world.skip(1_000)
      assert.deepEqual(await due(store), [{ processId, task, ...lapsed, reason: 'lapsed' }])
    },
  )

  promises('an attempt that takes too long is due, however well its worker is', async ({ store, skip }) => {
    const { processId, task } = await schedule(store, { timeoutMs: 10_000 })
    const held = await claimOne(store, { leaseMs: 6_000 })
    await skip(5_000)
    await store.taskList.extend([held])
    await skip(5_000)
    assert.deepEqual(await due(store), [{ processId, task, ...held.claim, reason: 'timed-out' }])
  })

  promises('a heartbeat saves a lapsed last attempt', async ({ store, skip }) => {
    await schedule(store, { maxAttempts: 1 })
    const held = await claimOne(store, { leaseMs: 1_000 })
    await skip(1_000)
    assert.equal((await due(store)).length, 1)
    await store.taskList.extend([held], 60_000)
    assert.deepEqual(await due(store), [])
  })

  promises('what is due is found longest ago first, up to a limit', async ({ store, skip }) => {
    for (const [task, scheduleTimeoutMs] of [3_000, 1_000, 5_000, 2_000, 90_000].entries())
      await schedule(store, { task, scheduleTimeoutMs })
    await schedule(store, { task: 5, name: 'held', maxAttempts: 1 })
    await claimOne(store, { names: ['held'], leaseMs: 4_000 })
    await skip(60_000)
    const tasks = async (limit: number) => (await due(store, limit)).map(({ task }) => task)
    assert.deepEqual(await tasks(10), [1, 3, 0, 5, 2])
    assert.deepEqual(await tasks(2), [1, 3])
    assert.deepEqual(await tasks(0), [])
  })

  promises('one can go on after each that was found, also of those due at the same moment', async (world) => {
    const { store, skip } = world
    const definition = await register(store, { tasks: taskNames(4) })
    const settings = { scheduleTimeoutMs: 1_000 }
    // What is started in one commit is due at one moment.
    await commit(store, ...[1, 2, 3].map(() => startOf(definition, { settings, timeoutMs: 1_000 })))
    await startProcess(store, definition, { settings: { scheduleTimeoutMs: 500 }, timeoutMs: 500 })
    await skip(1_000)
    const tasks = await store.taskList.due(100)
    const processes = await store.processList.due(100)
    assert.deepEqual([tasks.length, processes.length], [16, 4])
    for (const size of [1, 3, 16]) {
      const places: string[] = []
      for (let after: DueTask | undefined; ;) {
        const found = await store.taskList.due(size, after)
        places.push(...found.map(placeOf))
        after = found.at(-1)
        if (after === undefined) break
      }
      assert.deepEqual(places, tasks.map(placeOf))
      const ids: string[] = []
      for (let after: DueProcess | undefined; ;) {
        const found = await store.processList.due(size, after)
        ids.push(...found.map(({ id }) => id))
        after = found.at(-1)
        if (after === undefined) break
      }
      assert.deepEqual(
        ids,
        processes.map(({ id }) => id),
      )
    }
  })

  promises('what has left the board is not due', async ({ store, skip }) => {
    await schedule(store, { maxAttempts: 1 })
    const held = await claimOne(store, { leaseMs: 1_000 })
    await skip(1_000)
    await store.taskList.complete(held)
    assert.deepEqual(await due(store), [])
  })
}

function placeOf({ processId, task }: DueTask): string {
  return `${processId}.${task}`
}
