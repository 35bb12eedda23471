import assert from 'node:assert/strict'
import type { DefinitionOptions, KnownDefinition, StartOptions } from './builders.js'
import { aDefinition, aTask, newSecret, startOf } from './builders.js'
import { completionOf } from './changes.js'
import type { HeldTask } from '../lists/board.js'
import type { HistoryEvent, PersistResult, ProcessChange, ProcessRecord } from '../lists/process-list.js'
import type { Store } from '../lists/store.js'
import type {
  BoardCriteria,
  BoardTask,
  ClaimedBoardTask,
  ClaimDemand,
  ClaimRequest,
  DueTask,
  ScheduledTask,
} from '../lists/task-list.js'

/** So long that no test outlasts it. */
export const longLeaseMs = 10 * 60_000
/** So short that a test can wait for its end: `passLease` does. */
export const shortLeaseMs = 50

/** Far beyond what any loop here needs; reached only by a store that gets nowhere. */
export const maxRounds = 500

export function passLease(world: { pass(ms: number): Promise<void> }): Promise<void> {
  return world.pass(shortLeaseMs + 30)
}

export async function register(store: Store, options: DefinitionOptions = {}): Promise<KnownDefinition> {
  const definition = aDefinition(options)
  const { stored } = await store.definitionList.register(definition)
  return {
    name: stored.name,
    version: stored.version,
    tasks: definition.definition.tasks.map(({ name }) => name),
  }
}

/** Persists changes that nothing stands in the way of. */
export async function commit(store: Store, ...changes: readonly ProcessChange[]): Promise<void> {
  assert.deepEqual(
    await persist(store, ...changes),
    changes.map(() => 'committed'),
  )
}

/** Persists changes and says in words what became of each. */
export async function persist(store: Store, ...changes: readonly ProcessChange[]): Promise<string[]> {
  const results = await store.processList.persist(changes)
  return results.map(outcomeOf)
}

/** `committed`, `moved`, `claims lost: 0, 2` or `nothing decided` */
export function outcomeOf(result: PersistResult | undefined): string {
  if (result === undefined) return 'nothing decided'
  if (result.status !== 'claims-lost') return result.status
  return `claims lost: ${result.tasks.toSorted((a, b) => a - b).join(', ')}`
}

export async function startProcess(
  store: Store,
  definition: KnownDefinition,
  options: StartOptions = {},
): Promise<ProcessRecord> {
  const change = startOf(definition, options)
  await commit(store, change)
  return recordOf(store, change.id)
}

/** A process of a definition of its own with these tasks, all of them on the board. */
export async function startProcessWith(store: Store, ...tasks: readonly string[]): Promise<ProcessRecord> {
  return startProcess(store, await register(store, { tasks }))
}

export async function recordOf(store: Store, id: string): Promise<ProcessRecord> {
  const [fetched] = await store.processList.fetch([{ id, afterVersion: 0 }])
  assert.ok(fetched, `Expected process ${id} to be in the list.`)
  return fetched.record
}

export function historyOf(store: Store, id: string): Promise<HistoryEvent[]> {
  return store.processList.history(id, 0, 10_000)
}

/** Without the moment of the reading: two readings of the same board are equal. */
export async function board(
  store: Store,
  criteria: Partial<BoardCriteria> = {},
): Promise<Omit<BoardTask, 'readAt'>[]> {
  const tasks = await store.taskList.fetch({ limit: 10_000, ...criteria })
  return tasks.map(({ readAt: _readAt, ...task }) => task)
}

/** What is due, without when and how long it has taken: that differs from run to run. */
export async function due(store: Store, limit = 1000): Promise<Omit<DueTask, 'dueAt' | 'elapsedMs'>[]> {
  const tasks = await store.taskList.due(limit)
  return tasks.map(({ dueAt: _dueAt, elapsedMs: _elapsedMs, ...task }) => task)
}

export async function dueProcesses(store: Store, limit = 1000): Promise<string[]> {
  return (await store.processList.due(limit)).map(({ id }) => id)
}

export async function schedule(store: Store, options: Partial<ScheduledTask> = {}): Promise<ScheduledTask> {
  const task = aTask(options)
  await store.taskList.schedule([task])
  return task
}

/** For all there is, for long, unless told otherwise. */
export function aDemand(demand: Partial<ClaimDemand> = {}): ClaimDemand {
  const { worker = 'worker 1', max = 1000, leaseMs = longLeaseMs, secret = newSecret() } = demand
  return { worker, max, leaseMs, secret }
}

/** Claims all there is, for long, unless told otherwise; in the order of their places. */
export async function claim(store: Store, request: Partial<ClaimRequest> = {}): Promise<ClaimedBoardTask[]> {
  const { tasks } = await store.taskList.claim(request, [aDemand(request)])
  return tasks
    .flat()
    .toSorted((a, b) => (a.processId === b.processId ? a.task - b.task : a.processId < b.processId ? -1 : 1))
}

export async function claimOne(store: Store, request: Partial<ClaimRequest> = {}): Promise<ClaimedBoardTask> {
  return theOnly(await claim(store, { ...request, max: 1 }))
}

/** The store's time: a lease begins now and says when it ends. */
export async function storeTime(store: Store): Promise<number> {
  const { processId } = await schedule(store, { name: 'what is the time?' })
  const held = await claimOne(store, { processId })
  await store.taskList.complete(held)
  return held.leaseExpiresAt.getTime() - longLeaseMs
}

/** Reports a task as completed, as the engine does: again when the process has moved, holding it in the end. */
export async function reportUntilAnswered(store: Store, held: HeldTask): Promise<string> {
  for (let tries = 0; tries < 3; tries += 1) {
    const change = completionOf(await recordOf(store, held.processId), [held])
    const outcome = theOnly(await persist(store, change))
    if (outcome !== 'moved') return outcome
  }
  const result = await store.processList.persistHeld({ id: held.processId, afterVersion: 0 }, (fetched) => {
    assert.ok(fetched)
    return completionOf(fetched.record, [held])
  })
  return outcomeOf(result)
}

export function theOnly<T>(list: readonly T[]): T {
  assert.equal(list.length, 1, `Expected exactly one, but found ${list.length}.`)
  return list[0] as T
}

/** Two of a list that has no more; for taking apart what was asked for as a pair. */
export function bothOf<T>(list: readonly T[]): [T, T] {
  assert.equal(list.length, 2, `Expected exactly two, but found ${list.length}.`)
  return [list[0] as T, list[1] as T]
}
