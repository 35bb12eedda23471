import assert from 'node:assert/strict'
import { boardTasks, dayMs } from '../builders.js'
import { attemptFailed, attemptFailureOf, completionOf } from '../changes.js'
import {
  board,
  claim,
  claimOne,
  commit,
  historyOf,
  persist,
  recordOf,
  register,
  startProcess,
  startProcessWith,
  theOnly,
} from '../steps.js'
import { Payload } from '../../payload.js'
import type { Promises } from '../store-world.js'

export function retryingPromises(promises: Promises): void {
  promises('a failed attempt puts its task back, to be claimed after a while', async ({ store, skip }) => {
    const process = await startProcessWith(store, 'a')
    const first = await claimOne(store)
    await commit(store, attemptFailureOf(process, first, 60_000))
    assert.deepEqual(await claim(store), [])
    assert.deepEqual(await store.taskList.claimable(undefined), [])
    await skip(59_000)
    assert.deepEqual(await claim(store), [])
    await skip(1_000)
    assert.equal((await claimOne(store)).claim.attempt, 2)
  })

  promises('a retry without delay can be claimed at once', async ({ store }) => {
    const process = await startProcessWith(store, 'a')
    await commit(store, attemptFailureOf(process, await claimOne(store), 0))
    assert.equal((await claimOne(store)).claim.attempt, 2)
  })

  promises('the history tells of the failed attempt, and when there may be another', async (world) => {
    const { store } = world
    const process = await startProcessWith(store, 'a')
    const [lapsed] = await claim(store, { worker: 'one', leaseMs: 1 })
    await world.pass(5)
    const held = await claimOne(store, { worker: 'two' })
    const onBoard = theOnly(await board(store))
    await commit(store, attemptFailureOf(process, { ...held, payload: Payload.from('no') }, 90_000))
    const event = (await historyOf(store, process.id)).at(-1)
    assert.ok(event && lapsed)
    assert.deepEqual(event, {
      version: 2,
      type: 'attempt-failed',
      at: event.at,
      task: 0,
      claim: held.claim,
      worker: 'two',
      scheduledAt: onBoard.scheduledAt,
      claimedAt: onBoard.claimedAt,
      lapsed: onBoard.lapsed,
      reason: 'reported',
      retryAt: new Date(event.at.getTime() + 90_000),
      unfinished: [],
      failureProcess: undefined,
      payload: Payload.from('no'),
    })
    assert.deepEqual(
      event.lapsed.map(({ secret, worker }) => ({ secret, worker })),
      [{ secret: lapsed.claim.secret, worker: 'one' }],
    )
  })

  promises(
    'on the board it waits anew, with its attempts counted and the lapsed ones told',
    async (world) => {
      const { store } = world
      const process = await startProcessWith(store, 'a')
      await claim(store, { leaseMs: 1 })
      await world.pass(5)
      const held = await claimOne(store)
      const before = theOnly(await board(store))
      await commit(store, attemptFailureOf(process, held, 60_000))
      const at = (await historyOf(store, process.id)).at(-1)?.at.getTime() ?? 0
      assert.deepEqual(theOnly(await board(store)), {
        ...before,
        attempt: 2,
        worker: undefined,
        claimedAt: undefined,
        lapsed: [],
        scheduledAt: new Date(at),
        claimableAt: new Date(at + 60_000),
        expiresAt: new Date(at + 60_000 + 30 * dayMs),
      })
    },
  )

  promises('the claim of a failed attempt is dead', async ({ store }) => {
    const process = await startProcessWith(store, 'a')
    const held = await claimOne(store)
    await commit(store, attemptFailureOf(process, held, 0))
    assert.deepEqual(await store.taskList.extend([held]), [undefined])
    assert.equal(await store.taskList.complete(held), false)
    assert.equal(await store.taskList.release(held), false)
    const record = await recordOf(store, process.id)
    assert.deepEqual(await persist(store, completionOf(record, [held])), ['claims lost: 0'])
    await claimOne(store)
    assert.deepEqual(await persist(store, completionOf(record, [held])), ['claims lost: 0'])
  })

  promises('a failed attempt by a claim that is not live changes nothing', async ({ store }) => {
    const process = await startProcessWith(store, 'a')
    const held = await claimOne(store)
    await store.taskList.release(held)
    const before = await board(store)
    assert.deepEqual(await persist(store, attemptFailureOf(process, held, 0)), ['claims lost: 0'])
    assert.deepEqual(await board(store), before)
    assert.equal((await historyOf(store, process.id)).length, 1)
  })

  promises(
    'one change holds failed attempts and completions, of tasks that stay and leave',
    async (world) => {
      const { store } = world
      const definition = await register(store, { tasks: ['a', 'b', 'c', 'd'] })
      const process = await startProcess(store, definition, { enter: [0, 1, 2] })
      const [a, b, c] = await claim(store)
      assert.ok(a && b && c)
      const change = completionOf(process, [a], boardTasks(definition, [3]))
      await commit(store, {
        ...change,
        events: [attemptFailed(c, 7_000), ...change.events, attemptFailed(b, 0)],
      })
      assert.deepEqual(
        (await historyOf(store, process.id)).map(({ type, task, retryAt }) => [
          type,
          task,
          retryAt !== undefined,
        ]),
        [
          ['process-started', undefined, false],
          ['attempt-failed', 2, true],
          ['task-completed', 0, false],
          ['attempt-failed', 1, true],
        ],
      )
      assert.deepEqual(
        (await board(store)).map(({ task, attempt, worker }) => [task, attempt, worker]),
        [
          [1, 1, undefined],
          [2, 1, undefined],
          [3, 0, undefined],
        ],
      )
    },
  )

  promises('a process that ends in the same change takes the retried task with it', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b', 'c')
    const [a, b] = await claim(store, { max: 2 })
    assert.ok(a && b)
    const events = [
      attemptFailed(a, 0),
      { ...attemptFailed(b, 0), type: 'task-failed', retryInMs: undefined },
    ] as const
    await commit(store, { ...attemptFailureOf(process, a, 0), state: 'failed', failed: 1, events })
    assert.deepEqual(await board(store), [])
    const types = (await historyOf(store, process.id)).map(({ type }) => type)
    assert.deepEqual(types, ['process-started', 'attempt-failed', 'task-failed'])
  })

  promises('a retried task keeps its turn when it is released', async ({ store, skip }) => {
    const process = await startProcessWith(store, 'a')
    await commit(store, attemptFailureOf(process, await claimOne(store), 60_000))
    await skip(60_000)
    await store.taskList.release(await claimOne(store))
    assert.equal((await claimOne(store)).claim.attempt, 2)
  })

  promises(
    'within: a retry that nobody claims in time is due, and not handed out',
    async ({ store, skip }) => {
      const definition = await register(store)
      const process = await startProcess(store, definition, { settings: { withinMs: 60_000 } })
      const first = await claimOne(store)
      await commit(store, attemptFailureOf(process, first, 30_000))
      await skip(45_000)
      assert.deepEqual(await store.taskList.claimable(['work']), ['work'])
      assert.deepEqual(await store.taskList.due(10), [])
      await skip(30_000)
      assert.deepEqual(await store.taskList.claimable(['work']), [])
      assert.deepEqual(await claim(store), [])
      const { reason, attempt, elapsedMs } = theOnly(await store.taskList.due(10))
      assert.deepEqual({ reason, attempt }, { reason: 'not-claimed', attempt: 1 })
      assert.ok(elapsedMs >= 75_000)
    },
  )

  promises('a wait may be longer than any timer', async ({ store, skip }) => {
    const process = await startProcessWith(store, 'a')
    await commit(store, attemptFailureOf(process, await claimOne(store), 100 * dayMs))
    await skip(99 * dayMs)
    assert.deepEqual(await claim(store), [])
    await skip(dayMs)
    assert.equal((await claimOne(store)).claim.attempt, 2)
  })

  promises('a task enters with its delay and its own priority', async ({ store, skip }) => {
    const definition = await register(store, { tasks: ['a', 'b', 'c'] })
    const settings = { delayMs: 50 * dayMs, priority: 4 }
    const process = await startProcess(store, definition, { enter: [0], settings })
    const [later] = boardTasks(definition, [1], { delayMs: 5_000, priority: 2 })
    const [soon] = boardTasks(definition, [2])
    assert.ok(later && soon)
    const events = [{ type: 'report-refused', task: 0 }] as const
    await commit(store, { ...completionOf(process, []), events, enter: [later, soon] })
    const at = (await historyOf(store, process.id)).at(-1)?.at.getTime() ?? 0
    const startedAt = process.startedAt.getTime()
    assert.deepEqual(
      (await board(store)).map(({ task, priority, claimableAt, expiresAt }) => [
        task,
        priority,
        claimableAt.getTime(),
        expiresAt.getTime(),
      ]),
      [
        [0, 4, startedAt + 50 * dayMs, startedAt + 80 * dayMs],
        [1, 2, at + 5_000, at + 5_000 + 30 * dayMs],
        [2, 0, startedAt, at + 30 * dayMs],
      ],
    )
    assert.deepEqual(
      (await claim(store)).map(({ task }) => task),
      [2],
    )
    await skip(6_000)
    assert.deepEqual(
      (await claim(store)).map(({ task }) => task),
      [1],
    )
    await skip(50 * dayMs)
    assert.equal((await claim(store, { names: ['a'] })).length, 1)
  })
}
