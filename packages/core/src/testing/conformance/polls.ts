import assert from 'node:assert/strict'
import { maxPolls, pollsKeptMs } from '../../lists/poll-limits.js'
import type { Store } from '../../lists/store.js'
import type { Promises } from '../store-world.js'

/** Somebody asks for these names, of any definition. */
async function poll({ taskList }: Store, ...names: readonly (string | undefined)[]): Promise<void> {
  await taskList.notePolls(
    names.map((name) => ({ name, definition: undefined })),
    [],
  )
}

export function pollPromises(promises: Promises): void {
  promises('who was asked for, and when, is remembered', async ({ store, pass }) => {
    const { taskList } = store
    assert.equal((await taskList.lastPolls(['a', 'b'], 'order')).size, 0)
    await poll(store, 'a', 'b', 'a')
    const first = await taskList.lastPolls(['a', 'b', 'c'], 'order')
    assert.deepEqual([...first.keys()].toSorted(), ['a', 'b'])
    await pass(5)
    await poll(store, 'b')
    const then = await taskList.lastPolls(['a', 'b', 'c'], 'order')
    assert.deepEqual(then.get('a'), first.get('a'))
    assert.ok((then.get('b') ?? 0) > (first.get('b') ?? 0))
    assert.equal(then.has('c'), false)
  })

  promises('who asks for any task asks for each name', async ({ store, pass }) => {
    const { taskList } = store
    await poll(store, 'a')
    await pass(5)
    await poll(store, undefined)
    await pass(5)
    await poll(store, 'b')
    const last = await taskList.lastPolls(['a', 'b', 'c'], 'order')
    const [a, b, c] = ['a', 'b', 'c'].map((name) => last.get(name)?.getTime() ?? 0)
    assert.ok(a && b && c)
    assert.ok(a === c && b > c)
  })

  promises('who asks within one definition asks for no other', async ({ store, pass }) => {
    const { taskList } = store
    await taskList.notePolls(
      [
        { name: 'a', definition: 'order' },
        { name: undefined, definition: 'loan' },
      ],
      [],
    )
    assert.deepEqual([...(await taskList.lastPolls(['a', 'b'], 'order')).keys()], ['a'])
    assert.equal((await taskList.lastPolls(['a', 'b'], 'loan')).size, 2)
    assert.equal((await taskList.lastPolls(['a', 'b'], 'other')).size, 0)
    const first = await taskList.lastPolls(['a'], 'order')
    await pass(5)
    await poll(store, 'a')
    assert.ok(((await taskList.lastPolls(['a'], 'order')).get('a') ?? 0) > (first.get('a') ?? 0))
  })

  promises('only so many are remembered, the last ones, and not for ever', async ({ store, pass, skip }) => {
    const names = (what: string) => Array.from({ length: maxPolls / 2 }, (_, n) => `${what} ${n}`)
    const remembered = async (what: string) => (await store.taskList.lastPolls(names(what), 'order')).size
    for (const what of ['a', 'b', 'c']) {
      await poll(store, ...names(what))
      await pass(5)
    }
    assert.deepEqual(
      [await remembered('a'), await remembered('b'), await remembered('c')],
      [0, maxPolls / 2, maxPolls / 2],
    )
    await skip(pollsKeptMs)
    await poll(store, 'again')
    assert.deepEqual([await remembered('b'), await remembered('c')], [0, 0])
    assert.equal((await store.taskList.lastPolls(['again'], 'order')).size, 1)
  })

  promises('no names are fine', async ({ store }) => {
    await store.taskList.notePolls([], [])
    assert.equal((await store.taskList.lastPolls([], 'order')).size, 0)
  })

  promises('many may note the same names at once, in any order', async ({ store }) => {
    const names = Array.from({ length: 20 }, (_, n) => `name ${n}`)
    await Promise.all(
      Array.from({ length: 10 }, (_, n) => poll(store, ...(n % 2 === 0 ? names : names.toReversed()))),
    )
    assert.equal((await store.taskList.lastPolls(names, 'order')).size, 20)
  })
}
