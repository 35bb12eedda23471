import assert from 'node:assert/strict'
import { newProcessId, taskNames } from '../builders.js'
import { cancellationOf, completionOf, failureOf } from '../changes.js'
import {
  board,
  claim,
  claimOne,
  commit,
  historyOf,
  recordOf,
  register,
  startProcess,
  startProcessWith,
  theOnly,
} from '../steps.js'
import { Payload } from '../../payload.js'
import type { Promises } from '../store-world.js'

export function readingPromises(promises: Promises): void {
  promises('a fetch gives the events after a version, oldest first', async ({ store }) => {
    const { id } = await startProcessWith(store, 'a', 'b', 'c')
    await commit(store, completionOf(await recordOf(store, id), [{ task: 2 }, { task: 0 }]))
    const bonesAfter = async (afterVersion: number) => {
      const fetched = theOnly(await store.processList.fetch([{ id, afterVersion }]))
      assert.equal(fetched?.record.version, 3)
      return fetched.events.map(({ type, task }) => [type, task])
    }
    const all = [
      ['process-started', undefined],
      ['task-completed', 2],
      ['task-completed', 0],
    ]
    assert.deepEqual(await bonesAfter(0), all)
    assert.deepEqual(await bonesAfter(1), all.slice(1))
    assert.deepEqual(await bonesAfter(2), all.slice(2))
    assert.deepEqual(await bonesAfter(3), [])
  })

  promises(
    'several processes are fetched in the order asked, the unknown as undefined',
    async ({ store }) => {
      const definition = await register(store, { tasks: ['a', 'b'] })
      const one = await startProcess(store, definition)
      const two = await startProcess(store, definition)
      await commit(store, completionOf(two, [{ task: 1 }]))
      const fetched = await store.processList.fetch([
        { id: two.id, afterVersion: 1 },
        { id: newProcessId(), afterVersion: 0 },
        { id: one.id, afterVersion: 0 },
        { id: two.id, afterVersion: 0 },
      ])
      assert.deepEqual(
        fetched.map((process) => process && [process.record.id, process.events.length]),
        [[two.id, 1], undefined, [one.id, 1], [two.id, 2]],
      )
      assert.deepEqual(await store.processList.fetch([]), [])
    },
  )

  promises('history is read a page at a time', async ({ store }) => {
    const process = await startProcessWith(store, ...taskNames(12))
    await commit(
      store,
      completionOf(
        process,
        [...Array(11).keys()].map((task) => ({ task })),
      ),
    )
    const versions = async (afterVersion: number, limit: number) =>
      (await store.processList.history(process.id, afterVersion, limit)).map(({ version }) => version)
    assert.deepEqual(await versions(0, 3), [1, 2, 3])
    assert.deepEqual(await versions(8, 3), [9, 10, 11])
    assert.deepEqual(await versions(10, 100), [11, 12])
    assert.deepEqual(await versions(12, 100), [])
    assert.deepEqual(await store.processList.history(newProcessId(), 0, 10), [])
  })

  promises('single events are read in the order asked, the unknown as undefined', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b'] })
    const one = await startProcess(store, definition)
    const two = await startProcess(store, definition)
    await commit(store, completionOf(one, [{ task: 1, payload: Payload.from('done') }]))
    const [started, completed] = await historyOf(store, one.id)
    const events = await store.processList.events([
      { id: one.id, version: 2 },
      { id: one.id, version: 3 },
      { id: newProcessId(), version: 1 },
      { id: one.id, version: 1 },
      { id: two.id, version: 2 },
    ])
    assert.deepEqual(events, [completed, undefined, undefined, started, undefined])
    assert.equal(completed?.payload?.text, '"done"')
    assert.deepEqual(await store.processList.events([]), [])
  })

  promises('an overview counts what is on the board of a process', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b', 'c', 'd'] })
    const { id } = await startProcess(store, definition)
    await startProcess(store, definition)
    await claim(store, { processId: id, max: 1 })
    const overview = await store.processList.overview(id)
    assert.deepEqual(overview, {
      record: await recordOf(store, id),
      counts: { scheduled: 3, claimed: 1 },
      ending: undefined,
    })
    assert.equal(await store.processList.overview(newProcessId()), undefined)
  })

  promises('an overview of an ended process has the event that ended it', async ({ store }) => {
    const completed = await startProcessWith(store, 'a', 'b')
    const failed = await startProcessWith(store, 'a', 'b')
    const cancelled = await startProcessWith(store, 'a', 'b')
    await commit(
      store,
      completionOf(completed, await claim(store, { processId: completed.id })),
      failureOf(failed, { task: 1, payload: Payload.from('no') }),
      cancellationOf(cancelled, Payload.from('enough')),
    )
    for (const { id } of [completed, failed, cancelled]) {
      const overview = await store.processList.overview(id)
      assert.ok(overview?.ending)
      assert.deepEqual(overview.ending, (await historyOf(store, id)).at(-1))
      assert.deepEqual(overview.counts, { scheduled: 0, claimed: 0 })
      assert.deepEqual(overview.record.endedAt, overview.ending.at)
    }
  })

  promises('the list has the newest process first, a page at a time', async ({ store }) => {
    const definition = await register(store)
    const ids: string[] = []
    for (let n = 0; n < 5; n += 1) ids.unshift((await startProcess(store, definition)).id)
    const page = async (beforeId?: string) =>
      (await store.processList.list({ beforeId, limit: 2 })).map(({ id }) => id)
    assert.deepEqual(await page(), ids.slice(0, 2))
    assert.deepEqual(await page(ids[1]), ids.slice(2, 4))
    assert.deepEqual(await page(ids[3]), ids.slice(4))
    assert.deepEqual(await page(ids[4]), [])
  })

  promises('the list is filtered by state and definition', async ({ store }) => {
    const order = await register(store, { name: 'order' })
    const refund = await register(store, { name: 'refund' })
    const running = await startProcess(store, order)
    const cancelled = await startProcess(store, order)
    const refunded = await startProcess(store, refund)
    await commit(store, cancellationOf(cancelled), completionOf(refunded, [{ task: 0 }]))
    const found = async (criteria: { state?: 'running' | 'completed' | 'cancelled'; definition?: string }) =>
      (await store.processList.list({ ...criteria, limit: 10 })).map(({ id }) => id)
    assert.deepEqual(await found({}), [refunded.id, cancelled.id, running.id])
    assert.deepEqual(await found({ state: 'running' }), [running.id])
    assert.deepEqual(await found({ definition: 'order' }), [cancelled.id, running.id])
    assert.deepEqual(await found({ state: 'cancelled', definition: 'order' }), [cancelled.id])
    assert.deepEqual(await found({ state: 'completed', definition: 'order' }), [])
    const listed = theOnly(await store.processList.list({ definition: 'refund', limit: 10 }))
    assert.deepEqual(listed, await recordOf(store, refunded.id))
  })

  promises('ended processes are destroyed with all that is known of them', async ({ store }) => {
    const { id } = await startProcessWith(store, 'a')
    await commit(store, completionOf(await recordOf(store, id), [await claimOne(store)]))
    assert.deepEqual(await store.processList.destroy([id]), [id])
    assert.deepEqual(await store.processList.fetch([{ id, afterVersion: 0 }]), [undefined])
    assert.deepEqual(await store.processList.events([{ id, version: 1 }]), [undefined])
    assert.deepEqual(await store.processList.list({ limit: 10 }), [])
    assert.deepEqual(await historyOf(store, id), [])
    assert.equal(await store.processList.overview(id), undefined)
    assert.deepEqual(await store.processList.destroy([id]), [])
  })

  promises('a running process is not destroyed, nor answered', async ({ store }) => {
    const definition = await register(store)
    const running = await startProcess(store, definition)
    const failed = await startProcess(store, definition)
    const left = await startProcess(store, definition)
    await commit(store, failureOf(failed, { task: 0 }), cancellationOf(left))
    const destroyed = await store.processList.destroy([running.id, failed.id, newProcessId()])
    assert.deepEqual(destroyed, [failed.id])
    assert.deepEqual(await recordOf(store, running.id), running)
    assert.equal((await historyOf(store, left.id)).length, 2)
    assert.equal((await board(store, { processId: running.id })).length, 1)
    assert.deepEqual(await store.processList.destroy([]), [])
  })
}
