import assert from 'node:assert/strict'
import { judgementOf } from '../changes.js'
import {
  board,
  claim,
  claimOne,
  commit,
  historyOf,
  outcomeOf,
  persist,
  recordOf,
  register,
  startProcess,
  theOnly,
} from '../steps.js'
import { boardTasks, type TaskSettings } from '../builders.js'
import type { ProcessRecord } from '../../lists/process-list.js'
import type { Store } from '../../lists/store.js'
import { withTwoReplicas, type Promises } from '../store-world.js'

const oneAttempt = { maxAttempts: 1 }

async function startOne(store: Store, settings: TaskSettings): Promise<ProcessRecord> {
  return startProcess(store, await register(store), { settings })
}

export function judgingPromises(promises: Promises): void {
  promises('a lapsed last attempt is judged: the process fails, and the history says why', async (world) => {
    const { store } = world
    const process = await startOne(store, oneAttempt)
    const { claim: lapsed } = await claimOne(store, { worker: 'w', leaseMs: 5_000 })
    await world.skip(5_000)
    const due = theOnly(await store.taskList.due(10))
    await commit(store, judgementOf(await recordOf(store, process.id), due))
    assert.equal((await recordOf(store, process.id)).state, 'failed')
    assert.deepEqual(await board(store), [])
    assert.deepEqual(await store.taskList.due(10), [])
    const event = (await historyOf(store, process.id)).at(-1)
    const { type, task, claim: by, worker, reason, retryAt, claimedAt } = event ?? {}
    assert.deepEqual(
      { type, task, by, worker, reason, retryAt },
      { type: 'task-failed', task: 0, by: lapsed, worker: 'w', reason: 'lapsed', retryAt: undefined },
    )
    assert.ok(claimedAt)
  })

  promises('a heartbeat that is quicker than its judgement saves the attempt', async ({ store, skip }) => {
    const process = await startOne(store, oneAttempt)
    const held = await claimOne(store, { leaseMs: 5_000 })
    await skip(5_000)
    const due = theOnly(await store.taskList.due(10))
    assert.ok(theOnly(await store.taskList.extend([held], 60_000)))
    const record = await recordOf(store, process.id)
    const before = await board(store)
    assert.deepEqual(await persist(store, judgementOf(record, due)), ['claims lost: 0'])
    const result = await store.processList.persistHeld({ id: process.id, afterVersion: 0 }, () =>
      judgementOf(record, due),
    )
    assert.equal(outcomeOf(result), 'claims lost: 0')
    assert.deepEqual(await recordOf(store, process.id), record)
    assert.deepEqual(await board(store), before)
  })

  promises('so does a report, and whoever takes it over', async ({ store, skip }) => {
    const process = await startOne(store, { timeoutMs: 5_000 })
    await claimOne(store, { leaseMs: 5_000 })
    await skip(5_000)
    const due = theOnly(await store.taskList.due(10))
    const next = await claimOne(store)
    const record = await recordOf(store, process.id)
    assert.deepEqual(await persist(store, judgementOf(record, due, 0)), ['claims lost: 0'])
    assert.equal(await store.taskList.complete(next), true)
    assert.deepEqual(await persist(store, judgementOf(record, due, 0)), ['claims lost: 0'])
    assert.equal((await historyOf(store, process.id)).length, 1)
  })

  promises('an attempt that took too long is followed by another after a while', async ({ store, skip }) => {
    const process = await startOne(store, { timeoutMs: 5_000 })
    const late = await claimOne(store)
    await skip(5_000)
    const due = theOnly(await store.taskList.due(10))
    await commit(store, judgementOf(await recordOf(store, process.id), due, 60_000))
    const event = (await historyOf(store, process.id)).at(-1)
    const { type, reason, claim: by, retryAt, at } = event ?? {}
    assert.deepEqual({ type, reason, by }, { type: 'attempt-failed', reason: 'timed-out', by: late.claim })
    assert.equal((retryAt?.getTime() ?? 0) - (at?.getTime() ?? 0), 60_000)
    assert.deepEqual(await store.taskList.extend([late]), [undefined])
    assert.deepEqual(await claim(store), [])
    assert.deepEqual(await store.taskList.due(10), [])
    await skip(60_000)
    assert.equal((await claimOne(store)).claim.attempt, 2)
  })

  promises('a task that nobody claimed in time is judged without a claim', async ({ store, skip }) => {
    const process = await startOne(store, { scheduleTimeoutMs: 5_000 })
    const record = await recordOf(store, process.id)
    await skip(5_000)
    const due = theOnly(await store.taskList.due(10))
    await commit(store, judgementOf(record, due))
    const event = (await historyOf(store, process.id)).at(-1)
    const { type, reason, claim: by, worker, claimedAt, scheduledAt } = event ?? {}
    assert.deepEqual(
      { type, reason, by, worker, claimedAt },
      { type: 'task-failed', reason: 'not-claimed', by: undefined, worker: undefined, claimedAt: undefined },
    )
    assert.ok(scheduledAt)
    assert.deepEqual(await board(store), [])
  })

  promises('unless somebody has claimed it by then, or it has been released', async ({ store, skip }) => {
    const process = await startOne(store, { scheduleTimeoutMs: 5_000 })
    const record = await recordOf(store, process.id)
    await skip(5_000)
    const due = theOnly(await store.taskList.due(10))
    const held = await claimOne(store)
    assert.deepEqual(await persist(store, judgementOf(record, due)), ['claims lost: 0'])
    await store.taskList.release(held)
    assert.deepEqual(await persist(store, judgementOf(record, due)), ['claims lost: 0'])
    assert.equal((await board(store)).length, 1)
  })

  promises('what is not due is not judged', async ({ store }) => {
    const process = await startOne(store, {})
    const waiting = { processId: process.id, task: 0, attempt: 0, secret: undefined, elapsedMs: 0 }
    const judgement = judgementOf(process, { ...waiting, reason: 'not-claimed' })
    assert.deepEqual(await persist(store, judgement), ['claims lost: 0'])
    const { claim: live } = await claimOne(store)
    const held = { ...waiting, ...live, reason: 'lapsed' } as const
    assert.deepEqual(await persist(store, judgementOf(process, held)), ['claims lost: 0'])
    assert.equal((await board(store)).length, 1)
  })

  promises('however many replicas judge, each due task is judged once', async (world) => {
    const definition = await register(world.store)
    const ids: string[] = []
    for (let n = 0; n < 10; n += 1)
      ids.push((await startProcess(world.store, definition, { settings: { scheduleTimeoutMs: 5_000 } })).id)
    await world.skip(5_000)
    await withTwoReplicas(world, async (one, other) => {
      const judged = await Promise.all([one, other, one, other].map(judgeAll))
      await judgeAll(one)
      assert.ok(judged.flat().filter((outcome) => outcome === 'committed').length <= 10)
    })
    for (const id of ids) {
      const types = (await historyOf(world.store, id)).map(({ type }) => type)
      assert.deepEqual(types, ['process-started', 'task-failed'])
    }
    assert.deepEqual(await world.store.taskList.due(10), [])
  })

  promises('tasks of one process are judged together', async ({ store, skip }) => {
    const definition = await register(store, { tasks: ['a', 'b', 'c'] })
    const process = await startProcess(store, definition, {
      enter: [0, 1],
      settings: { timeoutMs: 5_000 },
    })
    await claim(store)
    await skip(5_000)
    const record = await recordOf(store, process.id)
    const changes = (await store.taskList.due(10)).map((due) => judgementOf(record, due, 1_000))
    const [first] = changes
    assert.ok(first)
    const events = changes.flatMap((change) => change.events)
    await commit(store, { ...first, events, enter: boardTasks(definition, [2]) })
    assert.deepEqual(
      (await board(store)).map(({ task, attempt, worker }) => [task, attempt, worker]),
      [
        [0, 1, undefined],
        [1, 1, undefined],
        [2, 0, undefined],
      ],
    )
  })
}

async function judgeAll(store: Store): Promise<string[]> {
  const due = await store.taskList.due(100)
  const found = await Promise.all(
    due.map(async (task) => ({ task, record: await recordOf(store, task.processId) })),
  )
  const open = found.filter(({ record }) => record.state === 'running')
  return persist(store, ...open.map(({ task, record }) => judgementOf(record, task)))
}
