import type { ClaimedTask, HistoryEvent } from '@tunacorn/core'
import { parseDuration } from '@tunacorn/protocol'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { WrittenDefinition, WrittenTask } from './arbitraries.js'
import { at, outcomeOf, type World } from './world.js'

/** What may happen next, as data, so that a run that fails can be printed and made smaller. */
export type Step =
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'claim'; readonly at: number; readonly max: number; readonly leaseMs: number }
  | { readonly do: 'complete' | 'beat' | 'release'; readonly at: number; readonly claim: number }
  | { readonly do: 'fail'; readonly at: number; readonly claim: number; readonly retry?: false | number }
  | { readonly do: 'restart'; readonly at: number }

/** Counted from the newest: 0 is mostly still held, 9 mostly long gone. */
const pick = fc.nat({ max: 9 })

export const passing = fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 40 }) })
export const releasing = fc.record({ do: fc.constant('release' as const), at, claim: pick })

const claiming = fc.record({
  do: fc.constant('claim' as const),
  at,
  max: fc.integer({ min: 1, max: 3 }),
  leaseMs: fc.integer({ min: 1, max: 50 }),
})

export const working: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: passing },
  { weight: 5, arbitrary: claiming },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('complete' as const), at, claim: pick }) },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        do: fc.constant('fail' as const),
        at,
        claim: pick,
        retry: fc.oneof(fc.constant(false as const), fc.nat({ max: 1_000 })),
      },
      { requiredKeys: ['do', 'at', 'claim'] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('beat' as const), at, claim: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), at }) },
)

/** Workers who remember every claim that they have ever been handed, and use any of them at any time. */
export class Workers {
  readonly claims: ClaimedTask[] = []
  readonly #world: World
  readonly #definition: WrittenDefinition
  /** When the first attempt of a task began, by the task's name. */
  readonly #begun = new Map<string, number>()

  constructor(world: World, definition: WrittenDefinition) {
    this.#world = world
    this.#definition = definition
  }

  async take(step: Step): Promise<void> {
    const world = this.#world
    if (step.do === 'pass') return world.pass(step.ms)
    if (step.do === 'restart') return world.restart(step.at)
    if (step.do === 'claim') return this.claim(step)
    const claim = this.claims.at(-1 - step.claim)
    if (claim === undefined) return undefined
    const before = await world.snapshot()
    const outcome = await outcomeOf(this.#use(claim, step))
    // One that is given back has not begun.
    if (step.do === 'release' && outcome === 'ok' && claim.attempt === 1) this.#begun.delete(claim.name)
    if (outcome === 'ok') return undefined
    await expectRefusal(outcome, world, before)
  }

  async claim({ at: engine, max, leaseMs }: { at: number; max: number; leaseMs: number }): Promise<void> {
    const world = this.#world
    const before = await world.board()
    const { tasks } = await world.engine(engine).claimTasks({ worker: 'w', max, leaseMs })
    expectAtMost(max, tasks)
    for (const task of tasks) {
      const { name, attempt } = task
      const row = before.find((one) => one.processId === task.process.id && one.name === name)!
      const scheduledAt = row.scheduledAt.getTime()
      expectNext(task, row, world.now)
      await expectActiveSince(world, task, scheduledAt)
      if (attempt === 1) this.#begun.set(name, world.now)
      const written = this.#definition.tasks.find((one) => one.name === name)!
      expectAllowed(attempt, written, { now: world.now, scheduledAt, begunAt: this.#begun.get(name)! })
    }
    this.claims.push(...tasks)
  }

  #use({ id, claim }: ClaimedTask, step: UseStep): Promise<unknown> {
    const engine = this.#world.engine(step.at)
    const said = { by: claim }
    if (step.do === 'complete') return engine.completeTask(id, claim, said)
    if (step.do === 'fail') return engine.failTask(id, claim, said, step.retry)
    return step.do === 'beat' ? engine.heartbeatTask(id, claim) : engine.releaseTask(id, claim)
  }
}

type UseStep = Exclude<Step, { do: 'pass' | 'claim' | 'restart' }>

async function expectRefusal(outcome: string, world: World, before: unknown): Promise<void> {
  expect(['claim-lost', 'task-ended', 'process-ended', 'task-not-active']).toContain(outcome)
  expect(await world.snapshot(), 'a refusal changes nothing').toEqual(before)
}

function expectAtMost(max: number, tasks: readonly ClaimedTask[]): void {
  expect(tasks.length).toBeLessThanOrEqual(max)
}

/** @param row what was on the board before it was handed out */
function expectNext(
  { attempt }: ClaimedTask,
  row: { readonly attempt: number; readonly claimableAt: Date },
  now: number,
): void {
  expect(attempt).toBe(row.attempt + 1)
  expect(row.claimableAt.getTime(), 'claimed too early').toBeLessThanOrEqual(now)
}

/** By the words of the definition. */
function expectAllowed(
  attempt: number,
  { retry, delay }: WrittenTask,
  { now, scheduledAt, begunAt }: { now: number; scheduledAt: number; begunAt: number },
): void {
  if (attempt === 1) {
    expect(now - scheduledAt, 'its delay').toBeGreaterThanOrEqual(parseDuration(delay ?? '0ms')!)
  }
  expect(attempt).toBeLessThanOrEqual((retry?.limit ?? 0) + 1)
  const withinMs = parseDuration(retry?.within ?? '') ?? Infinity
  expect(now - begunAt, 'begun late').toBeLessThanOrEqual(withinMs)
}

/** All that the task needs was completed by when it came onto the board. */
async function expectActiveSince(world: World, task: ClaimedTask, scheduledAt: number): Promise<void> {
  const history = await world.history(task.process.id)
  const { items } = await world.engine().listProcessTasks(task.process.id, { limit: 1_000 })
  const needs = items.find(({ id }) => id === task.id)!.needs
  for (const need of needs) {
    const completed = history.find((event) =>
      isCompletionOf(
        event,
        items.findIndex(({ name }) => name === need),
      ),
    )
    expect(completed, `${task.name} needs ${need}`).toBeDefined()
    expect(completed!.at.getTime()).toBeLessThanOrEqual(scheduledAt)
  }
}

function isCompletionOf({ type, task }: HistoryEvent, index: number): boolean {
  return type === 'task-completed' && task === index
}
