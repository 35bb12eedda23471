import assert from 'node:assert/strict'
import { startOf, type KnownDefinition } from '../builders.js'
import { cancellationOf, completionOf, failureOf, judgementOf, retryOf, timeOutOf } from '../changes.js'
import {
  board,
  claim,
  claimOne,
  commit,
  historyOf,
  outcomeOf,
  persist,
  recordOf,
  register,
  startProcess,
  theOnly,
} from '../steps.js'
import type { ProcessChange, ProcessRecord } from '../../lists/process-list.js'
import type { Store } from '../../lists/store.js'
import type { Promises } from '../store-world.js'

const undo = { name: 'undo', tasks: ['clean up'] }

function withFailureProcess(change: ProcessChange, definition: KnownDefinition): ProcessChange {
  return {
    ...change,
    failureProcess: startOf(definition, { failureOf: change.id, isDefaultVersion: true }),
  }
}

async function expectNothingStored(store: Store, change: ProcessChange): Promise<void> {
  const parent = await recordOf(store, change.id)
  assert.deepEqual([parent.state, parent.version, parent.failureProcess], ['running', 1, undefined])
  assert.equal((await historyOf(store, change.id)).length, 1)
  const id = change.failureProcess?.id ?? ''
  assert.deepEqual(await store.processList.fetch([{ id, afterVersion: 0 }]), [undefined])
  assert.deepEqual(await historyOf(store, id), [])
  assert.deepEqual(await board(store, { processId: id }), [])
  assert.equal((await board(store, { processId: change.id })).length, 1)
}

