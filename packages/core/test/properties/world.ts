import {
  TunaCornError,
  type BoardTask,
  type Engine,
  type HistoryEvent,
  type ProcessRecord,
  type Store,
} from '@tunacorn/core'
import fc from 'fast-check'
import { engineOn } from '../engine/support.js'
import { inMemory, type Ground } from './ground.js'
import { Replica } from './replica.js'

/** How many replicas share a store at most. */
export const maxReplicas = 3

/** Which of the replicas gets a command. */
export const at = fc.nat({ max: maxReplicas - 1 })

export interface WorldOptions {
  /** How many replicas share the store. */
  readonly replicas: number
  /** For each commit in turn, whether the store says that others were quicker, without doing anything. */
  readonly contention?: readonly boolean[]
}

/** Some replicas, and a store that is taken up by others now and then. */
export const worlds: fc.Arbitrary<WorldOptions> = fc.record({
  replicas: fc.integer({ min: 1, max: maxReplicas }),
  contention: fc.array(
    fc.nat({ max: 7 }).map((n) => n === 0),
    { maxLength: 30 },
  ),
})

/** Replicas on one store, each with copies of its own, and a clock that only moves when it is told to. */
export class World {
  /** Is asked, and given no commands: it must not bring the others up to date. */
  readonly observer: Engine
  readonly #ground: Ground
  readonly #store: Omit<Store, 'close'>
  readonly #replicas: Replica[]
  readonly #contention: boolean[]

  constructor({ replicas, contention = [] }: WorldOptions, ground: Ground = inMemory()) {
    this.#ground = ground
    this.#store = ground.storeOf(0)
    this.#contention = [...contention]
    this.observer = engineOn(this.#store)
    this.#replicas = Array.from({ length: replicas }, (_, place) => this.#newReplica(place))
  }

  get now(): number {
    return this.#ground.clock.now()
  }

  /** One of the replicas; any number is one. */
  replica(pick = 0): Replica {
    return this.#replicas[pick % this.#replicas.length]!
  }

  engine(pick = 0): Engine {
    return this.replica(pick).engine
  }

  /** Another engine takes over from one that has crashed: nothing of what it had in memory is left. */
  restart(pick: number): void {
    const place = pick % this.#replicas.length
    this.#replicas[place] = this.#newReplica(place)
  }

  async register(...definitions: readonly object[]): Promise<void> {
    for (const definition of definitions)
      await this.engine().registerDefinition(JSON.stringify(definition), 'json')
  }

  /**
   * Lets time pass, and everything happen at the very moment at which it is due: a bound in time says nothing of
   * how late a timekeeper is.
   * @param pick which replica keeps time
   */
  async pass(ms: number, pick = 0): Promise<void> {
    const until = this.now + ms
    for (let next = await this.#nextDue(); next <= until; next = await this.#nextDue()) {
      await this.#ground.clock.advance(Math.max(0, next - this.now))
      await this.engine(pick).keepTime()
    }
    await this.#ground.clock.advance(Math.max(0, until - this.now))
  }

  async board(): Promise<BoardTask[]> {
    return this.#store.taskList.fetch({ limit: 10_000 })
  }

  async processes(): Promise<ProcessRecord[]> {
    return (await this.#store.processList.list({ limit: 10_000 })).toReversed()
  }

  async process(id: string): Promise<ProcessRecord> {
    const [found] = await this.#store.processList.fetch([{ id, afterVersion: 0 }])
    return found!.record
  }

  async history(id: string): Promise<HistoryEvent[]> {
    return this.#store.processList.history(id, 0, 100_000)
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

  #newReplica(place: number): Replica {
    return new Replica(this.#ground.storeOf(place), this.#contention)
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
