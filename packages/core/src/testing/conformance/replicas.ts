import assert from 'node:assert/strict'
import { startOf, taskNames } from '../builders.js'
import { cancellationOf, completionOf } from '../changes.js'
import { board, claim, commit, historyOf, maxRounds, persist, register } from '../steps.js'
import type { ProcessChange, ProcessRecord } from '../../lists/process-list.js'
import type { Store } from '../../lists/store.js'
import type { ClaimedBoardTask } from '../../lists/task-list.js'
import { withTwoReplicas, type Promises } from '../store-world.js'

const tasksEach = 8

/** Batches of two replicas that overlap and go in opposite orders: what deadlocks a store that locks as it is told. */
export function replicaPromises(promises: Promises): void {
  promises('overlapping batches in opposite orders make each version once', async (world) => {
    const ids = await startTwelveProcesses(world.store)
    await withTwoReplicas(world, async (one, other) => {
      await Promise.all([
        completeAll(one, ids, [0, 1, 2, 3]),
        completeAll(other, ids.toReversed(), [4, 5, 6, 7]),
      ])
    })
    for (const id of ids) await expectCompletedOnce(world.store, id)
  })

  promises(
    'so do overlapping batches of reports, while leases are extended and tasks asked for',
    async (world) => {
      const ids = await startTwelveProcesses(world.store)
      const held = await claim(world.store)
      assert.equal(held.length, ids.length * tasksEach)
      await withTwoReplicas(world, async (one, other) => {
        const work = { isDone: false }
        const disturb = async (store: Store, tasks: readonly ClaimedBoardTask[]): Promise<void> => {
          for (let round = 0; !work.isDone && round < maxRounds; round += 1) {
            await store.taskList.extend(tasks)
            assert.deepEqual(await claim(store), [])
          }
        }
        const report = Promise.all([
          completeAll(one, ids, [0, 1, 2, 3], held),
          completeAll(other, ids.toReversed(), [4, 5, 6, 7], held),
        ]).finally(() => {
          work.isDone = true
        })
        await Promise.all([report, disturb(one, held.toReversed()), disturb(other, held)])
      })
      for (const id of ids) await expectCompletedOnce(world.store, id)
      assert.deepEqual(await board(world.store), [])
    },
  )

  promises('reports and cancellations of the same processes end each one once', async (world) => {
    const ids = await startTwelveProcesses(world.store)
    const held = await claim(world.store)
    await withTwoReplicas(world, async (one, other) => {
      await Promise.all([
        completeAll(one, ids, [...Array(tasksEach).keys()], held),
        persistUntilDone(other, ids.toReversed(), (record) =>
          record.state === 'running' ? cancellationOf(record) : undefined,
        ),
      ])
    })
    for (const id of ids) {
      const history = await historyOf(world.store, id)
      expectVersionsWithoutGap(history)
      const ends = history.filter(({ type }) => type === 'process-cancelled').length
      const overview = await world.store.processList.overview(id)
      assert.equal(overview?.record.version, history.length)
      assert.equal(overview.record.state, ends === 1 ? 'cancelled' : 'completed')
      assert.deepEqual(overview.ending, history.at(-1))
    }
    assert.deepEqual(await board(world.store), [])
  })
}

async function startTwelveProcesses(store: Store): Promise<string[]> {
  const definition = await register(store, { tasks: taskNames(tasksEach) })
  const starts = Array.from({ length: 12 }, () => startOf(definition))
  await commit(store, ...starts)
  return starts.map(({ id }) => id)
}

/** Completes these tasks of every process, one a round, in batches of all processes that have one open. */
async function completeAll(
  store: Store,
  ids: readonly string[],
  tasks: readonly number[],
  held: readonly ClaimedBoardTask[] = [],
): Promise<void> {
  const open = new Map(ids.map((id) => [id, [...tasks]]))
  await persistUntilDone(
    store,
    ids,
    (record) => {
      const task = record.state === 'running' ? open.get(record.id)?.at(-1) : undefined
      if (task === undefined) return undefined
      const found = held.find((each) => each.processId === record.id && each.task === task)
      return completionOf(record, [{ task, claim: found?.claim }])
    },
    (change) => open.get(change.id)?.pop(),
  )
}

/** Reads, decides and persists batch after batch, in the order of `ids`, until nothing is decided any more. */
async function persistUntilDone(
  store: Store,
  ids: readonly string[],
  decide: (record: ProcessRecord) => ProcessChange | undefined,
  onCommitted: (change: ProcessChange) => void = () => undefined,
): Promise<void> {
  for (let round = 0; round < maxRounds; round += 1) {
    const fetched = await store.processList.fetch(ids.map((id) => ({ id, afterVersion: 0 })))
    const changes = fetched.flatMap((process) => (process && decide(process.record)) ?? [])
    if (changes.length === 0) return
    const outcomes = await persist(store, ...changes)
    assert.equal(outcomes.length, changes.length)
    for (const [n, change] of changes.entries()) {
      // A claim can be lost only together with its process, which then has moved.
      assert.ok(outcomes[n] === 'committed' || outcomes[n] === 'moved', outcomes[n])
      if (outcomes[n] === 'committed') onCommitted(change)
    }
  }
  assert.fail(`Expected to get through within ${maxRounds} rounds.`)
}

async function expectCompletedOnce(store: Store, id: string): Promise<void> {
  const history = await historyOf(store, id)
  expectVersionsWithoutGap(history)
  const tasks = history.flatMap(({ task }) => task ?? [])
  assert.deepEqual(
    tasks.toSorted((a, b) => a - b),
    [...Array(tasksEach).keys()],
  )
  const overview = await store.processList.overview(id)
  assert.equal(overview?.record.version, history.length)
  assert.equal(overview.record.state, 'completed')
}

function expectVersionsWithoutGap(history: readonly { readonly version: number }[]): void {
  assert.deepEqual(
    history.map(({ version }) => version),
    history.map((_, n) => n + 1),
  )
}
