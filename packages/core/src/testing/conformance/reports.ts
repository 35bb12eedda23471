import assert from 'node:assert/strict'
import { newSecret } from '../builders.js'
import { cancellationOf, completionOf, failureOf } from '../changes.js'
import {
  board,
  claim,
  claimOne,
  commit,
  historyOf,
  passLease,
  persist,
  recordOf,
  register,
  shortLeaseMs,
  startProcess,
  startProcessWith,
} from '../steps.js'
import { Payload } from '../../payload.js'
import type { Promises } from '../store-world.js'

export function reportPromises(promises: Promises): void {
  promises('a report remembers how its task went: when, by whom, with what', async ({ store, pass }) => {
    const process = await startProcessWith(store, 'a', 'b')
    await pass(5)
    const held = await claimOne(store, { worker: 'Zoë', task: 1, processId: process.id })
    const [onBoard] = await board(store, { state: 'claimed' })
    assert.ok(onBoard)
    await pass(5)
    await commit(store, completionOf(process, [{ ...held, payload: Payload.from({ done: true }) }]))
    const event = (await historyOf(store, process.id)).at(-1)
    assert.ok(event)
    assert.deepEqual(event, {
      version: 2,
      type: 'task-completed',
      at: event.at,
      task: 1,
      claim: held.claim,
      worker: 'Zoë',
      scheduledAt: onBoard.scheduledAt,
      claimedAt: onBoard.claimedAt,
      lapsed: [],
      reason: undefined,
      retryAt: undefined,
      unfinished: [],
      failureProcess: undefined,
      payload: Payload.from({ done: true }),
    })
    assert.ok(
      event.scheduledAt &&
        event.claimedAt &&
        event.scheduledAt < event.claimedAt &&
        event.claimedAt < event.at,
    )
  })

  promises('a failure remembers as much', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b')
    const held = await claimOne(store, { worker: 'w' })
    await commit(store, failureOf(process, { ...held, payload: Payload.from('broken') }))
    const event = (await historyOf(store, process.id)).at(-1)
    assert.ok(event?.scheduledAt && event.claimedAt)
    const { type, task, claim: by, worker, payload } = event
    assert.deepEqual(
      { type, task, by, worker, payload: payload?.text },
      { type: 'task-failed', task: held.task, by: held.claim, worker: 'w', payload: '"broken"' },
    )
  })

  promises('a report remembers the attempts that lapsed before it', async (world) => {
    const { store } = world
    const process = await startProcessWith(store, 'a')
    const first = await claimOne(store, { worker: 'one', leaseMs: shortLeaseMs })
    await passLease(world)
    const second = await claimOne(store, { worker: 'two', leaseMs: shortLeaseMs })
    await passLease(world)
    const third = await claimOne(store, { worker: 'three' })
    await commit(store, completionOf(process, [third]))
    const event = (await historyOf(store, process.id)).at(-1)
    assert.deepEqual(event?.claim, third.claim)
    assert.equal(third.claim.attempt, 3)
    assert.deepEqual(
      event?.lapsed.map(({ attempt, worker, leaseExpiredAt }) => ({ attempt, worker, leaseExpiredAt })),
      [
        { attempt: 1, worker: 'one', leaseExpiredAt: first.leaseExpiresAt },
        { attempt: 2, worker: 'two', leaseExpiredAt: second.leaseExpiresAt },
      ],
    )
    assert.deepEqual(
      event?.lapsed.map(({ claimedAt }) => claimedAt.getTime() + shortLeaseMs),
      [first.leaseExpiresAt.getTime(), second.leaseExpiresAt.getTime()],
    )
  })

  promises('several reports of one process are one change', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b', 'c', 'd')
    const [a, b, c] = await claim(store, { max: 3 })
    assert.ok(a && b && c)
    const outputs = [c, a, b].map((held) => ({ ...held, payload: Payload.from(held.name) }))
    await commit(store, completionOf(process, outputs))
    const [, ...events] = await historyOf(store, process.id)
    assert.deepEqual(
      events.map(({ version, task, claim: by, payload }) => ({ version, task, by, payload })),
      outputs.map(({ task, claim: by, payload }, n) => ({ version: n + 2, task, by, payload })),
    )
    assert.equal((await board(store)).length, 1)
  })

  promises('one lost claim keeps the whole change out, and is named', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b', 'c', 'd'] })
    const process = await startProcess(store, definition)
    const held = await claim(store)
    const [a, b, c, d] = held
    assert.ok(a && b && c && d)
    await store.taskList.release(b)
    await store.taskList.complete(d)
    const before = await board(store)
    assert.deepEqual(await persist(store, completionOf(process, held)), ['claims lost: 1, 3'])
    assert.deepEqual(await recordOf(store, process.id), process)
    assert.equal((await historyOf(store, process.id)).length, 1)
    assert.deepEqual(await board(store), before)
    await commit(store, completionOf(process, [a, c]))
  })

  promises('a lost claim of one process does not touch the others of the batch', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b'] })
    const one = await startProcess(store, definition)
    const two = await startProcess(store, definition)
    const ofOne = await claim(store, { processId: one.id })
    const ofTwo = await claim(store, { processId: two.id })
    assert.ok(ofOne[0] && ofTwo[0])
    await store.taskList.release(ofOne[0])
    const results = await persist(store, completionOf(one, ofOne), completionOf(two, ofTwo))
    assert.deepEqual(results, ['claims lost: 0', 'committed'])
    assert.equal((await recordOf(store, two.id)).state, 'completed')
    assert.equal((await recordOf(store, one.id)).version, 1)
  })

  promises('a failure by a lost claim changes nothing, not even the rest of the board', async ({ store }) => {
    const process = await startProcessWith(store, 'a', 'b')
    const [a] = await claim(store)
    assert.ok(a)
    await store.taskList.release(a)
    assert.deepEqual(await persist(store, failureOf(process, a)), ['claims lost: 0'])
    assert.equal((await recordOf(store, process.id)).state, 'running')
    assert.equal((await board(store)).length, 2)
  })

  promises('a claim with a wrong secret, a wrong attempt or of another task is lost', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b'] })
    const process = await startProcess(store, definition)
    const other = await startProcess(store, definition)
    const { claim: good } = await claimOne(store, { processId: process.id, task: 0 })
    const { claim: foreign } = await claimOne(store, { processId: other.id, task: 0 })
    const bad = [
      { task: 0, claim: { ...good, secret: newSecret() } },
      { task: 0, claim: { ...good, secret: '' } },
      { task: 0, claim: { ...good, attempt: 0 } },
      { task: 0, claim: { ...good, attempt: 2 } },
      { task: 0, claim: foreign },
      { task: 1, claim: good },
    ]
    for (const report of bad) {
      assert.deepEqual(await persist(store, completionOf(process, [report])), [`claims lost: ${report.task}`])
    }
    await commit(store, completionOf(process, [{ task: 0, claim: good }]))
  })

  promises('a lapsed claim reports until its task is handed out again, and then never', async (world) => {
    const { store } = world
    const process = await startProcessWith(store, 'a', 'b')
    const [a, b] = await claim(store, { leaseMs: shortLeaseMs })
    assert.ok(a && b)
    await passLease(world)
    const again = await claimOne(store, { processId: process.id, task: 1 })
    await commit(store, completionOf(process, [a]))
    const record = await recordOf(store, process.id)
    assert.deepEqual(await persist(store, completionOf(record, [b])), ['claims lost: 1'])
    await commit(store, completionOf(record, [again]))
  })

  promises('a report sent again after its commit is lost, and stores nothing', async ({ store }) => {
    const { id } = await startProcessWith(store, 'a', 'b')
    const [a] = await claim(store)
    assert.ok(a)
    await commit(store, completionOf(await recordOf(store, id), [a]))
    const again = completionOf(await recordOf(store, id), [a])
    assert.deepEqual(await persist(store, again), ['claims lost: 0'])
    assert.equal((await historyOf(store, id)).length, 2)
  })

  promises('an ending without a claim has nothing to say of a worker', async ({ store }) => {
    const process = await startProcessWith(store, 'a')
    await commit(store, cancellationOf(process, Payload.from('enough')))
    const event = (await historyOf(store, process.id)).at(-1)
    assert.ok(event)
    assert.deepEqual(event, {
      version: 2,
      type: 'process-cancelled',
      at: event.at,
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
      payload: Payload.from('enough'),
    })
  })
}