export function failureProcessPromises(promises: Promises): void {
  promises('a failure and the start of what cleans up after it are one commit', async ({ store }) => {
    const process = await startProcess(store, await register(store))
    const cleaning = await register(store, undo)
    const failure = withFailureProcess(failureOf(process, await claimOne(store)), cleaning)
    const [result] = await store.processList.persist([failure])
    assert.equal(result?.status, 'committed')
    const parent = await recordOf(store, process.id)
    const child = await recordOf(store, failure.failureProcess?.id ?? '')
    assert.deepEqual([parent.state, parent.failureProcess, parent.failureOf], ['failed', child.id, undefined])
    assert.deepEqual(
      [child.state, child.failureOf, child.failureProcess, child.definition],
      ['running', process.id, undefined, 'undo'],
    )
    assert.deepEqual(child.startedAt, parent.endedAt)
    assert.equal((await historyOf(store, child.id)).length, 1)
    assert.deepEqual(
      (await board(store)).map(({ processId, name }) => [processId, name]),
      [[child.id, 'clean up']],
    )
    await commit(store, completionOf(child, [await claimOne(store)]))
  })

  promises('when what is to clean up has no definition any more, nothing is stored', async ({ store }) => {
    const process = await startProcess(store, await register(store))
    const cleaning = await register(store, undo)
    await store.definitionList.remove('undo', 1)
    const failure = withFailureProcess(failureOf(process, await claimOne(store)), cleaning)
    assert.deepEqual(await persist(store, failure), ['moved'])
    await expectNothingStored(store, failure)
  })

  promises('nor when another version of it is the default by now', async ({ store }) => {
    const process = await startProcess(store, await register(store))
    const cleaning = await register(store, undo)
    const newer = await register(store, { ...undo, remark: 'newer' })
    const held = await claimOne(store)
    const failure = withFailureProcess(failureOf(process, held), cleaning)
    assert.deepEqual(await persist(store, failure), ['moved'])
    await expectNothingStored(store, failure)
    await commit(store, withFailureProcess(failureOf(process, held), newer))
  })

  promises('nor when the process has moved or its claim is lost', async ({ store }) => {
    const process = await startProcess(store, await register(store))
    const cleaning = await register(store, undo)
    const held = await claimOne(store)
    await store.taskList.release(held)
    const lost = withFailureProcess(failureOf(process, held), cleaning)
    assert.deepEqual(await persist(store, lost), ['claims lost: 0'])
    await expectNothingStored(store, lost)
    const stale = withFailureProcess(cancellationOf({ ...process, version: 7 }), cleaning)
    assert.deepEqual(await persist(store, stale), ['moved'])
    await expectNothingStored(store, stale)
  })

  promises('the others of the batch go their own way', async ({ store }) => {
    const definition = await register(store)
    const [one, two, three] = [
      await startProcess(store, definition),
      await startProcess(store, definition),
      await startProcess(store, definition),
    ]
    const cleaning = await register(store, undo)
    const gone = { ...cleaning, version: 99 }
    const outcomes = await persist(
      store,
      withFailureProcess(cancellationOf(one), gone),
      withFailureProcess(cancellationOf(two), cleaning),
      startOf(definition),
      cancellationOf(three),
    )
    assert.deepEqual(outcomes, ['moved', 'committed', 'committed', 'committed'])
    assert.equal((await recordOf(store, one.id)).state, 'running')
  })

  promises('a process that is held fails with its cleanup, or not at all', async ({ store }) => {
    const process = await startProcess(store, await register(store))
    const cleaning = await register(store, undo)
    const read = { id: process.id, afterVersion: 0 }
    const impossible = withFailureProcess(cancellationOf(process), { ...cleaning, version: 99 })
    assert.equal(outcomeOf(await store.processList.persistHeld(read, () => impossible)), 'moved')
    await expectNothingStored(store, impossible)
    const failure = withFailureProcess(cancellationOf(process), cleaning)
    assert.equal(outcomeOf(await store.processList.persistHeld(read, () => failure)), 'committed')
    assert.equal((await recordOf(store, process.id)).failureProcess, failure.failureProcess?.id)
    assert.equal((await recordOf(store, failure.failureProcess?.id ?? '')).failureOf, process.id)
  })

  promises('a judgement may start it too', async ({ store, skip }) => {
    const settings = { scheduleTimeoutMs: 1_000 }
    const process = await startProcess(store, await register(store), { settings })
    const cleaning = await register(store, undo)
    await skip(1_000)
    const record = await recordOf(store, process.id)
    await commit(
      store,
      withFailureProcess(judgementOf(record, theOnly(await store.taskList.due(9))), cleaning),
    )
    assert.equal((await store.processList.list({ definition: 'undo', limit: 9 })).length, 1)
  })

  promises('a retried process keeps the link, until it fails again', async ({ store }) => {
    const definition = await register(store)
    const process = await startProcess(store, definition)
    const cleaning = await register(store, undo)
    const first = withFailureProcess(failureOf(process, { task: 0 }), cleaning)
    await commit(store, first)
    await commit(store, retryOf(await recordOf(store, process.id)))
    const retried = await recordOf(store, process.id)
    assert.equal(retried.failureProcess, first.failureProcess?.id)
    const second = withFailureProcess(failureOf(retried, { task: 0 }), cleaning)
    await commit(store, second)
    assert.equal((await recordOf(store, process.id)).failureProcess, second.failureProcess?.id)
  })

  promises('each end names the process that it has started, and other events none', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b'] })
    const cleaning = await register(store, undo)
    const process = await startProcess(store, definition)
    const [a, b] = await claim(store, { processId: process.id })
    assert.ok(a && b)
    const { id } = process
    const completed = completionOf(process, [a])
    const failed = failureOf({ ...process, completed: 1 }, b)
    const changes = [
      { ...failed, events: [...completed.events, ...failed.events] },
      (record: ProcessRecord) => timeOutOf(record),
      (record: ProcessRecord) => failureOf(record, { task: 1 }),
      (record: ProcessRecord) => cancellationOf(record),
    ]
    const expected: (string | undefined)[] = [undefined, undefined]
    for (const change of changes) {
      const record = await recordOf(store, id)
      const ending = withFailureProcess(typeof change === 'function' ? change(record) : change, cleaning)
      // Nobody is to wait for the deadline here.
      await commit(store, { ...ending, isDue: false })
      expected.push(ending.failureProcess?.id)
      if (ending.state === 'cancelled') break
      await commit(store, retryOf(await recordOf(store, id)))
      expected.push(undefined)
    }
    const history = await historyOf(store, id)
    assert.deepEqual(
      history.map(({ failureProcess }) => failureProcess),
      expected,
    )
    const alone = await startProcess(store, definition)
    await commit(store, cancellationOf(alone))
    assert.equal((await historyOf(store, alone.id)).at(-1)?.failureProcess, undefined)
  })

  promises('a definition that cleans up is not removed under what it cleans', async ({ store }) => {
    const process = await startProcess(store, await register(store))
    const cleaning = await register(store, undo)
    const failure = withFailureProcess(cancellationOf(process), cleaning)
    const [outcomes, removed] = await Promise.all([
      persist(store, failure),
      store.definitionList.remove('undo', 1),
    ])
    const outcome = theOnly(outcomes)
    if (outcome === 'committed') assert.equal(removed, 'in-use')
    else await expectNothingStored(store, failure)
  })
}
