import assert from 'node:assert/strict'
import { boardTasks, newProcessId, startOf, type KnownDefinition } from '../builders.js'
import { cancellationOf } from '../changes.js'
import {
  board,
  commit,
  historyOf,
  persist,
  recordOf,
  register,
  startProcess,
  storeTime,
  theOnly,
} from '../steps.js'
import type { ProcessChange } from '../../lists/process-list.js'
import type { Store } from '../../lists/store.js'
import { Payload } from '../../payload.js'
import type { Promises } from '../store-world.js'

export function startingPromises(promises: Promises): void {
  promises('a start stores the record, the first event and the tasks on the board', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b', 'c'] })
    const input = Payload.from({ n: 1 })
    const timeoutMs = 60_000
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const change = startOf(definition, { priority: 7, input, enter: [0, 2], timeoutMs, traceparent })
    await commit(store, change)
    const record = await recordOf(store, change.id)
    assert.deepEqual(record, {
      id: change.id,
      definition: 'order',
      definitionVersion: 1,
      state: 'running',
      version: 1,
      total: 3,
      completed: 0,
      failed: 0,
      priority: 7,
      key: undefined,
      input,
      startedAt: record.startedAt,
      deadline: new Date(record.startedAt.getTime() + timeoutMs),
      endedAt: undefined,
      failureOf: undefined,
      traceparent,
      failureProcess: undefined,
    })
    const event = theOnly(await historyOf(store, change.id))
    assert.deepEqual(event, {
      version: 1,
      type: 'process-started',
      at: record.startedAt,
      task: undefined,
      claim: undefined,
      worker: undefined,
      scheduledAt: undefined,
      claimedAt: undefined,
      lapsed: [],
      reason: undefined,
      retryAt: undefined,
      unfinished: [],
      failureProcess: undefined,
      payload: undefined,
    })
    const tasks = await board(store)
    assert.deepEqual(
      tasks.map(({ processId, task, name, definition: of, priority }) => ({
        processId,
        task,
        name,
        of,
        priority,
      })),
      [
        { processId: change.id, task: 0, name: 'a', of: 'order', priority: 7 },
        { processId: change.id, task: 2, name: 'c', of: 'order', priority: 7 },
      ],
    )
  })

  promises(
    'a process starts at the store’s time, and its first tasks are claimable from then on',
    async ({ store }) => {
      const definition = await register(store)
      const before = await storeTime(store)
      const { id, startedAt } = await startProcess(store, definition)
      const after = await storeTime(store)
      assert.ok(before <= startedAt.getTime() && startedAt.getTime() <= after)
      const { claimableAt, scheduledAt } = theOnly(await board(store, { processId: id }))
      assert.deepEqual(claimableAt, startedAt)
      assert.ok(before <= scheduledAt.getTime() && scheduledAt.getTime() <= after)
    },
  )

  promises('a start with an id that is taken has moved, and changes nothing', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b'] })
    const first = await startProcess(store, definition, {
      priority: 1,
      enter: [0],
      input: Payload.from('first'),
    })
    const again = startOf(definition, { id: first.id, priority: 2, input: Payload.from('second') })
    assert.deepEqual(await persist(store, again), ['moved'])
    assert.deepEqual(await recordOf(store, first.id), first)
    assert.equal((await historyOf(store, first.id)).length, 1)
    assert.deepEqual(
      (await board(store)).map(({ task, priority }) => ({ task, priority })),
      [{ task: 0, priority: 1 }],
    )
  })

  promises('nor does it when the process has ended', async ({ store }) => {
    const definition = await register(store)
    const { id } = await startProcess(store, definition)
    await commit(store, cancellationOf(await recordOf(store, id)))
    assert.deepEqual(await persist(store, startOf(definition, { id })), ['moved'])
    assert.equal((await recordOf(store, id)).state, 'cancelled')
    assert.deepEqual(await board(store), [])
  })

  promises('a start of a version that is gone has moved, and stores nothing', async ({ store }) => {
    const definition = await register(store, { remark: 'one' })
    await register(store, { remark: 'two' })
    await store.definitionList.remove('order', 1)
    await expectNotStarted(store, startOf(definition))
  })

  promises('a start of a definition that never was has moved, and stores nothing', async ({ store }) => {
    const unknown: KnownDefinition = { name: 'unknown', version: 1, tasks: ['a'] }
    await expectNotStarted(store, startOf(unknown))
    await expectNotStarted(store, startOf(unknown, { isDefaultVersion: true }))
  })

  promises('a start of what was the default has moved once another version is', async ({ store }) => {
    const one = await register(store, { remark: 'one' })
    const two = await register(store, { remark: 'two' })
    await expectNotStarted(store, startOf(one, { isDefaultVersion: true }))
    await commit(store, startOf(two, { isDefaultVersion: true }))
    await register(store, { remark: 'one' })
    await expectNotStarted(store, startOf(two, { isDefaultVersion: true }))
    await commit(store, startOf(one, { isDefaultVersion: true }))
  })

  promises('a version that was asked for need not be the default', async ({ store }) => {
    const one = await register(store, { remark: 'one' })
    await register(store, { remark: 'two' })
    assert.equal((await startProcess(store, one)).definitionVersion, 1)
  })

  promises('of many starts with one id, one is committed', async ({ store }) => {
    const definition = await register(store)
    const id = newProcessId()
    const results = await Promise.all(
      Array.from({ length: 10 }, () => persist(store, startOf(definition, { id }))),
    )
    assert.deepEqual(results.flat().toSorted(), ['committed', ...Array.from({ length: 9 }, () => 'moved')])
    assert.equal((await historyOf(store, id)).length, 1)
    assert.equal((await board(store)).length, 1)
  })

  promises('a change of a process that does not exist has moved, and stores nothing', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b'] })
    const process = await startProcess(store, definition, { enter: [0] })
    const id = newProcessId()
    const change = {
      ...cancellationOf(process),
      id,
      state: 'running',
      enter: boardTasks(definition, [1]),
    } as const
    assert.deepEqual(await persist(store, change), ['moved'])
    assert.deepEqual(await store.processList.fetch([{ id, afterVersion: 0 }]), [undefined])
    assert.deepEqual(await board(store, { processId: id }), [])
  })
}

async function expectNotStarted(store: Store, start: ProcessChange): Promise<void> {
  assert.deepEqual(await persist(store, start), ['moved'])
  assert.deepEqual(await store.processList.fetch([{ id: start.id, afterVersion: 0 }]), [undefined])
  assert.deepEqual(await historyOf(store, start.id), [])
  assert.deepEqual(await board(store, { processId: start.id }), [])
}
