import assert from 'node:assert/strict'
import { aDefinition } from '../builders.js'
import { register, storeTime } from '../steps.js'
import type { Promises } from '../store-world.js'

export function definitionPromises(promises: Promises): void {
  promises('the first text of a definition is its version 1', async ({ store }) => {
    const { stored, created } = await store.definitionList.register(
      aDefinition({ name: 'order', tasks: ['a', 'b'] }),
    )
    assert.equal(created, true)
    const { name, version, taskCount, description } = stored
    assert.deepEqual(
      { name, version, taskCount, description },
      { name: 'order', version: 1, taskCount: 2, description: undefined },
    )
    assert.deepEqual(stored.createdAt, stored.registeredAt)
  })

  promises('another text is the next version, and the default', async ({ store }) => {
    await register(store, { remark: 'one' })
    const { stored, created } = await store.definitionList.register(aDefinition({ remark: 'two' }))
    assert.deepEqual({ version: stored.version, created }, { version: 2, created: true })
    assert.equal((await store.definitionList.fetch('order'))?.version, 2)
  })

  promises('the same text again is the same version', async ({ store }) => {
    await register(store, { remark: 'one' })
    const { stored, created } = await store.definitionList.register(aDefinition({ remark: 'one' }))
    assert.deepEqual({ version: stored.version, created }, { version: 1, created: false })
    assert.equal((await store.definitionList.versions('order', { limit: 10 })).length, 1)
  })

  promises(
    'an old text registered again is the default again, and no new version',
    async ({ store, pass }) => {
      const first = await store.definitionList.register(aDefinition({ remark: 'one' }))
      await register(store, { remark: 'two' })
      await pass(5)
      const again = await store.definitionList.register(aDefinition({ remark: 'one' }))
      assert.equal(again.created, false)
      assert.deepEqual(again.stored.createdAt, first.stored.createdAt)
      assert.ok(again.stored.registeredAt > first.stored.registeredAt)
      assert.equal((await store.definitionList.fetch('order'))?.version, 1)
      assert.deepEqual(
        (await store.definitionList.list({ limit: 10 })).map(({ version }) => version),
        [1],
      )
    },
  )

  promises('what is registered last is the default, however little time passes', async ({ store }) => {
    for (const remark of ['one', 'two', 'one', 'three', 'two', 'one']) {
      const { version } = await register(store, { remark })
      assert.equal((await store.definitionList.fetch('order'))?.version, version)
    }
  })

  promises('definitions of different names count their versions apart', async ({ store }) => {
    await register(store, { name: 'order', remark: 'one' })
    await register(store, { name: 'order', remark: 'two' })
    assert.equal((await register(store, { name: 'refund' })).version, 1)
    assert.equal((await store.definitionList.fetch('order'))?.version, 2)
  })

  promises('a version is given back as it came: tasks, text and format', async ({ store }) => {
    const definition = {
      name: 'Größe ☃ "x"',
      description: "it's 100 %\ttrue",
      tasks: [
        { name: 'b', needs: ['ä\\', 'a'] },
        { name: 'a', needs: [] },
        { name: 'ä\\', needs: ['a'] },
      ],
    }
    const source = `\t ${JSON.stringify(definition, undefined, 3).replaceAll('\n', '\r\n')}\r\n\r\n  `
    const { stored } = await store.definitionList.register({
      name: definition.name,
      definition,
      source,
      format: 'json',
    })
    const fetched = await store.definitionList.fetch(definition.name, 1)
    assert.deepEqual(fetched?.definition, definition)
    assert.equal(fetched.source, source)
    assert.equal(fetched.format, 'json')
    assert.equal(fetched.description, definition.description)
    const { name, version, taskCount, createdAt, registeredAt } = fetched
    assert.deepEqual(stored, {
      name,
      version,
      description: definition.description,
      taskCount,
      createdAt,
      registeredAt,
    })
  })

  promises('an older version stays as it is', async ({ store }) => {
    await register(store, { tasks: ['a'] })
    await register(store, { tasks: ['a', 'b'] })
    const old = await store.definitionList.fetch('order', 1)
    assert.deepEqual(old?.definition.tasks, [{ name: 'a', needs: [] }])
    assert.equal(old.taskCount, 1)
  })

  promises('a definition or version that is not there is undefined', async ({ store }) => {
    await register(store)
    assert.equal(await store.definitionList.fetch('refund'), undefined)
    assert.equal(await store.definitionList.fetch('refund', 1), undefined)
    assert.equal(await store.definitionList.fetch('order', 2), undefined)
  })

  promises('the times of a definition are the store’s', async ({ store }) => {
    const before = await storeTime(store)
    const { stored } = await store.definitionList.register(aDefinition())
    const after = await storeTime(store)
    const createdAt = stored.createdAt.getTime()
    assert.ok(before <= createdAt && createdAt <= after, `Expected ${before} <= ${createdAt} <= ${after}.`)
  })

  promises('the list has the default version of each name, a page at a time', async ({ store }) => {
    const names = ['alpha', 'Beta', 'gamma', 'Ärger', 'beta', 'δ']
    for (const name of names) {
      await register(store, { name, remark: 'one' })
      await register(store, { name, remark: 'two' })
    }
    const seen: string[] = []
    for (let afterName: string | undefined; seen.length <= names.length; afterName = seen.at(-1)) {
      const page = await store.definitionList.list({ afterName, limit: 2 })
      if (page.length === 0) break
      assert.ok(page.length <= 2)
      assert.ok(page.every(({ version }) => version === 2))
      seen.push(...page.map(({ name }) => name))
    }
    assert.deepEqual(seen.toSorted(), names.toSorted())
  })

  promises('the list goes by name', async ({ store }) => {
    for (const name of ['c', 'a', 'd', 'b']) await register(store, { name })
    const list = await store.definitionList.list({ afterName: 'a', limit: 2 })
    assert.deepEqual(
      list.map(({ name }) => name),
      ['b', 'c'],
    )
  })

  promises('versions are listed newest first, a page at a time', async ({ store }) => {
    for (const remark of ['one', 'two', 'three', 'four', 'one']) await register(store, { remark })
    await register(store, { name: 'refund' })
    const versions = async (beforeVersion?: number) =>
      (await store.definitionList.versions('order', { beforeVersion, limit: 3 })).map(
        ({ version }) => version,
      )
    assert.deepEqual(await versions(), [4, 3, 2])
    assert.deepEqual(await versions(2), [1])
    assert.deepEqual(await store.definitionList.versions('nothing', { limit: 3 }), [])
  })
}
