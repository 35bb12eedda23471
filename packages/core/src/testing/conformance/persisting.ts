import assert from 'node:assert/strict'
import { boardTasks, startOf } from '../builders.js'
import { cancellationOf, completionOf, failureOf } from '../changes.js'
import {
  board,
  claim,
  claimOne,
  commit,
  historyOf,
  persist,
  recordOf,
  register,
  startProcess,
  startProcessWith,
  storeTime,
} from '../steps.js'
import type { Promises } from '../store-world.js'

export function persistingPromises(promises: Promises): void {
  promises('a change takes the process on: record, events and board together', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b', 'c'] })
    const { id } = await startProcess(store, definition, { enter: [0] })
    const held = await claimOne(store)
    await commit(store, completionOf(await recordOf(store, id), [held], boardTasks(definition, [1, 2])))
    const { version, completed, state, endedAt } = await recordOf(store, id)
    assert.deepEqual(
      { version, completed, state, endedAt },
      { version: 2, completed: 1, state: 'running', endedAt: undefined },
    )
    assert.deepEqual(
      (await historyOf(store, id)).map(({ type, task }) => [type, task]),
      [
        ['process-started', undefined],
        ['task-completed', 0],
      ],
    )
    const tasks = await board(store)
    assert.deepEqual(
      tasks.map(({ task, name, attempt, worker }) => ({ task, name, attempt, worker })),
      [
        { task: 1, name: 'b', attempt: 0, worker: undefined },
        { task: 2, name: 'c', attempt: 0, worker: undefined },
      ],
    )
  })

  promises('a change of a version that has passed has moved, and stores nothing', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b', 'c'] })
    const stale = await startProcess(store, definition, { enter: [0, 1] })
    const [a, b] = await claim(store)
    assert.ok(a && b)
    await commit(store, completionOf(stale, [a]))
    const before = await recordOf(store, stale.id)
    const late = completionOf(stale, [b], boardTasks(definition, [2]))
    assert.deepEqual(await persist(store, late), ['moved'])
    assert.deepEqual(await recordOf(store, stale.id), before)
    assert.equal((await historyOf(store, stale.id)).length, 2)
    assert.deepEqual(
      (await board(store)).map(({ task }) => task),
      [1],
    )
    assert.ok((await store.taskList.extend([b]))[0], 'Expected the claim to be live still.')
  })

  promises('a change of a version that is still to come has moved', async ({ store }) => {
    const process = await startProcessWith(store, 'a')
    const early = { ...cancellationOf(process), expectedVersion: 2 }
    assert.deepEqual(await persist(store, early), ['moved'])
    assert.deepEqual(await recordOf(store, process.id), process)
    assert.equal((await board(store)).length, 1)
  })

  promises('what has moved has moved, whatever its claims', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b')
    const [a] = await claim(store)
    assert.ok(a)
    await commit(store, completionOf(process, [a]))
    assert.deepEqual(await persist(store, completionOf(process, [a])), ['moved'])
  })

  promises('of many changes of one version, one is committed', async ({ store }) => {
    const process = await startProcessWith(store, 'a')
    const results = await Promise.all(
      Array.from({ length: 10 }, () => persist(store, cancellationOf(process))),
    )
    assert.deepEqual(results.flat().toSorted(), ['committed', ...Array.from({ length: 9 }, () => 'moved')])
    assert.equal((await historyOf(store, process.id)).length, 2)
  })

  promises('the last task completed ends the process', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b')
    await commit(store, completionOf(process, await claim(store)))
    const { state, completed, failed, version, endedAt } = await recordOf(store, process.id)
    assert.deepEqual(
      { state, completed, failed, version },
      { state: 'completed', completed: 2, failed: 0, version: 3 },
    )
    const now = await storeTime(store)
    assert.ok(endedAt && endedAt >= process.startedAt && endedAt.getTime() <= now)
    assert.deepEqual(await board(store), [])
  })

  promises('a process that fails leaves the board, and no other does', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b', 'c'] })
    const failing = await startProcess(store, definition)
    const other = await startProcess(store, definition)
    const [a, b] = await claim(store, { max: 2, processId: failing.id })
    assert.ok(a && b)
    await commit(store, failureOf(failing, a))
    const { state, failed, completed, endedAt } = await recordOf(store, failing.id)
    assert.deepEqual(
      { state, failed, completed, ended: endedAt !== undefined },
      { state: 'failed', failed: 1, completed: 0, ended: true },
    )
    assert.deepEqual(await board(store, { processId: failing.id }), [])
    assert.deepEqual(await store.taskList.extend([b]), [undefined])
    assert.equal((await board(store, { processId: other.id })).length, 3)
  })

  promises('a process that is cancelled leaves the board, and no other does', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b', 'c'] })
    const cancelled = await startProcess(store, definition)
    const other = await startProcess(store, definition)
    const held = await claim(store, { max: 2, processId: cancelled.id })
    await commit(store, cancellationOf(cancelled))
    const { state, endedAt } = await recordOf(store, cancelled.id)
    assert.deepEqual({ state, ended: endedAt !== undefined }, { state: 'cancelled', ended: true })
    assert.deepEqual(await board(store, { processId: cancelled.id }), [])
    assert.deepEqual(await store.taskList.extend(held), [undefined, undefined])
    assert.equal((await board(store, { processId: other.id })).length, 3)
  })

  promises('a commit says when it was, as its history does', async ({ store, pass }) => {
    const start = startOf(await register(store, { tasks: ['a', 'b'] }))
    const [started] = await store.processList.persist([start])
    await pass(5)
    const read = { id: start.id, afterVersion: 0 }
    const held = await store.processList.persistHeld(
      read,
      (fetched) => fetched && completionOf(fetched.record, [{ task: 0 }]),
    )
    await pass(5)
    const [cancelled] = await store.processList.persist([cancellationOf(await recordOf(store, start.id))])
    const times = [started, held, cancelled].map((result) =>
      result?.status === 'committed' ? result.at : undefined,
    )
    assert.deepEqual(
      (await historyOf(store, start.id)).map(({ at }) => at),
      times,
    )
    const { startedAt, endedAt } = await recordOf(store, start.id)
    assert.deepEqual([startedAt, endedAt], [times[0], times[2]])
  })

  promises('a batch is answered in its order, each change by itself', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b'] })
    const stale = await startProcess(store, definition)
    await commit(store, cancellationOf(stale))
    const lost = await startProcess(store, definition)
    const [kept, gone] = await claim(store)
    assert.ok(kept && gone)
    await store.taskList.release(gone)
    const going = await startProcess(store, definition)
    const held = await claimOne(store, { processId: going.id, task: 0 })
    const start = startOf(definition)
    const results = await persist(
      store,
      start,
      completionOf(lost, [kept, gone]),
      cancellationOf(stale),
      completionOf(going, [held]),
      startOf(definition, { id: stale.id }),
    )
    assert.deepEqual(results, ['committed', 'claims lost: 1', 'moved', 'committed', 'moved'])
    const versions = await Promise.all([start, lost, stale, going].map(({ id }) => recordOf(store, id)))
    assert.deepEqual(
      versions.map(({ version }) => version),
      [1, 1, 2, 2],
    )
  })

  promises('a batch of nothing is fine', async ({ store }) => {
    assert.deepEqual(await store.processList.persist([]), [])
  })

  promises('a batch of 250 starts, and one of 250 completions, are committed as one', async ({ store }) => {
    const definition = await register(store)
    const starts = Array.from({ length: 250 }, () => startOf(definition))
    await commit(store, ...starts)
    const held = await claim(store, { max: 250 })
    const fetched = await store.processList.fetch(
      held.map(({ processId }) => ({ id: processId, afterVersion: 0 })),
    )
    const completions = fetched.map((process, n) => {
      const task = held[n]
      assert.ok(process && task)
      return completionOf(process.record, [task])
    })
    assert.equal(completions.length, 250)
    await commit(store, ...completions)
    assert.equal((await store.processList.list({ state: 'completed', limit: 1000 })).length, 250)
    assert.deepEqual(await board(store), [])
  })

  promises('a change of 1,000 events is one step, from one version to the last', async ({ store }) => {
    const process = await startProcessWith(store, ...Array.from({ length: 1000 }, (_, n) => `t${n}`))
    await commit(store, completionOf(process, (await claim(store)).toReversed()))
    const history = await historyOf(store, process.id)
    assert.deepEqual(
      history.map(({ version }) => version),
      Array.from({ length: 1001 }, (_, n) => n + 1),
    )
    assert.deepEqual(
      history.slice(1).map(({ task }) => task),
      Array.from({ length: 1000 }, (_, n) => 999 - n),
    )
    assert.equal((await recordOf(store, process.id)).version, 1001)
  })

  promises(
    'tasks of older processes come first, also those that enter the board late',
    async ({ store, pass }) => {
      const definition = await register(store, { tasks: ['a', 'b'] })
      const older = await startProcess(store, definition, { enter: [0] })
      const first = await claimOne(store)
      await pass(5)
      await startProcess(store, definition)
      await pass(5)
      await commit(store, completionOf(older, [first], boardTasks(definition, [1])))
      const next = await claimOne(store)
      assert.deepEqual({ processId: next.processId, task: next.task }, { processId: older.id, task: 1 })
    },
  )
}
