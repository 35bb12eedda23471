import assert from 'node:assert/strict'
import { board, register, startProcess } from '../steps.js'
import { withTwoReplicas, type Promises } from '../store-world.js'

export function storePromises(promises: Promises): void {
  promises('the three lists say that they are of one store', async ({ store }) => {
    assert.equal(typeof store.processList.store, 'object')
    assert.equal(store.taskList.store, store.processList.store)
    assert.equal(store.definitionList.store, store.processList.store)
  })

  promises('a fresh store is empty', async ({ store }) => {
    assert.deepEqual(await store.definitionList.list({ limit: 10 }), [])
    assert.deepEqual(await store.processList.list({ limit: 10 }), [])
    assert.deepEqual(await store.taskList.fetch({ limit: 10 }), [])
    assert.deepEqual(await store.taskList.claimable(undefined), [])
  })

  promises('a replica sees what the store has', async (world) => {
    await withTwoReplicas(world, async (one, other) => {
      const { id } = await startProcess(one, await register(one))
      assert.deepEqual(await other.processList.overview(id), await one.processList.overview(id))
      assert.deepEqual(await board(other), await board(one))
      assert.deepEqual(await other.definitionList.fetch('order'), await one.definitionList.fetch('order'))
    })
  })
}
