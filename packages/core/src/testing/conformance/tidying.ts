import assert from 'node:assert/strict'
import { cancellationOf } from '../changes.js'
import { commit, historyOf, register, startProcess } from '../steps.js'
import type { Store } from '../../lists/store.js'
import type { Promises } from '../store-world.js'

async function cancelled(store: Store): Promise<string> {
  const process = await startProcess(store, await register(store))
  await commit(store, cancellationOf(process))
  return process.id
}

async function tidy(store: Store, { endedMsAgo, limit = 10 }: Tidying): Promise<readonly string[]> {
  return (await store.processList.tidy({ endedMsAgo, limit })).destroyed
}

interface Tidying {
  readonly endedMsAgo: number | undefined
  readonly limit?: number
}

export function tidyingPromises(promises: Promises): void {
  promises('tidying destroys what ended longer ago than that, with its history', async ({ store, skip }) => {
    const old = await cancelled(store)
    const { id: running } = await startProcess(store, await register(store))
    await skip(60_000)
    const young = await cancelled(store)
    await skip(30_000)
    assert.deepEqual(await tidy(store, { endedMsAgo: 120_000 }), [])
    assert.deepEqual(await tidy(store, { endedMsAgo: 60_000 }), [old])
    assert.deepEqual(await historyOf(store, old), [])
    const left = await store.processList.list({ limit: 10 })
    assert.deepEqual(
      left.map(({ id }) => id),
      [young, running],
    )
    assert.equal((await historyOf(store, young)).length, 2)
  })

  promises('it goes by the end, not by the start', async ({ store, skip }) => {
    const process = await startProcess(store, await register(store))
    await skip(120_000)
    await commit(store, cancellationOf(process))
    assert.deepEqual(await tidy(store, { endedMsAgo: 60_000 }), [])
  })

  promises('it takes a few at a time, those that ended first', async ({ store, skip }) => {
    const ids: string[] = []
    for (let n = 0; n < 3; n += 1) ids.push((await startProcess(store, await register(store))).id)
    for (const id of ids.toReversed()) {
      const [fetched] = await store.processList.fetch([{ id, afterVersion: 0 }])
      assert.ok(fetched)
      await commit(store, cancellationOf(fetched.record))
      await skip(1_000)
    }
    await skip(60_000)
    const { destroyed, hasMore } = await store.processList.tidy({ endedMsAgo: 60_000, limit: 2 })
    assert.deepEqual([destroyed.toSorted(), hasMore], [[ids[1], ids[2]], true])
    assert.deepEqual(await tidy(store, { endedMsAgo: 60_000 }), [ids[0]])
    assert.deepEqual(await tidy(store, { endedMsAgo: 60_000 }), [])
  })

  promises('without an age it destroys nothing', async ({ store, skip }) => {
    const id = await cancelled(store)
    await skip(1_000_000_000)
    assert.deepEqual(await tidy(store, { endedMsAgo: undefined }), [])
    assert.equal((await historyOf(store, id)).length, 2)
  })

  promises('many who tidy at once destroy each process once', async ({ store, skip }) => {
    const ids: string[] = []
    for (let n = 0; n < 20; n += 1) ids.push(await cancelled(store))
    await skip(60_000)
    const tidied = await Promise.all(
      Array.from({ length: 6 }, () => tidy(store, { endedMsAgo: 1_000, limit: 15 })),
    )
    tidied.push(await tidy(store, { endedMsAgo: 1_000, limit: 15 }))
    assert.deepEqual(tidied.flat().toSorted(), ids)
  })
}
