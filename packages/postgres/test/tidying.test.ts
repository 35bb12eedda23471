import { Engine } from '@tunacorn/core'
import { describe, expect, it } from 'vitest'
import { postgresUrl } from './support/databases.js'
import { testStores } from './support/test-stores.js'

describe.skipIf(postgresUrl() === undefined)('tidying', () => {
  const world = testStores()

  it('destroys fewer processes at a time where their histories are long, and says that there are more', async () => {
    const { store, pool, schema, skip } = world()
    const engine = new Engine(store)
    await engine.registerDefinition('{"name": "long", "tasks": [{"name": "A"}]}')
    for (let n = 0; n < 3; n += 1)
      await engine.cancelProcess((await engine.startProcess({ definition: 'long' })).id)
    await engine.close()
    await pool.query(`UPDATE ${schema}.process SET version = 15000`)
    await skip(60_000)
    const tidied: [number, boolean][] = []
    for (let n = 0; n < 3; n += 1) {
      const { destroyed, hasMore } = await store.processList.tidy({ endedMsAgo: 1_000, limit: 10 })
      tidied.push([destroyed.length, hasMore])
    }
    expect(tidied).toEqual([
      [2, true],
      [1, false],
      [0, false],
    ])
  })
})
