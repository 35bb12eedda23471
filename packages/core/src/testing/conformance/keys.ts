import assert from 'node:assert/strict'
import { startOf } from '../builders.js'
import { cancellationOf, completionOf, failureOf, pauseOf, retryOf } from '../changes.js'
import {
  board,
  claimOne,
  commit,
  outcomeOf,
  persist,
  recordOf,
  register,
  startProcess,
  theOnly,
} from '../steps.js'
import { withTwoReplicas, type Promises } from '../store-world.js'

const key = 'order 4711'

export function keyPromises(promises: Promises): void {
  promises('of the live processes of a definition, one has a key', async ({ store }) => {
    const definition = await register(store)
    const first = await startProcess(store, definition, { key })
    assert.equal(first.key, key)
    assert.deepEqual(await persist(store, startOf(definition, { key })), ['moved'])
    assert.equal(await store.processList.findByKey('order', key), first.id)
    assert.equal((await store.processList.list({ limit: 10 })).length, 1)
    assert.equal((await board(store)).length, 1)
  })

  promises('other keys, other definitions and no key at all do not stand in the way', async ({ store }) => {
    const definition = await register(store)
    const refund = await register(store, { name: 'refund' })
    const starts = [
      startOf(definition, { key }),
      startOf(definition, { key: 'another' }),
      startOf(refund, { key }),
      startOf(definition),
      startOf(definition),
    ]
    await commit(store, ...starts)
    assert.equal(await store.processList.findByKey('order', key), starts[0]?.id)
    assert.equal(await store.processList.findByKey('refund', key), starts[2]?.id)
    assert.equal(await store.processList.findByKey('order', 'unknown'), undefined)
    assert.equal(await store.processList.findByKey('unknown', key), undefined)
  })

  promises('a newer version of the definition has the same keys', async ({ store }) => {
    await startProcess(store, await register(store), { key })
    const newer = await register(store, { remark: 'newer' })
    assert.deepEqual(await persist(store, startOf(newer, { key })), ['moved'])
  })

  promises('a key twice in a batch is one process', async ({ store }) => {
    const definition = await register(store)
    const outcomes = await persist(store, startOf(definition, { key }), startOf(definition, { key }))
    assert.deepEqual(outcomes.toSorted(), ['committed', 'moved'])
    assert.equal((await board(store)).length, 1)
  })

  promises('a paused process keeps its key; one that has ended, however, does not', async ({ store }) => {
    const definition = await register(store)
    const endings = [
      (id: string) => recordOf(store, id).then(cancellationOf),
      (id: string) => recordOf(store, id).then((record) => failureOf(record, { task: 0 })),
      async (id: string) =>
        completionOf(await recordOf(store, id), [await claimOne(store, { processId: id })]),
    ]
    for (const end of endings) {
      const { id } = await startProcess(store, definition, { key })
      await commit(store, pauseOf(await recordOf(store, id)))
      assert.deepEqual(await persist(store, startOf(definition, { key })), ['moved'])
      assert.equal(await store.processList.findByKey('order', key), id)
      await commit(store, { ...pauseOf(await recordOf(store, id)), state: 'running', clock: 'goes-on' })
      await commit(store, await end(id))
      assert.equal(await store.processList.findByKey('order', key), undefined)
    }
    assert.equal((await store.processList.list({ key, limit: 10 })).length, 3)
  })

  promises('a failed process is retried unless its key has been taken since', async ({ store }) => {
    const definition = await register(store)
    const process = await startProcess(store, definition, { key })
    await commit(store, failureOf(process, { task: 0 }))
    const failed = await recordOf(store, process.id)
    const other = await startProcess(store, definition, { key })
    assert.deepEqual(await persist(store, retryOf(failed)), ['moved'])
    const read = { id: process.id, afterVersion: 0 }
    const held = await store.processList.persistHeld(read, () => retryOf(failed))
    assert.equal(outcomeOf(held), 'moved')
    assert.deepEqual(await recordOf(store, process.id), failed)
    assert.equal(await store.processList.findByKey('order', key), other.id)
    await commit(store, cancellationOf(other))
    await commit(store, retryOf(failed))
    assert.equal(await store.processList.findByKey('order', key), process.id)
    assert.deepEqual(await persist(store, startOf(definition, { key })), ['moved'])
  })

  promises('of many who want a key at once, by a start or a retry, one gets it', async (world) => {
    const definition = await register(world.store)
    await withTwoReplicas(world, async (one, other) => {
      for (let round = 0; round < 5; round += 1) {
        const wanted = `round ${round}`
        const process = await startProcess(one, definition, { key: wanted })
        await commit(one, failureOf(process, { task: 0 }))
        const failed = await recordOf(one, process.id)
        const outcomes = await Promise.all(
          Array.from({ length: 10 }, (_, n) =>
            persist(
              n % 2 === 0 ? one : other,
              n % 5 === round ? retryOf(failed) : startOf(definition, { key: wanted }),
            ),
          ),
        )
        assert.equal(outcomes.flat().filter((outcome) => outcome === 'committed').length, 1)
        const live = await one.processList.list({ key: wanted, state: 'running', limit: 10 })
        assert.equal(theOnly(live).id, await other.processList.findByKey('order', wanted))
      }
    })
  })

  promises('the list is filtered by key', async ({ store }) => {
    const definition = await register(store)
    const first = await startProcess(store, definition, { key })
    await startProcess(store, definition, { key: 'another' })
    await startProcess(store, definition)
    assert.deepEqual(await store.processList.list({ key, limit: 10 }), [first])
    assert.deepEqual(await store.processList.list({ key, state: 'failed', limit: 10 }), [])
    assert.deepEqual(await store.processList.list({ key: 'unknown', limit: 10 }), [])
  })
}
