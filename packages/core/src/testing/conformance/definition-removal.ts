import assert from 'node:assert/strict'
import { aDefinition, startOf } from '../builders.js'
import { cancellationOf } from '../changes.js'
import { commit, persist, recordOf, register, startProcess, theOnly } from '../steps.js'
import type { Promises } from '../store-world.js'

export function definitionRemovalPromises(promises: Promises): void {
  promises('a version that no process refers to can be removed, once', async ({ store }) => {
    await register(store, { remark: 'one' })
    await register(store, { remark: 'two' })
    assert.equal(await store.definitionList.remove('order', 1), 'removed')
    assert.equal(await store.definitionList.fetch('order', 1), undefined)
    assert.equal(await store.definitionList.remove('order', 1), 'not-found')
    assert.equal(await store.definitionList.remove('refund', 1), 'not-found')
    assert.equal((await store.definitionList.fetch('order'))?.version, 2)
  })

  promises('a version stays while any process refers to it, ended ones too', async ({ store }) => {
    const process = await startProcess(store, await register(store))
    assert.equal(await store.definitionList.remove('order', 1), 'in-use')
    await commit(store, cancellationOf(process))
    assert.equal(await store.definitionList.remove('order', 1), 'in-use')
    assert.equal((await store.definitionList.fetch('order', 1))?.version, 1)
    await store.processList.destroy([process.id])
    assert.equal(await store.definitionList.remove('order', 1), 'removed')
  })

  promises('a process holds its own version only', async ({ store }) => {
    await startProcess(store, await register(store, { remark: 'one' }))
    await register(store, { remark: 'two' })
    await register(store, { name: 'refund' })
    assert.equal(await store.definitionList.remove('order', 2), 'removed')
    assert.equal(await store.definitionList.remove('refund', 1), 'removed')
    assert.equal(await store.definitionList.remove('order', 1), 'in-use')
  })

  promises(
    'when the default is removed, the one registered last before is the default',
    async ({ store }) => {
      await register(store, { remark: 'one' })
      await register(store, { remark: 'two' })
      await register(store, { remark: 'one' })
      await register(store, { remark: 'three' })
      await store.definitionList.remove('order', 3)
      assert.equal((await store.definitionList.fetch('order'))?.version, 1)
    },
  )

  promises('a definition without versions is gone', async ({ store }) => {
    await register(store)
    await store.definitionList.remove('order', 1)
    assert.equal(await store.definitionList.fetch('order'), undefined)
    assert.deepEqual(await store.definitionList.list({ limit: 10 }), [])
    assert.deepEqual(await store.definitionList.versions('order', { limit: 10 }), [])
  })

  // Whoever has cached version 2 would take the new text for the old one.
  promises('the number of a removed version is never given to another text', async ({ store }) => {
    await register(store, { remark: 'one' })
    await register(store, { remark: 'two' })
    await store.definitionList.remove('order', 2)
    assert.equal((await register(store, { remark: 'three' })).version, 3)
  })

  promises('not even when no version of the definition was left', async ({ store }) => {
    await register(store, { remark: 'one' })
    await store.definitionList.remove('order', 1)
    assert.equal((await register(store, { remark: 'two' })).version, 2)
  })

  promises('different texts registered at once are different versions', async ({ store }) => {
    const remarks = Array.from({ length: 20 }, (_, text) => `text ${text}`)
    const registered = await Promise.all(
      remarks.map((remark) => store.definitionList.register(aDefinition({ remark }))),
    )
    assert.equal(new Set(registered.map(({ stored }) => stored.version)).size, 20)
    assert.ok(registered.every(({ created }) => created))
    for (const [text, { stored }] of registered.entries()) {
      const fetched = await store.definitionList.fetch('order', stored.version)
      assert.equal(fetched?.source, aDefinition({ remark: `text ${text}` }).source)
    }
  })

  promises('equal texts registered at once are one version, created by one of them', async ({ store }) => {
    const registered = await Promise.all(
      Array.from({ length: 20 }, () => store.definitionList.register(aDefinition())),
    )
    assert.deepEqual(
      registered.map(({ stored }) => stored.version),
      registered.map(() => 1),
    )
    assert.equal(registered.filter(({ created }) => created).length, 1)
  })

  promises('a version removed while it is started from leaves no process without one', async ({ store }) => {
    for (let round = 0; round < 10; round += 1) {
      const definition = await register(store, { name: `order ${round}` })
      const start = startOf(definition)
      const remove = () => store.definitionList.remove(definition.name, 1)
      // Each of them gets to be the first to ask.
      const early = round % 2 === 0 ? remove() : undefined
      const starting = persist(store, start)
      const [outcomes, removed] = await Promise.all([starting, early ?? remove()])
      const outcome = theOnly(outcomes)
      const kept = await store.definitionList.fetch(definition.name, 1)
      if (outcome === 'committed') {
        assert.equal((await recordOf(store, start.id)).definitionVersion, 1)
        assert.equal(removed, 'in-use')
        assert.ok(kept)
      } else {
        assert.equal(outcome, 'moved')
      }
    }
  })
}
