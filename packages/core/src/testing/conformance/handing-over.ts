import assert from 'node:assert/strict'
import { newSecret, startOf } from '../builders.js'
import { completionOf } from '../changes.js'
import { board, claim, commit, register, storeTime, theOnly } from '../steps.js'
import type { BoardTask } from '../../lists/task-list.js'
import type { Holder, NewBoardTask } from '../../lists/board.js'
import type { Promises } from '../store-world.js'

/** Limits of a task and of a lease, such that each of them is once the shortest, and each rule applies once. */
const cases: readonly (Partial<NewBoardTask> & { readonly leaseMs: number })[] = [
  { leaseMs: 30_000 },
  { leaseMs: 30_000, heartbeatMs: 5_000, maxAttempts: 3 },
  { leaseMs: 30_000, timeoutMs: 2_000, maxAttempts: 3 },
  { leaseMs: 1_000, maxAttempts: 3, withinMs: 60_000 },
  { leaseMs: 1_000, maxAttempts: 3, withinMs: 500 },
  { leaseMs: 1_000, maxAttempts: 1 },
]

/** What is on the board of a hand-out, as spans of time. */
function handOut({
  scheduledAt,
  claimableAt,
  claimedAt,
  firstClaimedAt,
  expiresAt,
  ...row
}: Omit<BoardTask, 'readAt'>) {
  const { attempt, worker, lapsed, maxAttempts, isPaused } = row
  const spans = {
    lease: claimableAt.getTime() - (claimedAt?.getTime() ?? 0),
    judged: expiresAt.getTime() - (claimedAt?.getTime() ?? 0),
    isFirst: claimedAt?.getTime() === firstClaimedAt?.getTime(),
    isLater: claimedAt !== undefined && claimedAt >= scheduledAt,
  }
  return { attempt, worker, lapsed, maxAttempts, isPaused, ...spans }
}

export function handingOverPromises(promises: Promises): void {
  promises('a task that comes in the hands of a worker is held as if claimed', async ({ store }) => {
    const definition = await register(store)
    for (const { leaseMs, ...settings } of cases) {
      const claimed = startOf(definition, { settings })
      await commit(store, claimed)
      const [byClaim] = await claim(store, { worker: 'Zoë', leaseMs })
      const given = startOf(definition, { settings: { ...settings, holder: holder({ leaseMs }) } })
      await commit(store, given)
      const [one, other] = await board(store)
      assert.deepEqual(handOut(other!), handOut(one!))
      assert.deepEqual(await claim(store), [])
      for (const { id } of [claimed, given]) await store.taskList.cancel(id)
      assert.equal(byClaim?.claim.attempt, 1)
    }
  })

  promises('it can be reported by its holder, whom the history names', async ({ store }) => {
    const definition = await register(store, { tasks: ['first', 'second'] })
    const start = startOf(definition, {
      enter: [0],
      settings: { holder: holder({ secret: 'a'.repeat(22) }) },
    })
    await commit(store, start)
    const record = async () => (await store.processList.fetch([{ id: start.id, afterVersion: 0 }]))[0]!.record
    const secret = newSecret()
    const before = await storeTime(store)
    const next = {
      ...startOf(definition, { enter: [1] }).enter[0]!,
      holder: holder({ worker: 'Yves', secret }),
    }
    const report = { task: 0, claim: { attempt: 1, secret: 'a'.repeat(22) } }
    await commit(store, completionOf(await record(), [report], [next]))
    const row = theOnly(await board(store))
    assert.deepEqual([row.task, row.worker, row.attempt], [1, 'Yves', 1])
    assert.ok(row.claimedAt !== undefined && row.claimedAt.getTime() >= before)

    await commit(store, completionOf(await record(), [{ task: 1, claim: { attempt: 1, secret } }]))
    const events = await store.processList.history(start.id, 1, 10)
    assert.deepEqual(
      events.map(({ type, task, worker, claim: by }) => [type, task, worker, by?.attempt]),
      [
        ['task-completed', 0, 'Zoë', 1],
        ['task-completed', 1, 'Yves', 1],
      ],
    )
  })
}

function holder(some: Partial<Holder> = {}): Holder {
  return { worker: 'Zoë', leaseMs: 30_000, secret: newSecret(), ...some }
}
