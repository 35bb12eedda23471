import assert from 'node:assert/strict'
import { attemptFailed, cancellationOf, completionOf, failureOf, retryOf, timeOutOf } from '../changes.js'
import { boardTasks } from '../builders.js'
import { claim, claimOne, commit, historyOf, recordOf, register, startProcess, theOnly } from '../steps.js'
import type { HistoryEvent, ProcessChange, ProcessRecord } from '../../lists/process-list.js'
import type { Store } from '../../lists/store.js'
import type { Promises, StoreWorld } from '../store-world.js'

const leaseMs = 10_000

const tasks = ['fails', 'lapsed', 'taken over', 'held', 'waits']

/** A process of which one task has lapsed, one has lapsed and is held again, one is held, and one waits. */
async function underWay({ store, skip }: StoreWorld) {
  const definition = await register(store, { tasks })
  const process = await startProcess(store, definition)
  const [lapsed, dead] = await claim(store, { worker: 'dead', leaseMs, names: ['lapsed', 'taken over'] })
  assert.ok(lapsed && dead)
  await skip(leaseMs)
  const second = await claimOne(store, { worker: 'second', names: ['taken over'] })
  const held = await claimOne(store, { worker: 'third', names: ['held'] })
  return { definition, process: await recordOf(store, process.id), lapsed, dead, second, held }
}

async function endedBy(store: Store, change: ProcessChange): Promise<HistoryEvent> {
  await commit(store, change)
  const event = (await historyOf(store, change.id)).at(-1)
  assert.ok(event)
  return event
}

const inWords = ({ unfinished }: HistoryEvent) =>
  unfinished.map(({ task, attempt, worker, leaseExpiredAt }) => {
    const how = leaseExpiredAt === undefined ? 'is at work' : 'lapsed'
    return `${tasks[task]} ${attempt}: ${worker} ${how}`
  })

const everything = [
  'lapsed 1: dead lapsed',
  'taken over 1: dead lapsed',
  'taken over 2: second is at work',
  'held 1: third is at work',
]

export function unfinishedPromises(promises: Promises): void {
  const ends: Readonly<Record<string, (record: ProcessRecord) => ProcessChange>> = {
    'a failure': (record) => failureOf(record, { task: 0 }),
    'a cancellation': (record) => cancellationOf(record),
    // Nobody is to wait for the deadline here.
    'a time-out': (record) => ({ ...timeOutOf(record), isDue: false }),
  }
  for (const [end, changeOf] of Object.entries(ends)) {
    promises(`${end} says which attempts had no end, who made them and which had lapsed`, async (world) => {
      const { process } = await underWay(world)
      const event = await endedBy(world.store, changeOf(process))
      assert.deepEqual(inWords(event), everything)
    })
  }

  promises('so does a failure that is reported', async (world) => {
    const { store } = world
    const { process } = await underWay(world)
    const event = await endedBy(store, failureOf(process, await claimOne(store, { names: ['fails'] })))
    assert.deepEqual(inWords(event), everything)
  })

  promises('each with its claim and its times', async (world) => {
    const { process, lapsed, second, dead } = await underWay(world)
    const event = await endedBy(world.store, cancellationOf(process))
    const [first, before, now] = event.unfinished
    assert.deepEqual(
      [first?.secret, before?.secret, now?.secret],
      [lapsed.claim.secret, dead.claim.secret, second.claim.secret],
    )
    assert.ok(first?.leaseExpiredAt && first.leaseExpiredAt > first.claimedAt)
    assert.ok(now && now.claimedAt >= first.leaseExpiredAt && now.claimedAt <= event.at)
    assert.deepEqual(event.lapsed, [])
  })

  promises('an attempt that has an event of its own is told there alone', async (world) => {
    const { store } = world
    const { process, second, held } = await underWay(world)
    const failure = failureOf(process, await claimOne(store, { names: ['fails'] }))
    await commit(store, {
      ...failure,
      completed: 1,
      events: [...completionOf(process, [held]).events, attemptFailed(second, 0), ...failure.events],
    })
    const events = await historyOf(store, process.id)
    assert.deepEqual(events.map(inWords), [[], [], [], ['lapsed 1: dead lapsed']])
    assert.deepEqual(
      events.map(({ lapsed }) => lapsed.length),
      [0, 0, 1, 0],
    )
  })

  promises('each process of a batch says its own, and what goes on says nothing', async ({ store }) => {
    const definition = await register(store, { tasks: ['a', 'b'] })
    const [one, two, three] = [
      await startProcess(store, definition),
      await startProcess(store, definition),
      await startProcess(store, definition),
    ]
    for (const { id } of [one, two]) await claim(store, { processId: id, worker: `of ${id}` })
    const [held] = await claim(store, { processId: three.id })
    assert.ok(held)
    await commit(store, cancellationOf(one), failureOf(two, { task: 0 }), completionOf(three, [held]))
    for (const { id } of [one, two]) {
      const workers = (await historyOf(store, id)).at(-1)?.unfinished.map(({ worker }) => worker)
      assert.deepEqual(workers, [`of ${id}`, `of ${id}`])
    }
    assert.deepEqual((await historyOf(store, three.id)).at(-1)?.unfinished, [])
  })

  promises(
    'a process that is retried begins anew, and its next end says only what came after',
    async (world) => {
      const { store } = world
      const { process, definition } = await underWay(world)
      await commit(store, failureOf(process, { task: 0 }))
      await commit(store, retryOf(await recordOf(store, process.id), boardTasks(definition, [3])))
      await claimOne(store, { worker: 'fourth' })
      const event = await endedBy(store, cancellationOf(await recordOf(store, process.id)))
      assert.deepEqual(inWords(event), ['held 1: fourth is at work'])
      assert.equal(theOnly(event.unfinished).leaseExpiredAt, undefined)
    },
  )
}
