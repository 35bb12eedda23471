import assert from 'node:assert/strict'
import { newProcessId, startOf, taskNames } from '../builders.js'
import {
  board,
  claim,
  commit,
  historyOf,
  longLeaseMs,
  maxRounds,
  passLease,
  recordOf,
  register,
  reportUntilAnswered,
  schedule,
  shortLeaseMs,
} from '../steps.js'
import type { Store } from '../../lists/store.js'
import type { ClaimedBoardTask } from '../../lists/task-list.js'
import { withTwoReplicas, type Promises } from '../store-world.js'

const claimers = [...Array(20).keys()]

export function concurrencyPromises(promises: Promises): void {
  promises('many who claim at once never get one task twice', async (world) => {
    const processId = newProcessId()
    for (let task = 0; task < 100; task += 1) await schedule(world.store, { processId, task })
    await withTwoReplicas(world, async (one, other) => {
      for (let repetition = 0; repetition < 3; repetition += 1) {
        const handedOut = await claimAllAtOnce(one, other)
        const tasks = handedOut.map(({ task }) => task)
        assert.deepEqual(
          tasks.toSorted((a, b) => a - b),
          [...Array(100).keys()],
        )
        const released = await Promise.all(handedOut.map((held) => one.taskList.release(held)))
        assert.ok(released.every(Boolean))
      }
    })
  })

  promises('an attempt is handed out once, however often leases lapse', async (world) => {
    const { store } = world
    const processId = newProcessId()
    for (let task = 0; task < 30; task += 1) await schedule(store, { processId, task })
    const attempts: string[] = []
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(
        claimers.map(async () => {
          const held = await claim(store, { max: 4, leaseMs: shortLeaseMs })
          assert.ok(held.length <= 4)
          attempts.push(...held.map((each) => `task ${each.task}, attempt ${each.claim.attempt}`))
        }),
      )
      await passLease(world)
    }
    assert.equal(new Set(attempts).size, attempts.length)
    assert.ok(attempts.length > 30, 'Expected leases to lapse and tasks to be handed out again.')
    for (const { task, attempt } of await board(store)) {
      const handOuts = attempts.filter((each) => each.startsWith(`task ${task},`))
      assert.equal(handOuts.length, attempt)
    }
  })

  promises('claims, reports, extensions and releases at once end each task once', async (world) => {
    const ids = await startTenProcesses(world.store)
    const givenBack = new Set<string>()
    const isForAnother = ({ processId, task }: ClaimedBoardTask): boolean => {
      const place = `${processId} ${task}`
      if (task % 3 !== 0 || givenBack.has(place)) return false
      givenBack.add(place)
      return true
    }
    const work = async (store: Store, held: readonly ClaimedBoardTask[]): Promise<void> => {
      const extended = await store.taskList.extend(held)
      assert.ok(extended.every((expiry) => expiry !== undefined))
      for (const task of held) {
        if (isForAnother(task)) assert.equal(await store.taskList.release(task), true)
        else assert.equal(await reportUntilAnswered(store, task), 'committed')
      }
    }
    await withTwoReplicas(world, async (one, other) => {
      await Promise.all(claimers.map((n) => workUntilNothingIsLeft(n % 2 === 0 ? one : other, work)))
      await workUntilNothingIsLeft(one, work)
    })
    await expectAllEndedOnce(world.store, ids)
  })

  promises('slow workers, whose tasks others take over, end no task twice', async (world) => {
    const ids = await startTenProcesses(world.store)
    await Promise.all(
      claimers.map((n) =>
        workUntilNothingIsLeft(
          world.store,
          async (store, held, turn) => {
            if (isSlow(n, turn)) await passLease(world)
            for (const task of held) await reportUntilAnswered(store, task)
          },
          (turn) => (isSlow(n, turn) ? shortLeaseMs : longLeaseMs),
        ),
      ),
    )
    await passLease(world)
    for (const left of await claim(world.store)) await reportUntilAnswered(world.store, left)
    await expectAllEndedOnce(world.store, ids)
  })

  promises('starts at once are all there, each once', async (world) => {
    const definition = await register(world.store, { tasks: ['a', 'b'] })
    await withTwoReplicas(world, async (one, other) => {
      await Promise.all(
        claimers.map((n) =>
          commit(n % 2 === 0 ? one : other, ...Array.from({ length: 10 }, () => startOf(definition))),
        ),
      )
    })
    assert.equal((await world.store.processList.list({ limit: 1000 })).length, 200)
    assert.equal((await board(world.store)).length, 400)
  })
}

/** Some workers, at first. */
function isSlow(n: number, turn: number): boolean {
  return n % 4 === 0 && turn < 2
}

async function claimAllAtOnce(one: Store, other: Store): Promise<ClaimedBoardTask[]> {
  const handedOut: ClaimedBoardTask[] = []
  for (let round = 0; handedOut.length < 100 && round < maxRounds; round += 1) {
    await Promise.all(
      claimers.map(async (n) => {
        const held = await claim(n % 2 === 0 ? one : other, { worker: `worker ${n}`, max: 3 })
        assert.ok(held.length <= 3)
        handedOut.push(...held)
      }),
    )
  }
  return handedOut
}

async function startTenProcesses(store: Store): Promise<string[]> {
  const definition = await register(store, { tasks: taskNames(10) })
  const starts = Array.from({ length: 10 }, () => startOf(definition))
  await commit(store, ...starts)
  return starts.map(({ id }) => id)
}

/** A worker's loop: claims and works until the board gives it nothing more. */
async function workUntilNothingIsLeft(
  store: Store,
  work: (store: Store, held: readonly ClaimedBoardTask[], turn: number) => Promise<void>,
  leaseMsOf: (turn: number) => number = () => longLeaseMs,
): Promise<void> {
  for (let turn = 0; turn < maxRounds; turn += 1) {
    const held = await claim(store, { max: 3, leaseMs: leaseMsOf(turn) })
    if (held.length === 0) return
    await work(store, held, turn)
  }
}

async function expectAllEndedOnce(store: Store, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { state, completed, version } = await recordOf(store, id)
    assert.deepEqual({ state, completed, version }, { state: 'completed', completed: 10, version: 11 })
    const history = await historyOf(store, id)
    assert.deepEqual(
      history.map((event) => event.version),
      [...Array(11).keys()].map((n) => n + 1),
    )
    assert.equal(new Set(history.map(({ task }) => task)).size, 11)
  }
  assert.deepEqual(await board(store), [])
}
