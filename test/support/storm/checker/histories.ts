import type { Answered, Controlling } from '../record.js'
import type { Evidence, StoredEvent, StoredProcess } from './evidence.js'
import { livesOf, statesOf, type Life, type State } from './states.js'

/** Processes as their histories tell of them, and what of that a call can have seen. */
export class Histories {
  readonly #evidence: Evidence
  readonly #processes: ReadonlyMap<string, StoredProcess>
  readonly #states = new Map<string, readonly State[]>()

  constructor(evidence: Evidence) {
    this.#evidence = evidence
    this.#processes = new Map(evidence.processes.map((process) => [process.id, process]))
  }

  process(id: string): StoredProcess | undefined {
    return this.#processes.get(id)
  }

  /** After each event. */
  statesOf(process: string): readonly State[] {
    const known = this.#states.get(process)
    if (known !== undefined) return known
    const states = statesOf(this.#eventsOf(process), this.#sizeOf(process))
    this.#states.set(process, states)
    return states
  }

  livesOf(process: string): readonly Life[] {
    return livesOf(this.#eventsOf(process), this.#sizeOf(process))
  }

  /** The states that the process may have been in while it was called. */
  during({ process, since }: Controlling, answered: Answered | undefined): readonly State[] {
    return this.statesOf(process).slice(since - 1, this.#latest(process, answered))
  }

  /** The events that the call can have made. */
  madeDuring({ process, since }: Controlling, answered: Answered | undefined): readonly StoredEvent[] {
    return this.#eventsOf(process).slice(since, this.#latest(process, answered))
  }

  /** The last version that it can have had by the answer: as that says, or what was not begun later. */
  #latest(process: string, answered: Answered | undefined): number {
    if (answered?.version !== undefined) return answered.version
    const until = answered?.at ?? Infinity
    return this.#eventsOf(process).findLastIndex(({ at }) => Math.floor(at) <= until) + 1
  }

  #eventsOf(process: string): readonly StoredEvent[] {
    return this.#evidence.events.get(process) ?? []
  }

  #sizeOf(process: string): number {
    const definition = this.#processes.get(process)?.definition ?? ''
    return this.#evidence.definitions.get(definition)?.needs.length ?? 0
  }
}
