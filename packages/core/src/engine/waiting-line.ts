import type { ClaimCriteria } from '../lists/task-list.js'
import type { Waiter } from './waiter.js'

/** A task, as far as it matters who may have it. */
export interface WantedTask {
  readonly processId: string
  readonly definition: string
  readonly name: string
}

/** Those who wait, in the order of their coming, found by the names that they wait for. */
export class WaitingLine {
  readonly #all = new Set<Waiter>()
  readonly #byName = new Map<string, Set<Waiter>>()
  /** They take tasks of any name. */
  readonly #anyName = new Set<Waiter>()

  get size(): number {
    return this.#all.size
  }

  [Symbol.iterator](): IterableIterator<Waiter> {
    return this.#all.values()
  }

  /** The names that somebody waits for. */
  get names(): string[] {
    return [...this.#byName.keys()]
  }

  get wantsAnyName(): boolean {
    return this.#anyName.size > 0
  }

  add(waiter: Waiter): void {
    this.#all.add(waiter)
    const { names } = waiter.request
    if (names === undefined) this.#anyName.add(waiter)
    for (const name of names ?? []) {
      const waiters = this.#byName.get(name)
      if (waiters === undefined) this.#byName.set(name, new Set([waiter]))
      else waiters.add(waiter)
    }
  }

  remove(waiter: Waiter): void {
    this.#all.delete(waiter)
    this.#anyName.delete(waiter)
    for (const name of waiter.request.names ?? []) {
      const waiters = this.#byName.get(name)
      waiters?.delete(waiter)
      if (waiters?.size === 0) this.#byName.delete(name)
    }
  }

  /** The first who may have this task and passes the test. */
  firstFor(task: WantedTask, test: (waiter: Waiter) => boolean): Waiter | undefined {
    const passes = (waiter: Waiter) => isWithin(waiter.request, task) && test(waiter)
    const named = first(this.#byName.get(task.name), passes)
    const any = first(this.#anyName, passes)
    if (named === undefined || any === undefined) return named ?? any
    return named.turn < any.turn ? named : any
  }

  first(test: (waiter: Waiter) => boolean): Waiter | undefined {
    return first(this.#all, test)
  }
}

function first(waiters: Set<Waiter> | undefined, test: (waiter: Waiter) => boolean): Waiter | undefined {
  for (const waiter of waiters ?? []) if (test(waiter)) return waiter
  return undefined
}

/** Whether this task is what somebody asks for. */
export function isWanted({ names, ...filters }: ClaimCriteria, task: WantedTask): boolean {
  return (names?.includes(task.name) ?? true) && isWithin(filters, task)
}

function isWithin(criteria: ClaimCriteria, task: WantedTask): boolean {
  return (
    (criteria.definition === undefined || criteria.definition === task.definition) &&
    (criteria.processId === undefined || criteria.processId === task.processId)
  )
}
