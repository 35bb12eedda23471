import assert from 'node:assert/strict'
import { boardTasks, type KnownDefinition, type StartOptions } from '../builders.js'
import {
  attemptFailureOf,
  cancellationOf,
  completionOf,
  failureOf,
  pauseOf,
  resumptionOf,
  retryOf,
  timeOutOf,
} from '../changes.js'
import {
  board,
  claim,
  claimOne,
  commit,
  dueProcesses,
  historyOf,
  persist,
  recordOf,
  register,
  startProcess,
} from '../steps.js'
import type { ProcessChange, ProcessRecord } from '../../lists/process-list.js'
import type { Store } from '../../lists/store.js'
import type { Promises } from '../store-world.js'

/** Commits what follows from the process as it is now, and reads it again. */
async function go(
  store: Store,
  { id }: ProcessRecord,
  decide: (record: ProcessRecord) => ProcessChange,
): Promise<ProcessRecord> {
  await commit(store, decide(await recordOf(store, id)))
  return recordOf(store, id)
}

async function startTwoTasks(
  store: Store,
  options: StartOptions = {},
): Promise<[KnownDefinition, ProcessRecord]> {
  const definition = await register(store, { tasks: ['a', 'b', 'c'] })
  return [definition, await startProcess(store, definition, { enter: [0, 1], ...options })]
}

