import assert from 'node:assert/strict'
import { maxPolls, pollsKeptMs } from '../../lists/poll-limits.js'
import type { Promises } from '../store-world.js'
import { attemptFailureOf, cancellationOf, completionOf, failureOf, pauseOf } from '../changes.js'
import { claimOne, commit, passLease, recordOf, register, shortLeaseMs, startProcess } from '../steps.js'
import { endingsCountedForMs } from '../../lists/census.js'

export function censusPromises(promises: Promises): void {
  promises('nothing is counted as nothing', async ({ store }) => {
    const { counts, endings } = await store.processList.census()
    assert.deepEqual(counts, { running: 0, paused: 0, failed: 0, cancelled: 0 })
    assert.deepEqual(endings, [])
    assert.deepEqual(await store.taskList.census(), { names: [], workers: [], isPartial: false })
  })

  promises('processes are counted by state, and those that ended by minute', async ({ store, skip }) => {
    const { processList } = store
    const definition = await register(store, { tasks: ['a'] })
    const start = () => startProcess(store, definition)
    const early = await start()
    await commit(store, completionOf(early, [{ task: 0 }]))
    await skip(10 * 60_000)
    await start()
    await commit(store, pauseOf(await start()))
    await commit(store, failureOf(await start(), { task: 0 }), failureOf(await start(), { task: 0 }))
    await commit(store, cancellationOf(await start()))
    const { counts, endings, readAt } = await processList.census()
    assert.deepEqual(counts, { running: 1, paused: 1, failed: 2, cancelled: 1 })
    const sum = (state: 'completed' | 'failed' | 'cancelled') =>
      endings.reduce((total, minute) => total + minute[state], 0)
    assert.deepEqual([sum('completed'), sum('failed'), sum('cancelled')], [1, 2, 1])
    assert.equal(endings[0]?.completed, 1)
    for (const { at } of endings) assert.equal(at.getTime() % 60_000, 0)
    assert.deepEqual(
      endings,
      endings.toSorted((a, b) => a.at.getTime() - b.at.getTime()),
    )
    assert.ok(readAt.getTime() - (endings[0]?.at.getTime() ?? 0) >= 10 * 60_000)
    await skip(endingsCountedForMs)
    const later = await processList.census()
    assert.deepEqual([later.counts, later.endings], [counts, []])
  })

  promises('each task on the board is counted once, by its name', async (world) => {
    const { store } = world
    const tasks = ['waits', 'waits', 'held', 'lapsed', 'again']
    const definition = await register(store, { tasks })
    const process = await startProcess(store, definition)
    const delayed = await register(store, { name: 'other', tasks: ['delayed'] })
    await startProcess(store, delayed, { settings: { delayMs: 60_000 } })
    const held = await register(store, { name: 'held back', tasks: ['paused', 'waits'] })
    const paused = await startProcess(store, held, { enter: [0] })
    await commit(store, pauseOf(paused))
    await claimOne(store, { names: ['held'] })
    await claimOne(store, { names: ['lapsed'], leaseMs: shortLeaseMs })
    const again = await claimOne(store, { names: ['again'] })
    await commit(store, attemptFailureOf(process, again, 60_000))
    await passLease(world)
    const { names, isPartial } = await store.taskList.census()
    const nothing = { claimed: 0, lapsed: 0, paused: 0, retrying: 0, delayed: 0, waiting: 0 }
    assert.deepEqual(
      names.map(({ waitingSince: _since, lastPolledAt: _at, ...name }) => name),
      [
        { ...nothing, name: 'waits', waiting: 2 },
        { ...nothing, name: 'again', retrying: 1 },
        { ...nothing, name: 'delayed', delayed: 1 },
        { ...nothing, name: 'held', claimed: 1 },
        { ...nothing, name: 'lapsed', lapsed: 1 },
        { ...nothing, name: 'paused', paused: 1 },
      ],
    )
    assert.equal(isPartial, false)
    const [waits, ...others] = names
    assert.deepEqual(waits?.waitingSince, (await recordOf(store, process.id)).startedAt)
    assert.deepEqual(new Set(others.map(({ waitingSince }) => waitingSince)), new Set([undefined]))
  })

  promises('a task waits since it could be claimed', async ({ store, skip }) => {
    const definition = await register(store, { tasks: ['a'] })
    const { startedAt } = await startProcess(store, definition, { settings: { delayMs: 60_000 } })
    await skip(90_000)
    const { names } = await store.taskList.census()
    const { readAt } = await store.processList.census()
    const waitedMs = readAt.getTime() - (names[0]?.waitingSince?.getTime() ?? 0)
    assert.ok(waitedMs >= 30_000 && waitedMs < 90_000, `waited ${waitedMs} ms since ${String(startedAt)}`)
  })

  promises('it says when somebody last asked for a name, or for any', async ({ store, pass }) => {
    const { taskList } = store
    await startProcess(store, await register(store, { tasks: ['a', 'b'] }))
    const polled = async () => {
      const { names } = await taskList.census()
      return names.map(({ lastPolledAt }) => lastPolledAt?.getTime() ?? 0)
    }
    assert.deepEqual(await polled(), [0, 0])
    await taskList.notePolls([{ name: undefined, definition: 'order' }], [])
    const [a = 0, b = 0] = await polled()
    assert.ok(a > 0 && a === b)
    await pass(5)
    await taskList.notePolls([{ name: 'b', definition: undefined }], [])
    const [stillA = 0, laterB = 0] = await polled()
    assert.ok(stillA === a && laterB > b)
  })

  promises('workers are told of, the last heard of first, with what they hold', async ({ store, pass }) => {
    const { taskList } = store
    await startProcess(store, await register(store, { tasks: ['a', 'b', 'c'] }))
    await taskList.notePolls([], ['Ada', 'Bob', 'Ada'])
    await pass(5)
    await taskList.notePolls([], ['Bob'])
    await claimOne(store, { worker: 'Ada' })
    await claimOne(store, { worker: 'Ada' })
    const { workers } = await taskList.census()
    assert.deepEqual(
      workers.map(({ worker, claimed }) => [worker, claimed]),
      [
        ['Bob', 0],
        ['Ada', 2],
      ],
    )
    const [bob, ada] = workers
    assert.ok(bob && ada && bob.lastSeenAt > ada.lastSeenAt)
  })

  promises('a worker who has gone silent holds nothing any more', async ({ store, skip }) => {
    const { taskList } = store
    await startProcess(store, await register(store, { tasks: ['a'] }))
    await taskList.notePolls([], ['Ada'])
    await claimOne(store, { worker: 'Ada', leaseMs: 1_000 })
    await skip(2_000)
    const { names, workers } = await taskList.census()
    assert.deepEqual([names[0]?.lapsed, workers[0]?.claimed], [1, 0])
  })

  promises('only so many workers are remembered, and not for ever', async ({ store, skip, pass }) => {
    const { taskList } = store
    const many = Array.from({ length: maxPolls }, (_, n) => `worker ${n}`)
    const known = async () => new Set((await taskList.census()).workers.map(({ worker }) => worker))
    await taskList.notePolls([], ['Ada'])
    await pass(5)
    await taskList.notePolls([], many)
    assert.equal((await known()).has('Ada'), false)
    await skip(pollsKeptMs)
    await taskList.notePolls([], ['Bob'])
    assert.deepEqual(await known(), new Set(['Bob']))
  })
}
