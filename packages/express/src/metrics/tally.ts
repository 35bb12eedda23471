import type { Registry } from 'prom-client'
import { promClient } from './prom-client.js'

/** So many names have a count of their own; all that come after share one. */
const maxNames = 100

const otherNames = '(other)'

export interface TallyOptions<Kind extends string> {
  readonly name: string
  readonly help: string
  /** Under which label the name stands, and the kind. */
  readonly labels: readonly [name: string, kind?: string]
  /** Those that are told from the first one on, at zero: an increase from nothing is not seen. */
  readonly kinds?: readonly Kind[]
  readonly registry: Registry
}

/**
 * A counter by name and kind for what comes with every task: counting only adds up, in a few nanoseconds. What has been
 * counted is told to the registry when it asks.
 */
export class Tally<Kind extends string> {
  readonly #none: ReadonlyMap<Kind, number>
  readonly #counts = new Map<string, Map<Kind, number>>()

  constructor({ name, help, labels, kinds = [], registry }: TallyOptions<Kind>) {
    this.#none = new Map(kinds.map((kind) => [kind, 0]))
    const [nameLabel, kindLabel] = labels
    const collect = (): void => {
      counter.reset()
      for (const [named, counts] of this.#counts) {
        for (const [kind, count] of counts)
          counter.inc({ [nameLabel]: named, ...(kindLabel && { [kindLabel]: kind }) }, count)
      }
    }
    const labelNames = kindLabel === undefined ? [nameLabel] : [nameLabel, kindLabel]
    const { Counter } = promClient()
    const counter = new Counter({ name, help, labelNames, registers: [registry], collect })
  }

  count(name: string, kind: Kind, by = 1): void {
    const counts = this.#counts.get(name) ?? this.#begin(name)
    counts.set(kind, (counts.get(kind) ?? 0) + by)
  }

  #begin(name: string): Map<Kind, number> {
    const own = this.#counts.size < maxNames ? name : otherNames
    const counts = this.#counts.get(own) ?? new Map(this.#none)
    this.#counts.set(own, counts)
    return counts
  }
}
