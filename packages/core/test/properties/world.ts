import {
  MemoryStore,
  TunaCornError,
  type BoardTask,
  type Engine,
  type HistoryEvent,
  type ProcessChange,
  type ProcessRecord,
} from '@tunacorn/core'
import { ManualClock } from '@tunacorn/core/testing'
import fc from 'fast-check'
import { engineOn, standIn } from '../engine/support.js'

export interface WorldOptions {
  /** How many engines share the store. */
  readonly engines: number
  /** For each commit in turn, whether the store says that others were quicker, without doing anything. */
  readonly contention?: readonly boolean[]
}

/** One engine or two, and a store that is taken up by others now and then. */
export const worlds: fc.Arbitrary<WorldOptions> = fc.record({
  engines: fc.integer({ min: 1, max: 2 }),
  contention: fc.array(
    fc.nat({ max: 7 }).map((n) => n === 0),
    { maxLength: 30 },
  ),
})

/** Engines on one store in memory, and a clock that only moves when it is told to. */
export class World {
  readonly isExact = true
  readonly clock = new ManualClock()
  readonly store = new MemoryStore({ now: () => this.clock.now() })
  readonly observer: Engine
  readonly #engines: Engine[]
  readonly #contention: boolean[]

  constructor({ engines, contention = [] }: WorldOptions) {
    this.#contention = [...contention]
    this.observer = engineOn(this.store)
    this.#engines = Array.from({ length: engines }, () => this.#newEngine())
  }

  get now(): number {
    return this.clock.now()
  }

  /** One of the engines; any number is one. */
  engine(pick = 0): Engine {
    return this.#engines[pick % this.#engines.length]!
  }

  /** Another engine takes over from one that has crashed: nothing of what it had in memory is left. */
  restart(pick: number): void {
    this.#engines[pick % this.#engines.length] = this.#newEngine()
  }

  async register(...definitions: readonly object[]): Promise<void> {
    for (const definition of definitions)
      await this.engine().registerDefinition(JSON.stringify(definition), 'json')
  }

  /**
   * Lets time pass, and everything happen at the very moment at which it is due: a bound in time says nothing of
   * how late a timekeeper is.
   */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms
    for (let next = await this.#nextDue(); next <= until; next = await this.#nextDue()) {
      this.clock.advance(Math.max(0, next - this.now))
      await this.engine().keepTime()
    }
    this.clock.advance(Math.max(0, until - this.now))
  }

  async board(): Promise<BoardTask[]> {
    return this.store.taskList.fetch({ limit: 10_000 })
  }

  async processes(): Promise<ProcessRecord[]> {
    return (await this.store.processList.list({ limit: 10_000 })).toReversed()
  }

  async process(id: string): Promise<ProcessRecord> {
    const [found] = await this.store.processList.fetch([{ id, afterVersion: 0 }])
    return found!.record
  }

  async history(id: string): Promise<HistoryEvent[]> {
    return this.store.processList.history(id, 0, 100_000)
  }

  /** Everything that may change, as text. Evidence of late reports is left out: it is all that a refusal may leave. */
  async snapshot(): Promise<string> {
    const processes = await this.processes()
    const histories = await Promise.all(processes.map(({ id }) => this.history(id)))
    return JSON.stringify([
      processes.map(({ version: _version, ...record }) => record),
      histories.map((events) =>
        events
          .filter(({ type }) => type !== 'report-refused')
          .map(({ version: _version, ...event }) => event),
      ),
      (await this.board()).map(({ readAt: _readAt, ...row }) => row),
    ])
  }

  async #nextDue(): Promise<number> {
    const expiries = (await this.board()).map(({ expiresAt }) => expiresAt.getTime())
    const deadlines = (await this.processes())
      .filter(({ state }) => state === 'running')
      .map(({ deadline }) => deadline.getTime())
    return Math.min(...expiries, ...deadlines)
  }

  #newEngine(): Engine {
    const { processList } = this.store
    const contended = standIn(processList, {
      persist: async (changes: readonly ProcessChange[]) =>
        this.#contention.shift() === true
          ? changes.map(() => ({ status: 'moved' }) as const)
          : processList.persist(changes),
    })
    return engineOn(this.store, { processList: contended })
  }
}

/** `ok`, or the code that an action was refused with. */
export async function outcomeOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => 'ok',
    (error: unknown) => {
      if (error instanceof TunaCornError && error.code !== 'internal') return error.code
      throw error
    },
  )
}
