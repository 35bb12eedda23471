import type { ClaimedTask, ProcessRecord } from '@tunacorn/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { WrittenDefinition } from './arbitraries.js'
import { NaiveProcess } from './naive-process.js'
import type { Cut, Replica } from './replica.js'
import { at, outcomeOf, type World } from './world.js'

/** What somebody asks of a replica, as data, so that a run that fails can be printed and made smaller. */
type Command =
  | {
      readonly do: 'claim'
      readonly at: number
      readonly task: number
      readonly leaseMs: number
      readonly isWise: boolean
    }
  | {
      readonly do: 'work'
      readonly at: number
      readonly max: number
      readonly leaseMs: number
      readonly scope: 'process' | 'names' | 'any'
      /** Is reported completed in the same call. */
      readonly claim?: number
    }
  | { readonly do: 'complete' | 'beat' | 'release'; readonly at: number; readonly claim: number }
  | { readonly do: 'fail'; readonly at: number; readonly claim: number; readonly retry?: false | number }
  | { readonly do: 'pause' | 'resume' | 'cancel' | 'retry'; readonly at: number }

/** What may happen next. */
type TwinStep =
  | Command
  | { readonly do: 'pass'; readonly at: number; readonly ms: number }
  /** A replica is dropped, perhaps with a command in hand; another takes its place, and knows nothing. */
  | { readonly do: 'crash'; readonly at: number; readonly cut: Cut; readonly during: Command | undefined }

/** Counted from the newest: that is mostly still held. */
const claim = fc.oneof(fc.constant(0), fc.nat({ max: 6 }))
const leaseMs = fc.integer({ min: 1, max: 50 })

const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      at,
      task: fc.nat({ max: 4 }),
      leaseMs,
      // Asks for one that can be had, if there is one.
      isWise: fc.nat({ max: 3 }).map((n) => n > 0),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record(
      {
        do: fc.constant('work' as const),
        at,
        max: fc.integer({ min: 1, max: 3 }),
        leaseMs,
        scope: fc.constantFrom('process' as const, 'names' as const, 'any' as const),
        claim,
      },
      { requiredKeys: ['do', 'at', 'max', 'leaseMs', 'scope'] },
    ),
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
        retry: fc.oneof(fc.constant(false as const), fc.nat({ max: 40 }), fc.nat({ max: 2 })),
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

export const twinSteps: fc.Arbitrary<TwinStep> = fc.oneof(
  { weight: 30, arbitrary: commands },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('pass' as const), at, ms: fc.noBias(fc.nat({ max: 15 })) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      at,
      cut: fc.constantFrom('before' as const, 'after' as const),
      during: fc.option(commands, { nil: undefined }),
    }),
  },
)

/** What a step comes to, by the engine and by the model. */
interface Both {
  readonly real: string
  readonly naive: string
}

const nothing: Both = { real: 'ok', naive: 'ok' }

/** One process twice: by the engine, and by the model. */
export class Twins {
  readonly #world: World
  readonly #definition: WrittenDefinition
  readonly #id: string
  readonly #model: NaiveProcess
  /** Every claim that was ever handed out, newest last. */
  readonly #claims: { readonly name: string; readonly id: string; readonly claim: string }[] = []
  /** In which scopes a replica has found less than it was asked for: it may take the board for empty there. */
  readonly #foundTooLittle = new Map<Replica, Set<string>>()

  private constructor(world: World, definition: WrittenDefinition, id: string) {
    this.#world = world
    this.#definition = definition
    this.#id = id
    this.#model = new NaiveProcess(definition, world.now)
  }

  static async start(world: World, definition: WrittenDefinition): Promise<Twins> {
    await world.register(definition)
    return new Twins(
      world,
      definition,
      (await world.engine().startProcess({ definition: definition.name })).id,
    )
  }

  /** Both do it; `real` says what the engine answered, `naive` what the model did. */
  async take(step: TwinStep): Promise<Both> {
    switch (step.do) {
      case 'pass':
        await this.#world.pass(step.ms, step.at)
        this.#model.pass(step.ms)
        return nothing
      case 'crash':
        return this.#crash(step)
      default: {
        const command = this.#prepare(step)
        return { real: await command.real(), naive: command.naive() }
      }
    }
  }

  async expectAlike(): Promise<void> {
    await expectAlike(this.#world, this.#id, this.#model)
  }

  async #crash({ at: pick, cut, during }: Extract<TwinStep, { do: 'crash' }>): Promise<Both> {
    const replica = this.#world.replica(pick)
    replica.dieAt(cut)
    const command = during === undefined ? undefined : this.#prepare({ ...during, at: pick })
    const real = await Promise.race([command?.real() ?? 'ok', replica.dead])
    this.#world.restart(pick)
    if (command === undefined) return nothing
    if (real !== 'dead') return { real, naive: command.naive() }
    // What had been stored by then has happened, whoever knows of it.
    if (cut === 'after') await command.unheard()
    return nothing
  }

  #prepare(command: Command): Prepared {
    switch (command.do) {
      case 'claim':
        return this.#claim(command)
      case 'work':
        return this.#work(command)
      case 'pause':
      case 'resume':
      case 'cancel':
      case 'retry':
        return prepared({
          real: () => outcomeOf(this.#control(command)),
          naive: () => this.#model[command.do](),
        })
      case 'complete':
      case 'fail':
      case 'beat':
      case 'release':
        return this.#use(command)
    }
  }

