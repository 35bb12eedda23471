import type { Engine, ProcessRecord } from '@tunacorn/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { WrittenDefinition } from './arbitraries.js'
import { NaiveProcess } from './naive-process.js'
import { outcomeOf } from './world.js'

/** What may happen next, as data, so that a run that fails can be printed and made smaller. */
export type TwinStep =
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'restart'; readonly at: number }
  | {
      readonly do: 'claim'
      readonly at: number
      readonly task: number
      readonly leaseMs: number
      readonly isWise: boolean
    }
  | { readonly do: 'complete' | 'beat' | 'release'; readonly at: number; readonly claim: number }
  | { readonly do: 'fail'; readonly at: number; readonly claim: number; readonly retry?: false | number }
  | { readonly do: 'pause' | 'resume' | 'cancel' | 'retry'; readonly at: number }

const at = fc.nat({ max: 1 })
/** Counted from the newest: that is mostly still held. */
const claim = fc.oneof(fc.constant(0), fc.nat({ max: 6 }))

export const passing = fc.record({ do: fc.constant('pass' as const), ms: fc.noBias(fc.nat({ max: 15 })) })

/** Everything but the passing of time, whose unit is so many milliseconds. */
export function commands(unitMs: number): fc.Arbitrary<TwinStep> {
  const times = (min: number, max: number) => fc.integer({ min, max }).map((value) => value * unitMs)
  return fc.oneof(
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), at }) },
    {
      weight: 20,
      arbitrary: fc.record({
        do: fc.constant('claim' as const),
        at,
        task: fc.nat({ max: 4 }),
        leaseMs: times(1, 50),
        // Asks for one that can be had, if there is one.
        isWise: fc.nat({ max: 3 }).map((n) => n > 0),
      }),
    },
    { weight: 15, arbitrary: fc.record({ do: fc.constant('complete' as const), at, claim }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('beat' as const, 'release' as const), at, claim }),
    },
    {
      weight: 6,
      arbitrary: fc.record(
        {
          do: fc.constant('fail' as const),
          at,
          claim,
          retry: fc.oneof(fc.constant(false as const), times(0, 40), times(0, 2)),
        },
        { requiredKeys: ['do', 'at', 'claim'] },
      ),
    },
    {
      weight: 14,
      arbitrary: fc.record({
        do: fc.constantFrom('pause' as const, 'resume' as const, 'resume' as const, 'retry' as const),
        at,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), at }) },
  )
}

/** Where a process runs for real. */
export interface TwinWorld {
  readonly now: number
  /** Whether its clock stands still until it is told to go on. */
  readonly isExact: boolean
  engine(pick?: number): Engine
  /** One that is asked, and gives no commands: it must not bring the others up to date. */
  readonly observer: Engine
  register(...definitions: readonly object[]): Promise<void>
  restart(pick: number): void
  pass(ms: number): Promise<void>
  process(id: string): Promise<ProcessRecord>
}

/** One process twice: by the engine, and by the model. */
export class Twins {
  readonly #world: TwinWorld
  readonly #definition: WrittenDefinition
  readonly #id: string
  readonly #model: NaiveProcess
  /** Every claim that was ever handed out, newest last. */
  readonly #claims: { readonly name: string; readonly id: string; readonly claim: string }[] = []

  private constructor(world: TwinWorld, definition: WrittenDefinition, id: string) {
    this.#world = world
    this.#definition = definition
    this.#id = id
    this.#model = new NaiveProcess(definition, world.now)
  }

  static async start(world: TwinWorld, definition: WrittenDefinition): Promise<Twins> {
    await world.register(definition)
    return new Twins(
      world,
      definition,
      (await world.engine().startProcess({ definition: definition.name })).id,
    )
  }