export function processClockPromises(promises: Promises): void {
  promises('nothing of a paused process is handed out', async ({ store }) => {
    const [, process] = await startTwoTasks(store)
    const paused = await go(store, process, pauseOf)
    assert.equal(paused.state, 'paused')
    assert.deepEqual(
      (await board(store)).map(({ isPaused }) => isPaused),
      [true, true],
    )
    for (const request of [{}, { names: ['a', 'b'] }, { processId: process.id }])
      assert.deepEqual(await claim(store, request), [])
    assert.deepEqual(await store.taskList.claimable(['a', 'b']), [])
    assert.deepEqual(await store.taskList.claimable(undefined), [])
  })

  promises('a pause is of one process', async ({ store }) => {
    const [definition, process] = await startTwoTasks(store)
    const other = await startProcess(store, definition, { enter: [0] })
    await go(store, process, pauseOf)
    assert.deepEqual(
      (await claim(store)).map(({ processId }) => processId),
      [other.id],
    )
  })

  promises(
    'what is held while its process is paused can be extended, reported and released',
    async (world) => {
      const { store } = world
      const [definition, process] = await startTwoTasks(store)
      const [a, b] = await claim(store)
      assert.ok(a && b)
      await go(store, process, pauseOf)
      assert.ok((await store.taskList.extend([a]))[0])
      const { state, completed } = await go(store, process, (record) =>
        completionOf(record, [a], boardTasks(definition, [2])),
      )
      assert.deepEqual({ state, completed }, { state: 'paused', completed: 1 })
      assert.equal(await store.taskList.release(b), true)
      assert.deepEqual(await claim(store), [])
    },
  )

  promises('tasks that enter while it is paused are paused, and so are retried ones', async ({ store }) => {
    const [definition, process] = await startTwoTasks(store)
    const [a, b] = await claim(store)
    assert.ok(a && b)
    await go(store, process, pauseOf)
    await go(store, process, (record) => completionOf(record, [a], boardTasks(definition, [2])))
    await go(store, process, (record) => attemptFailureOf(record, b, 0))
    assert.deepEqual(
      (await board(store)).map(({ task, isPaused }) => [task, isPaused]),
      [
        [1, true],
        [2, true],
      ],
    )
    assert.deepEqual(await claim(store), [])
    await go(store, process, resumptionOf)
    assert.deepEqual(
      (await claim(store)).map(({ task, claim: { attempt } }) => [task, attempt]),
      [
        [1, 2],
        [2, 1],
      ],
    )
  })

  promises('a lapsed task of a paused process waits for it to be resumed', async ({ store, skip }) => {
    const [, process] = await startTwoTasks(store, { enter: [0] })
    await claimOne(store, { leaseMs: 1_000 })
    await go(store, process, pauseOf)
    await skip(2_000)
    assert.deepEqual(await claim(store), [])
    await go(store, process, resumptionOf)
    assert.equal((await claimOne(store)).claim.attempt, 2)
  })

  promises('a pause, a report and a failed attempt may be one change', async ({ store }) => {
    const [, process] = await startTwoTasks(store)
    const [a, b] = await claim(store)
    assert.ok(a && b)
    const { events } = completionOf(process, [a])
    const failed = attemptFailureOf(process, b, 0)
    await commit(store, {
      ...pauseOf(process),
      completed: 1,
      events: [...events, ...failed.events, ...pauseOf(process).events],
    })
    assert.deepEqual(
      (await board(store)).map(({ task, attempt, isPaused }) => [task, attempt, isPaused]),
      [[1, 1, true]],
    )
    await go(store, process, resumptionOf)
    assert.equal((await claimOne(store)).claim.attempt, 2)
  })

  promises('clocks on the board run on while it is paused', async ({ store, skip }) => {
    const settings = { scheduleTimeoutMs: 5_000 }
    const [, process] = await startTwoTasks(store, { enter: [0], settings })
    await go(store, process, pauseOf)
    await skip(5_000)
    assert.equal((await store.taskList.due(10)).length, 1)
  })

  promises('the deadline of a process stands still while it is paused', async ({ store, skip }) => {
    const [, process] = await startTwoTasks(store, { timeoutMs: 60_000 })
    const { deadline } = await go(store, process, pauseOf)
    assert.deepEqual(deadline, process.deadline)
    await skip(100_000)
    assert.deepEqual(await dueProcesses(store), [])
    await go(store, process, resumptionOf)
    await skip(50_000)
    assert.deepEqual(await dueProcesses(store), [])
    await skip(10_000)
    assert.deepEqual(await dueProcesses(store), [process.id])
  })

  promises('resuming moves it by just the pause', async ({ store, pass }) => {
    const [, process] = await startTwoTasks(store, { timeoutMs: 60_000 })
    for (let round = 1; round <= 2; round += 1) {
      const before = (await recordOf(store, process.id)).deadline
      await go(store, process, pauseOf)
      await pass(15)
      const { deadline } = await go(store, process, resumptionOf)
      const [paused, resumed] = (await historyOf(store, process.id)).slice(-2).map(({ at }) => at.getTime())
      const pausedMs = (resumed ?? 0) - (paused ?? 0)
      // Stores keep finer times than they tell.
      assert.ok(Math.abs(deadline.getTime() - before.getTime() - pausedMs) <= 2)
      assert.ok(pausedMs >= 15)
    }
  })

  promises(
    'a process is due when its deadline has passed, longest ago first, up to a limit',
    async (world) => {
      const { store } = world
      const definition = await register(store)
      const ids: string[] = []
      for (const timeoutMs of [3_000, 1_000, 2_000, 90_000])
        ids.push((await startProcess(store, definition, { timeoutMs })).id)
      assert.deepEqual(await dueProcesses(store), [])
      await world.skip(10_000)
      assert.deepEqual(await dueProcesses(store), [ids[1], ids[2], ids[0]])
      assert.deepEqual(await dueProcesses(store, 2), [ids[1], ids[2]])
      await go(store, await recordOf(store, ids[1] ?? ''), cancellationOf)
      assert.deepEqual(await dueProcesses(store), [ids[2], ids[0]])
    },
  )

  promises('a process is timed out when its deadline has passed, and not before', async ({ store, skip }) => {
    const [, process] = await startTwoTasks(store, { timeoutMs: 60_000 })
    const { id, version } = process
    assert.deepEqual(await persist(store, timeOutOf(process)), ['moved'])
    const early = await store.processList.persistHeld({ id, afterVersion: 0 }, () => timeOutOf(process))
    assert.equal(early?.status, 'moved')
    assert.equal((await recordOf(store, id)).version, version)
    await skip(60_000)
    const { state, endedAt } = await go(store, process, timeOutOf)
    assert.deepEqual({ state, hasEnded: endedAt !== undefined }, { state: 'failed', hasEnded: true })
    assert.deepEqual(await board(store), [])
    assert.deepEqual(await dueProcesses(store), [])
  })

  promises(
    'a failed process that is retried runs anew: its deadline, board and end',
    async ({ store, skip }) => {
      const [definition, process] = await startTwoTasks(store, { timeoutMs: 60_000 })
      const [a] = await claim(store)
      assert.ok(a)
      await go(store, process, (record) => failureOf(record, a))
      await skip(100_000)
      const retried = await go(store, process, (record) =>
        retryOf(record, boardTasks(definition, [0, 1]), 60_000),
      )
      const at = (await historyOf(store, process.id)).at(-1)?.at.getTime() ?? 0
      const { state, failed, endedAt, deadline, version } = retried
      assert.deepEqual(
        { state, failed, endedAt, version, deadline: deadline.getTime() },
        { state: 'running', failed: 0, endedAt: undefined, version: 3, deadline: at + 60_000 },
      )
      assert.deepEqual(await dueProcesses(store), [])
      assert.deepEqual(
        (await claim(store)).map(({ task, claim: { attempt } }) => [task, attempt]),
        [
          [0, 1],
          [1, 1],
        ],
      )
      await skip(60_000)
      assert.deepEqual(await dueProcesses(store), [process.id])
    },
  )

  promises(
    'a process cancelled while paused and one that failed while paused are over',
    async ({ store }) => {
      const [, one] = await startTwoTasks(store)
      await go(store, one, pauseOf)
      const cancelled = await go(store, one, cancellationOf)
      assert.deepEqual([cancelled.state, cancelled.endedAt !== undefined], ['cancelled', true])
      const [, two] = await startTwoTasks(store)
      const [a] = await claim(store)
      assert.ok(a)
      await go(store, two, pauseOf)
      await go(store, two, (record) => failureOf(record, a))
      assert.deepEqual(await board(store), [])
      const retried = await go(store, two, (record) => retryOf(record))
      assert.equal(retried.state, 'running')
    },
  )
}
