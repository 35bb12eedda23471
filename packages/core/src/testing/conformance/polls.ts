import assert from 'node:assert/strict'
import type { Promises } from '../store-world.js'

export function pollPromises(promises: Promises): void {
  promises('who was asked for, and when, is remembered', async ({ store, pass }) => {
    const { taskList } = store
    assert.equal((await taskList.lastPolls(['a', 'b'])).size, 0)
    await taskList.notePolls(['a', 'b', 'a'])
    const first = await taskList.lastPolls(['a', 'b', 'c'])
    assert.deepEqual([...first.keys()].toSorted(), ['a', 'b'])
    await pass(5)
    await taskList.notePolls(['b'])
    const then = await taskList.lastPolls(['a', 'b', 'c'])
    assert.deepEqual(then.get('a'), first.get('a'))
    assert.ok((then.get('b') ?? 0) > (first.get('b') ?? 0))
    assert.equal(then.has('c'), false)
  })

  promises('who asks for any task asks for each name', async ({ store, pass }) => {
    const { taskList } = store
    await taskList.notePolls(['a'])
    await pass(5)
    await taskList.notePolls([undefined])
    await pass(5)
    await taskList.notePolls(['b'])
    const last = await taskList.lastPolls(['a', 'b', 'c'])
    const [a, b, c] = ['a', 'b', 'c'].map((name) => last.get(name)?.getTime() ?? 0)
    assert.ok(a && b && c)
    assert.ok(a === c && b > c)
  })

  promises('no names are fine', async ({ store }) => {
    await store.taskList.notePolls([])
    assert.equal((await store.taskList.lastPolls([])).size, 0)
  })

  promises('many may note the same names at once, in any order', async ({ store }) => {
    const names = Array.from({ length: 20 }, (_, n) => `name ${n}`)
    await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        store.taskList.notePolls(n % 2 === 0 ? names : names.toReversed()),
      ),
    )
    assert.equal((await store.taskList.lastPolls(names)).size, 20)
  })
}