  /** Both do it; `real` says what the engine answered, `naive` what the model did. */
  async take(step: TwinStep): Promise<{ readonly real: string; readonly naive: string }> {
    const [world, model] = [this.#world, this.#model]
    switch (step.do) {
      case 'pass':
        await world.pass(step.ms)
        model.pass(step.ms)
        return { real: 'ok', naive: 'ok' }
      case 'restart':
        world.restart(step.at)
        return { real: 'ok', naive: 'ok' }
      case 'claim':
        return this.#claim(step)
      case 'pause':
      case 'resume':
      case 'cancel':
      case 'retry':
        return { real: await outcomeOf(this.#control(step)), naive: model[step.do]() }
      case 'complete':
      case 'fail':
      case 'beat':
      case 'release':
        return this.#use(step)
    }
  }

  async expectAlike(): Promise<void> {
    await expectAlike(this.#world, this.#id, this.#model)
  }

  async #claim({ at: pick, task, leaseMs, isWise }: Extract<TwinStep, { do: 'claim' }>) {
    const all = this.#definition.tasks.map(({ name }) => name)
    const some = isWise ? all.filter((name) => this.#model.mayClaim(name)) : []
    const names = some.length > 0 ? some : all
    const name = names[task % names.length]!
    const index = all.indexOf(name)
    const claimed = { name, id: `${this.#id}.${index}`, claim: '' }
    const real = await outcomeOf(
      this.#world
        .engine(pick)
        .claimTask(claimed.id, { worker: 'w', leaseMs })
        .then(({ claim: secret }) => (claimed.claim = secret)),
    )
    if (real === 'ok') this.#claims.push(claimed)
    return { real, naive: this.#model.claim(name, claimed.claim, leaseMs) }
  }

  async #use(step: Extract<TwinStep, { claim: number }>) {
    const held = this.#claims.at(-1 - step.claim)
    if (held === undefined) return { real: 'ok', naive: 'ok' }
    const { name, id, claim: secret } = held
    const [engine, model] = [this.#world.engine(step.at), this.#model]
    const both = {
      complete: { real: () => engine.completeTask(id, secret), naive: () => model.complete(name, secret) },
      fail: {
        real: () => engine.failTask(id, secret, 'no', retryOf(step)),
        naive: () => model.fail(name, secret, retryOf(step)),
      },
      beat: { real: () => engine.heartbeatTask(id, secret), naive: () => model.beat(name, secret) },
      release: { real: () => engine.releaseTask(id, secret), naive: () => model.release(name, secret) },
    }[step.do]
    return { real: await outcomeOf(both.real()), naive: both.naive() }
  }

  /** What the engine answers is what is stored. */
  async #control(step: Extract<TwinStep, { do: 'pause' | 'resume' | 'cancel' | 'retry' }>): Promise<void> {
    const engine = this.#world.engine(step.at)
    const methods = {
      pause: () => engine.pauseProcess(this.#id),
      resume: () => engine.resumeProcess(this.#id),
      cancel: () => engine.cancelProcess(this.#id),
      retry: () => engine.retryProcess(this.#id),
    }
    const answered = await methods[step.do]()
    await expectStored(this.#world, answered)
  }
}

async function expectAlike(world: TwinWorld, id: string, model: NaiveProcess): Promise<void> {
  const { record, counts } = await world.observer.fetchProcess(id)
  expect(record.state).toBe(model.state)
  const { items } = await world.observer.listProcessTasks(id)
  const seen = items.map(({ name, state }) => `${name} ${state}`)
  expect(seen).toEqual(model.tasks.map(({ written: { name }, state }) => `${name} ${state}`))
  const count = (state: string) => model.tasks.filter((task) => task.state === state).length
  expect([record.completed, record.failed]).toEqual([count('completed'), count('failed')])
  expect(items.filter(({ endedAt }) => endedAt !== undefined)).toHaveLength(record.completed + record.failed)
  expect(counts).toEqual({ scheduled: count('scheduled'), claimed: count('claimed') })
  for (const { written, attempt, claimableAt } of model.board) {
    const task = items.find(({ name }) => name === written.name)!
    expect(task.attempt).toBe(attempt)
    const moment = task.leaseExpiresAt ?? task.claimableAt
    if (world.isExact) expect(moment?.getTime()).toBe(claimableAt)
  }
  if (world.isExact && model.state === 'running') expect(record.deadline.getTime()).toBe(model.deadline)
}

async function expectStored(world: TwinWorld, answered: ProcessRecord): Promise<void> {
  expect(answered).toEqual(await world.process(answered.id))
}

function retryOf(step: TwinStep): false | number | undefined {
  return step.do === 'fail' ? step.retry : undefined
}
