import fc from 'fast-check'
import { expect } from 'vitest'
import type { Ground } from './ground.js'
import { checkInvariants } from './invariants.js'
import { NaiveStarts, type NaiveRun, type Start } from './naive-starts.js'
import type { Cut } from './replica.js'
import { at, outcomeOf, World, worlds } from './world.js'

/** What is asked of a replica, as data, so that a run that fails can be printed and made smaller. */
type Step =
  | { readonly do: 'start'; readonly at: number; readonly start: Start }
  /** What was last started, or was to be, is sent again. */
  | { readonly do: 'again'; readonly at: number }
  | {
      readonly do: 'complete' | 'fail' | 'cancel' | 'retry' | 'destroy'
      readonly at: number
      readonly run: number
    }
  | { readonly do: 'pass'; readonly at: number; readonly hours: number }
  /** A replica dies in the middle of a start, or by itself; another takes its place. */
  | { readonly do: 'crash'; readonly at: number; readonly cut: Cut; readonly during: Start | undefined }

/** So few of each that they meet. */
const few = fc.constantFrom('a', 'b')
const starts: fc.Arbitrary<Start> = fc.record(
  {
    definition: fc.constantFrom('any', 'any', 'any', 'numbers', 'unknown'),
    input: fc.constantFrom(1, 1, 2, 'no'),
    key: few,
    once: few,
  },
  { requiredKeys: ['definition', 'input'] },
)

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('start' as const), at, start: starts }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('again' as const), at }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'complete' as const,
        'fail' as const,
        'fail' as const,
        'cancel' as const,
        'retry' as const,
        'destroy' as const,
      ),
      at,
      // Counted from the newest.
      run: fc.nat({ max: 4 }),
    }),
  },
  // Never a day to the millisecond.
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), at, hours: fc.constantFrom(5, 10, 25) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      at,
      cut: fc.constantFrom('before' as const, 'after' as const),
      during: fc.option(starts, { nil: undefined }),
    }),
  },
)

const more = 'tasks: [{ name: A, scheduleTimeout: 300d }]'
const hourMs = 3_600_000

/** Whatever is started at whichever replica, the answer is the naive model's, and so are the processes that there are. */
export function startsLikeTheModel(ground: () => Ground | Promise<Ground>) {
  return fc.asyncProperty(worlds, fc.array(steps, { maxLength: 25, size: 'max' }), async (options, taken) => {
    const world = new World(options, await ground())
    const { engine } = world.replica()
    await engine.registerDefinition(`name: any\n${more}`)
    await engine.registerDefinition(`name: numbers\ninput: { type: number }\n${more}`)
    const twins = new StartTwins(world)
    for (const step of taken) {
      const { real, naive } = await twins.take(step)
      expect(real).toBe(naive)
      await twins.expectAlike()
      await checkInvariants(world)
    }
  })
}

/** What a step comes to, by the engine and by the model. */
interface Both {
  readonly real: string
  readonly naive: string
}

const nothing: Both = { real: 'ok', naive: 'ok' }

/** The same starts twice: by the engine, and by the model. */
class StartTwins {
  readonly #world: World
  readonly #model = new NaiveStarts()
  #last: Start | undefined

  constructor(world: World) {
    this.#world = world
  }

  async take(step: Step): Promise<Both> {
    switch (step.do) {
      case 'pass':
        await this.#world.pass(step.hours * hourMs, step.at)
        return nothing
      case 'crash':
        return this.#crash(step)
      case 'again':
        return this.#last === undefined ? nothing : this.#start(step.at, this.#last)
      case 'start':
        return this.#start(step.at, step.start)
      default:
        return this.#control(step)
    }
  }

  async expectAlike(): Promise<void> {
    const stored = (await this.#world.processes()).map(
      ({ id, definition, key, state }) => `${id} ${definition} ${key} ${state}`,
    )
    const noted = this.#model.runs.map(
      ({ id, start: { definition, key }, state }) => `${id} ${definition} ${key} ${state}`,
    )
    expectSame(stored, noted)
  }

  async #start(pick: number, start: Start): Promise<Both> {
    return this.#told(start, await this.#ask(pick, start))
  }

  /** Once more, or not; what it answers is the process as it was when it was started. */
  async #ask(pick: number, start: Start): Promise<string> {
    this.#last = start
    const { once, ...request } = start
    const starting = this.#world.engine(pick).startProcess(request, { idempotencyKey: once })
    let answer = ''
    const outcome = await outcomeOf(
      starting.then(({ id, state, version }) => (answer = `${id} ${state} ${version}`)),
    )
    return outcome === 'ok' ? answer : outcome
  }

  /** Only a store can choose an id: the first that is heard of a process says which it is. */
  #told(start: Start, real: string): Both {
    const run = this.#model.start(start, this.#world.now)
    if (typeof run === 'string') return { real, naive: run }
    const [id] = real.split(' ')
    if (!this.#model.runs.some((one) => one.id === id)) run.id ??= id
    return { real, naive: `${run.id} running 1` }
  }

  async #crash({ at: pick, cut, during }: Extract<Step, { do: 'crash' }>): Promise<Both> {
    const replica = this.#world.replica(pick)
    replica.dieAt(cut)
    const real = during === undefined ? 'dead' : await Promise.race([this.#ask(pick, during), replica.dead])
    this.#world.restart(pick)
    if (during === undefined) return nothing
    if (real !== 'dead') return this.#told(during, real)
    if (cut === 'before') return nothing
    // What had been stored by then has happened, whoever knows of it.
    const known = this.#model.runs.map(({ id }) => id)
    const made = (await this.#world.processes()).filter(({ id }) => !known.includes(id))
    return this.#told(during, made.map(({ id }) => `${id} running 1`).join())
  }

  async #control({ do: verb, at: pick, run: place }: Extract<Step, { run: number }>): Promise<Both> {
    const run = this.#model.runs.at(-1 - place)
    if (run === undefined) return nothing
    const model = this.#model
    const naive = {
      complete: () => model.end(run, 'completed'),
      fail: () => model.end(run, 'failed'),
      cancel: () => model.cancel(run),
      retry: () => model.retry(run),
      destroy: () => model.destroy(run),
    }
    return { real: await outcomeOf(this.#act(verb, pick, run)), naive: naive[verb]() }
  }

  async #act(
    verb: Extract<Step, { run: number }>['do'],
    pick: number,
    { id = '' }: NaiveRun,
  ): Promise<unknown> {
    const engine = this.#world.engine(pick)
    if (verb === 'cancel') return engine.cancelProcess(id)
    if (verb === 'retry') return engine.retryProcess(id)
    if (verb === 'destroy') return engine.destroyProcess(id)
    const { id: task, claim } = await engine.claimTask(`${id}.0`, { worker: 'w' })
    return verb === 'complete' ? engine.completeTask(task, claim) : engine.failTask(task, claim, 'no', false)
  }
}

function expectSame(stored: readonly string[], noted: readonly string[]): void {
  expect(stored.toSorted()).toEqual(noted.toSorted())
}