  #claim({ at: pick, task, leaseMs: wantedMs, isWise }: CommandOf<'claim'>): Prepared {
    const all = this.#names
    const some = isWise ? all.filter((name) => this.#model.mayClaim(name)) : []
    const names = some.length > 0 ? some : all
    const name = names[task % names.length]!
    const id = `${this.#id}.${all.indexOf(name)}`
    let secret = ''
    return prepared({
      real: async () => {
        const claiming = this.#world.engine(pick).claimTask(id, { worker: 'w', leaseMs: wantedMs })
        const outcome = await outcomeOf(claiming.then((claimed) => (secret = claimed.claim)))
        if (outcome === 'ok') this.#claims.push({ name, id, claim: secret })
        return outcome
      },
      naive: () => this.#model.claim(name, secret, wantedMs),
    })
  }

  /** A worker's loop: perhaps a result, then whatever can be had. */
  #work({ at: pick, max, leaseMs: wantedMs, scope, claim: back }: CommandOf<'work'>): Prepared {
    const model = this.#model
    const brought = back === undefined ? undefined : this.#claims.at(-1 - back)
    const criteria = { process: { process: this.#id }, names: { names: this.#names }, any: {} }[scope]
    const replica = this.#world.replica(pick)
    const report = () => (brought === undefined ? 'ok' : model.complete(brought.name, brought.claim))
    let given: readonly ClaimedTask[] = []
    return {
      real: async () => {
        const { results, tasks } = await replica.engine.claimTasks({
          ...criteria,
          worker: 'w',
          max,
          leaseMs: wantedMs,
          ...(brought !== undefined && { results: [{ task: brought.id, claim: brought.claim }] }),
        })
        given = tasks
        this.#claims.push(...tasks)
        return [results[0]?.refusal?.code ?? 'ok', ...tasks.map(({ name }) => `${name} ok`)].join()
      },
      naive: () => {
        const before = new Set(model.board)
        const said = report()
        const could = model.board.filter(({ written }) => model.mayClaim(written.name))
        const turns = could.map(({ claimableAt }) => claimableAt).toSorted((a, b) => a - b)
        // Who brings a result is not kept waiting: its replica may take the board for empty for a moment. But not before it
        // has found too little there, and never when the result itself has brought something onto the board.
        const tooLittle = this.#foundTooLittle.get(replica) ?? new Set()
        const others = could.filter(({ written }) => written.name !== brought?.name)
        const known = tooLittle.has(scope) ? others.filter((task) => !before.has(task)) : others
        const least = Math.min(max, (brought === undefined ? could : known).length)
        const count = brought === undefined ? least : Math.max(given.length, least)
        if (given.length < max) this.#foundTooLittle.set(replica, tooLittle.add(scope))
        const taken = given.map(({ name, claim: secret }) => {
          const turn = could.find(({ written }) => written.name === name)?.claimableAt ?? Infinity
          const isNext = brought !== undefined || turn <= (turns[count - 1] ?? -Infinity)
          return `${name} ${isNext ? model.claim(name, secret, wantedMs) : 'before its turn'}`
        })
        const missing = Array.from({ length: Math.max(0, count - given.length) }, () => 'another')
        return [said, ...taken, ...missing].join()
      },
      unheard: async () => {
        report()
        for (const { name, attempt, worker } of await this.#world.board()) {
          const known = model.board.find(({ written }) => written.name === name)
          if (worker !== undefined && attempt !== known?.attempt) model.claim(name, '', wantedMs)
        }
      },
    }
  }

  #use(step: CommandOf<'complete' | 'fail' | 'beat' | 'release'>): Prepared {
    const held = this.#claims.at(-1 - step.claim)
    if (held === undefined) return prepared({ real: async () => 'ok', naive: () => 'ok' })
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
    return prepared({ real: () => outcomeOf(both.real()), naive: both.naive })
  }

  /** What the engine answers is what is stored. */
  async #control(step: CommandOf<'pause' | 'resume' | 'cancel' | 'retry'>): Promise<void> {
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

  get #names(): string[] {
    return this.#definition.tasks.map(({ name }) => name)
  }
}

type CommandOf<T extends Command['do']> = Extract<Command, { do: T }>

/** A command that both are ready to do. */
interface Prepared {
  readonly real: () => Promise<string>
  /** After `real`, of which it may have heard what only the store can choose: secrets, and whose turn it is. */
  readonly naive: () => string
  /** Instead of `naive`, when the real one was done and the answer is lost. */
  readonly unheard: () => Promise<void>
}

function prepared({ real, naive }: Omit<Prepared, 'unheard'>): Prepared {
  return {
    real,
    naive,
    unheard: async () => {
      naive()
    },
  }
}

async function expectAlike(world: World, id: string, model: NaiveProcess): Promise<void> {
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
    expect(moment?.getTime()).toBe(claimableAt)
  }
  if (model.state === 'running') expect(record.deadline.getTime()).toBe(model.deadline)
}

async function expectStored(world: World, answered: ProcessRecord): Promise<void> {
  expect(answered).toEqual(await world.process(answered.id))
}

function retryOf(step: CommandOf<'complete' | 'fail' | 'beat' | 'release'>): false | number | undefined {
  return step.do === 'fail' ? step.retry : undefined
}
