import assert from 'node:assert/strict'
import { boardTasks, newProcessId, startOf, taskNames } from '../builders.js'
import { cancellationOf, completionOf } from '../changes.js'
import {
  board,
  claim,
  commit,
  historyOf,
  outcomeOf,
  recordOf,
  register,
  startProcess,
  startProcessWith,
} from '../steps.js'
import type { FetchedProcess, ProcessChange } from '../../lists/process-list.js'
import { withTwoReplicas, type Promises } from '../store-world.js'

export function heldPromises(promises: Promises): void {
  promises('what is decided while a process is held is committed', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b', 'c'] })
    const process = await startProcess(store, definition, { enter: [0, 1] })
    const [a] = await claim(store)
    assert.ok(a)
    const result = await store.processList.persistHeld({ id: process.id, afterVersion: 0 }, (fetched) =>
      completionOf(expectFetched(fetched).record, [a], boardTasks(definition, [2])),
    )
    assert.equal(outcomeOf(result), 'committed')
    const { version, completed } = await recordOf(store, process.id)
    assert.deepEqual({ version, completed }, { version: 2, completed: 1 })
    assert.deepEqual(
      (await board(store)).map(({ task }) => task),
      [1, 2],
    )
  })

  promises('a held process is read as a fetch reads it', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b', 'c')
    await commit(store, completionOf(process, [{ task: 0 }, { task: 2 }]))
    for (const afterVersion of [0, 2, 3]) {
      const seen: (FetchedProcess | undefined)[] = []
      await store.processList.persistHeld({ id: process.id, afterVersion }, (fetched) => {
        seen.push(fetched)
        return undefined
      })
      assert.deepEqual(seen, await store.processList.fetch([{ id: process.id, afterVersion }]))
    }
  })

  promises('nothing decided is nothing committed', async ({ store }) => {
    const process = await startProcessWith(store, 'a')
    const result = await store.processList.persistHeld({ id: process.id, afterVersion: 0 }, () => undefined)
    assert.equal(result, undefined)
    assert.deepEqual(await recordOf(store, process.id), process)
    assert.equal((await historyOf(store, process.id)).length, 1)
  })

  promises('nor is anything for a process that does not exist', async ({ store }) => {
    const id = newProcessId()
    assert.equal(await store.processList.persistHeld({ id, afterVersion: 0 }, () => undefined), undefined)
    assert.deepEqual(await store.processList.fetch([{ id, afterVersion: 0 }]), [undefined])
  })

  promises('a process that does not exist is held as undefined, and can be started', async ({ store }) => {
    const definition = await register(store)
    const id = newProcessId()
    let calls = 0
    const start = (fetched: FetchedProcess | undefined): ProcessChange => {
      calls += 1
      assert.equal(fetched, undefined)
      return startOf(definition, { id })
    }
    assert.equal(outcomeOf(await store.processList.persistHeld({ id, afterVersion: 0 }, start)), 'committed')
    assert.equal(calls, 1)
    assert.equal((await recordOf(store, id)).version, 1)
    assert.equal((await board(store)).length, 1)
  })

  promises('holding a process does not make a dead claim live', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b')
    const [a, b] = await claim(store)
    assert.ok(a && b)
    await store.taskList.release(b)
    const result = await store.processList.persistHeld({ id: process.id, afterVersion: 0 }, (fetched) =>
      completionOf(expectFetched(fetched).record, [a, b]),
    )
    assert.equal(outcomeOf(result), 'claims lost: 1')
    assert.deepEqual(await recordOf(store, process.id), process)
    await commit(store, completionOf(process, [a]))
  })

  promises('a change decided for another version has moved', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b')
    await commit(store, completionOf(process, [{ task: 0 }]))
    const result = await store.processList.persistHeld({ id: process.id, afterVersion: 0 }, () =>
      cancellationOf(process),
    )
    assert.equal(outcomeOf(result), 'moved')
    assert.equal((await recordOf(store, process.id)).state, 'running')
  })

  promises('a decision that throws is the caller’s, and lets the process go', async ({ store }) => {
    const process = await startProcessWith(store, 'a')
    const broken = store.processList.persistHeld({ id: process.id, afterVersion: 0 }, () => {
      throw new RangeError('cannot decide')
    })
    await assert.rejects(broken, new RangeError('cannot decide'))
    assert.deepEqual(await recordOf(store, process.id), process)
    await commit(store, cancellationOf(process))
  })

  promises('whoever waits for a held process gets it, and sees what the others did', async (world) => {
    const { id } = await startProcess(world.store, await register(world.store, { tasks: taskNames(100) }), {
      enter: [],
    })
    const seen: number[] = []
    await withTwoReplicas(world, async (one, other) => {
      const steps = Array.from({ length: 20 }, (_, task) =>
        (task % 2 === 0 ? one : other).processList.persistHeld({ id, afterVersion: 0 }, (fetched) => {
          const { record, events } = expectFetched(fetched)
          assert.equal(events.length, record.version)
          seen.push(record.version)
          return completionOf(record, [{ task }])
        }),
      )
      assert.deepEqual(
        (await Promise.all(steps)).map(outcomeOf),
        steps.map(() => 'committed'),
      )
    })
    assert.deepEqual(
      seen,
      Array.from({ length: 20 }, (_, n) => n + 1),
    )
    const history = await historyOf(world.store, id)
    assert.deepEqual(
      history.map(({ version }) => version),
      Array.from({ length: 21 }, (_, n) => n + 1),
    )
    assert.equal(new Set(history.map(({ task }) => task)).size, 21)
  })

  promises('many who start one process held, start it once', async (world) => {
    const definition = await register(world.store)
    const id = newProcessId()
    await withTwoReplicas(world, async (one, other) => {
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          (n % 2 === 0 ? one : other).processList.persistHeld({ id, afterVersion: 0 }, (fetched) =>
            fetched === undefined ? startOf(definition, { id }) : undefined,
          ),
        ),
      )
      assert.equal(results.map(outcomeOf).filter((outcome) => outcome === 'committed').length, 1)
      assert.ok(results.every((result) => result?.status !== 'claims-lost'))
    })
    assert.equal((await historyOf(world.store, id)).length, 1)
    assert.equal((await board(world.store)).length, 1)
  })
}

function expectFetched(fetched: FetchedProcess | undefined): FetchedProcess {
  assert.ok(fetched, 'Expected the process to be there.')
  return fetched
}
