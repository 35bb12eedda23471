import assert from 'node:assert/strict'
import { dayMs, startOf } from '../builders.js'
import { cancellationOf } from '../changes.js'
import { board, commit, persist, recordOf, register, startProcess, theOnly } from '../steps.js'
import { withTwoReplicas, type Promises } from '../store-world.js'

const once = { key: 'start 17', requestHash: 'what was asked' }

export function startingOncePromises(promises: Promises): void {
  promises('a start is done once for its key, however often it is sent', async ({ store }) => {
    const definition = await register(store)
    const first = startOf(definition, { once })
    await commit(store, first)
    assert.deepEqual(await persist(store, startOf(definition, { once })), ['moved'])
    const another = startOf(definition, { once: { ...once, requestHash: 'something else' } })
    assert.deepEqual(await persist(store, another), ['moved'])
    assert.deepEqual(await store.processList.findOnce(once.key), {
      id: first.id,
      requestHash: once.requestHash,
    })
    assert.equal((await store.processList.list({ limit: 10 })).length, 1)
    assert.equal((await board(store)).length, 1)
  })

  promises('other keys are other starts', async ({ store }) => {
    const definition = await register(store)
    const starts = ['a', 'b'].map((key) => startOf(definition, { once: { ...once, key } }))
    await commit(store, ...starts, startOf(definition))
    for (const [n, key] of ['a', 'b'].entries())
      assert.equal((await store.processList.findOnce(key))?.id, starts[n]?.id)
    assert.equal(await store.processList.findOnce('c'), undefined)
  })

  promises('one key twice in a batch is one start', async ({ store }) => {
    const definition = await register(store)
    const starts = [startOf(definition, { once }), startOf(definition), startOf(definition, { once })]
    const outcomes = await persist(store, ...starts)
    assert.deepEqual(outcomes.toSorted(), ['committed', 'committed', 'moved'])
    const { id } = (await store.processList.findOnce(once.key)) ?? {}
    assert.equal(
      starts.findIndex((start) => start.id === id),
      outcomes[0] === 'committed' ? 0 : 2,
    )
  })

  promises('a start that was refused is not remembered', async ({ store }) => {
    const definition = await register(store)
    const gone = startOf({ ...definition, version: 99 }, { once })
    assert.deepEqual(await persist(store, gone), ['moved'])
    assert.equal(await store.processList.findOnce(once.key), undefined)
    await startProcess(store, definition, { key: 'taken' })
    assert.deepEqual(await persist(store, startOf(definition, { once, key: 'taken' })), ['moved'])
    assert.equal(await store.processList.findOnce(once.key), undefined)
    await commit(store, startOf(definition, { once }))
  })

  promises('the key is remembered when the process has ended', async ({ store }) => {
    const definition = await register(store)
    const process = await startProcess(store, definition, { once })
    await commit(store, cancellationOf(process))
    assert.equal((await store.processList.findOnce(once.key))?.id, process.id)
    assert.deepEqual(await persist(store, startOf(definition, { once })), ['moved'])
  })

  promises('a key whose process is destroyed is free again, for who asks for it', async ({ store }) => {
    const definition = await register(store)
    const process = await startProcess(store, definition, { once })
    await commit(store, cancellationOf(process))
    await store.processList.destroy([process.id])
    assert.equal(await store.processList.findOnce(once.key), undefined)
    const next = startOf(definition, { once })
    await commit(store, next)
    assert.equal((await store.processList.findOnce(once.key))?.id, next.id)
  })

  promises('a key is forgotten after a day', async ({ store, skip }) => {
    const definition = await register(store)
    const first = startOf(definition, { once })
    await commit(store, first)
    await skip(dayMs - 60_000)
    assert.equal((await store.processList.findOnce(once.key))?.id, first.id)
    assert.deepEqual(await persist(store, startOf(definition, { once })), ['moved'])
    await skip(60_001)
    assert.equal(await store.processList.findOnce(once.key), undefined)
    const second = startOf(definition, { once })
    await commit(store, second)
    assert.equal((await store.processList.findOnce(once.key))?.id, second.id)
    assert.equal((await store.processList.list({ limit: 10 })).length, 2)
  })

  promises('tidying forgets keys older than a day, and no others', async ({ store, skip }) => {
    const definition = await register(store)
    await commit(store, startOf(definition, { once: { ...once, key: 'old' } }))
    await skip(dayMs + 1)
    await commit(store, startOf(definition, { once: { ...once, key: 'new' } }))
    assert.deepEqual((await store.processList.tidy({ endedMsAgo: undefined, limit: 10 })).destroyed, [])
    assert.ok(await store.processList.findOnce('new'))
    assert.deepEqual(await persist(store, startOf(definition, { once: { ...once, key: 'old' } })), [
      'committed',
    ])
  })

  promises('of many who start with one key at once, one starts', async (world) => {
    const definition = await register(world.store)
    await withTwoReplicas(world, async (one, other) => {
      for (let round = 0; round < 5; round += 1) {
        const key = `round ${round}`
        const starts = Array.from({ length: 12 }, () => startOf(definition, { once: { ...once, key } }))
        const outcomes = await Promise.all(
          starts.map((start, n) => persist(n % 2 === 0 ? one : other, start)),
        )
        const committed = starts.filter((_start, n) => outcomes[n]?.[0] === 'committed')
        const { id } = theOnly(committed)
        assert.equal((await other.processList.findOnce(key))?.id, id)
        assert.ok(outcomes.flat().every((outcome) => ['committed', 'moved', 'in-flight'].includes(outcome)))
      }
    })
    assert.equal((await world.store.processList.list({ limit: 100 })).length, 5)
    assert.equal((await board(world.store)).length, 5)
  })

  promises('batches of two replicas with the same keys in opposite orders start each once', async (world) => {
    const definition = await register(world.store)
    await withTwoReplicas(world, async (one, other) => {
      for (let round = 0; round < 10; round += 1) {
        const keys = Array.from({ length: 30 }, (_, n) => `round ${round} key ${n}`)
        const startAll = (ordered: readonly string[]) =>
          ordered.map((key) => startOf(definition, { once: { ...once, key }, key }))
        const batches = [startAll(keys), startAll(keys.toReversed())]
        const outcomes = await Promise.all([persist(one, ...batches[0]!), persist(other, ...batches[1]!)])
        // Who has lost against the other may try again: then, all of them are there.
        for (const [n, store] of [one, other].entries())
          await persist(store, ...batches[n]!.filter((_start, place) => outcomes[n]![place] !== 'committed'))
        for (const key of keys) assert.ok(await one.processList.findOnce(key), key)
      }
    })
    assert.equal((await world.store.processList.list({ limit: 1000 })).length, 300)
  })

  promises('a start that was done once is a process like any other', async ({ store }) => {
    const definition = await register(store)
    const { state, version, key } = await startProcess(store, definition, { once, key: 'mine' })
    assert.deepEqual({ state, version, key }, { state: 'running', version: 1, key: 'mine' })
    assert.equal((await recordOf(store, (await store.processList.findOnce(once.key))?.id ?? '')).key, 'mine')
  })
}
