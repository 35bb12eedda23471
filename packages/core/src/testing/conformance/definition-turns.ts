import assert from 'node:assert/strict'
import { aDefinition } from '../builders.js'
import { register } from '../steps.js'
import { withTwoReplicas, type Promises } from '../store-world.js'

export function definitionTurnPromises(promises: Promises): void {
  promises('who must not be disturbed sees and registers definitions like others', async ({ store }) => {
    const { definitionList } = store
    await register(store, { remark: 'one' })
    const version = await definitionList.exclusively(async (list) => {
      assert.equal((await list.fetch('order'))?.version, 1)
      const { stored } = await list.register(aDefinition({ remark: 'two' }))
      assert.equal((await list.fetch('order'))?.version, 2)
      assert.equal(await list.remove('order', 1), 'removed')
      return stored.version
    })
    assert.equal(version, 2)
    assert.deepEqual(
      (await definitionList.versions('order', { limit: 10 })).map((one) => one.version),
      [2],
    )
  })

  promises('who must not be disturbed gets a turn after the other, between replicas too', async (world) =>
    withTwoReplicas(world, async (one, other) => {
      // Each registers what it names only where the others have not done so before.
      const claimOf = (store: typeof one, name: string) =>
        store.definitionList.exclusively(async (list) => {
          const found = await list.list({ limit: 100 })
          if (found.length === 0) await list.register(aDefinition({ name }))
          return found.length
        })
      const found = await Promise.all(
        Array.from({ length: 10 }, (_, index) => claimOf(index % 2 === 0 ? one : other, `order ${index}`)),
      )
      assert.deepEqual(
        found.toSorted((a, b) => a - b),
        [0, 1, 1, 1, 1, 1, 1, 1, 1, 1],
      )
    }),
  )

  promises('what fails does not keep the others from their turn', async ({ store }) => {
    const { definitionList } = store
    const failing = definitionList.exclusively(async () => Promise.reject(new Error('as it happens')))
    const next = definitionList.exclusively(async (list) => list.register(aDefinition()))
    await assert.rejects(failing, /as it happens/)
    assert.equal((await next).created, true)
  })

  promises('which version is the default once another is gone is known before', async ({ store }) => {
    const { definitionList } = store
    await register(store, { remark: 'one' })
    await register(store, { remark: 'two' })
    await register(store, { remark: 'three' })
    await register(store, { remark: 'one' })
    const versionWithout = async (version: number) =>
      (await definitionList.defaultWithout('order', version))?.version
    assert.equal(await versionWithout(1), 3)
    assert.equal(await versionWithout(2), 1)
    assert.equal(await versionWithout(3), 1)
    await definitionList.remove('order', 2)
    await definitionList.remove('order', 3)
    assert.equal(await versionWithout(1), undefined)
    assert.equal(await definitionList.defaultWithout('refund', 1), undefined)
  })
}
