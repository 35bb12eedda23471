import assert from 'node:assert/strict'
import { taskNames } from '../builders.js'
import { cancellationOf, completionOf } from '../changes.js'
import { claim, claimOne, commit, historyOf, recordOf, register, startProcess, theOnly } from '../steps.js'
import { Payload } from '../../payload.js'
import type { Promises } from '../store-world.js'

/** Texts of JSON that something on the way would like to change. */
const difficultTexts: Readonly<Record<string, string>> = {
  null: 'null',
  'an empty string': '""',
  false: 'false',
  unicode: JSON.stringify('Zoë ☃ 漢字 👩‍👩‍👧 e\u0301 \u2028 \ufeff'),
  'an escaped NUL': '{"a\\u0000":"\\u0000"}',
  'escaped lone surrogates': '["\\ud800","\\udfff x","\\udc00\\ud800"]',
  'escapes nobody needs': '"\\u0041\\/\\u00e9"',
  'quotes and backslashes': JSON.stringify(`it's "so" \\ \\' $1 $$ {} \\N \\.`),
  'the order of keys': '{"b":1,"a":2,"10":3,"9":4,"":5,"__proto__":6}',
  'a key twice': '{"a":1,"a":2}',
  'numbers beyond a double': '[9007199254740993,1e400,-1e-400,0.1000000000000000055511151231257827]',
  'numbers written oddly': '[1.0,1E2,-0,0e0]',
  'white space': ' {\t"a" :\r\n [ 1 , 2 ] }\n',
  'deep nesting': `${'['.repeat(1000)}${']'.repeat(1000)}`,
  'a megabyte': JSON.stringify('é'.repeat(512 * 1024 - 1)),
}

export function payloadPromises(promises: Promises): void {
  promises('an input comes back as it was written', async ({ store }) => {
    const definition = await register(store)
    for (const [what, text] of Object.entries(difficultTexts)) {
      const { id, input } = await startProcess(store, definition, { input: Payload.fromStored(text) })
      assert.equal(input?.text, text, what)
      assert.equal((await store.processList.overview(id))?.record.input?.text, text, what)
      assert.equal(theOnly(await store.processList.list({ limit: 1 })).input?.text, text, what)
    }
  })

  promises('an output comes back as it was written', async ({ store }) => {
    const texts = Object.entries(difficultTexts)
    const { id } = await startProcess(store, await register(store, { tasks: taskNames(texts.length) }))
    const held = await claim(store)
    const reports = held.map((task, n) => ({ ...task, payload: Payload.fromStored(texts[n]?.[1] ?? '') }))
    await commit(store, completionOf(await recordOf(store, id), reports))
    const history = await historyOf(store, id)
    for (const [n, [what, text]] of texts.entries()) {
      assert.equal(history[n + 1]?.payload?.text, text, what)
      const [event] = await store.processList.events([{ id, version: n + 2 }])
      assert.equal(event?.payload?.text, text, what)
    }
  })

  promises('nothing to carry stays apart from null', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b'] })
    const { id, input } = await startProcess(store, definition, { input: undefined })
    assert.equal(input, undefined)
    await commit(
      store,
      completionOf(await recordOf(store, id), [{ task: 0 }, { task: 1, payload: Payload.from(null) }]),
    )
    const [, nothing, nil] = await historyOf(store, id)
    assert.equal(nothing?.payload, undefined)
    assert.equal(nil?.payload?.text, 'null')
    const cancelled = await startProcess(store, definition)
    await commit(store, cancellationOf(cancelled))
    assert.equal((await store.processList.overview(cancelled.id))?.ending?.payload, undefined)
  })

  promises('names come back as they were given', async ({ store }) => {
    const names = [
      'a,b',
      '{"x"}',
      "it's",
      'NULL',
      'null',
      '\\N',
      'a\\b',
      ' a ',
      'ß ☃ 👩‍👩‍👧',
      '\t',
      '%',
      'x'.repeat(256),
    ]
    const definition = await register(store, { name: `{a,"b"} 'c' \\d`, tasks: names })
    const { id } = await startProcess(store, definition)
    for (const [task, name] of names.entries()) {
      assert.deepEqual(await store.taskList.claimable([name, 'another']), [name])
      const found = theOnly(await store.taskList.fetch({ name, definition: definition.name, limit: 10 }))
      assert.deepEqual({ task: found.task, name: found.name }, { task, name })
      const held = await claimOne(store, { names: [name], worker: name })
      assert.deepEqual({ task: held.task, name: held.name }, { task, name })
      await commit(store, completionOf(await recordOf(store, id), [held]))
    }
    const [, ...completions] = await historyOf(store, id)
    assert.deepEqual(
      completions.map(({ worker }) => worker),
      names,
    )
    const listed = theOnly(await store.processList.list({ definition: definition.name, limit: 10 }))
    assert.deepEqual(
      { definition: listed.definition, state: listed.state },
      { definition: definition.name, state: 'completed' },
    )
  })
}
