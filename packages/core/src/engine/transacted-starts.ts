import type { ProcessList, ProcessRecord } from '../lists/process-list.js'
import type { KnownDefinitions } from './known-definitions.js'
import type { StartPlan } from './work.js'
import { thrown } from '../errors.js'
import { planStart, settledCopy } from './plan-change.js'
import { checkInput, findStarted, noDefinition, startInFlight } from './start-rules.js'

/** A definition may be registered anew while we look it up; not again and again. */
const maxTries = 3

/**
 * Starts inside a transaction of the host's. They do not go through a lane, nor into the cache: nobody here may know of
 * them before the host has committed, and nobody here learns whether it did.
 */
export class TransactedStarts {
  readonly #processList: ProcessList
  readonly #definitions: KnownDefinitions

  constructor(processList: ProcessList, definitions: KnownDefinitions) {
    this.#processList = processList
    this.#definitions = definitions
  }

  async start(id: string, start: StartPlan, transaction: unknown): Promise<ProcessRecord> {
    const { definition, version } = start
    // All of it there: the host may hold the only connection, and only there is seen what it has started before.
    const processList = this.#processList.within(transaction)
    for (let tries = 1; ; tries += 1) {
      const known =
        version === undefined
          ? await this.#definitions.default(definition, transaction)
          : await this.#definitions.version(definition, version, transaction)
      if (known === undefined) throw thrown(noDefinition(start))
      const rejection = checkInput(known, start)
      if (rejection !== undefined) throw thrown(rejection)

      const errand = { processId: id, work: { kind: 'start', start }, settle() {}, refuse() {} } as const
      const plan = planStart(errand, start, known)
      const [result] = await processList.persist([plan.change])
      if (result?.status === 'committed') return settledCopy(plan, result.at).record
      if (result?.status === 'in-flight') throw thrown(startInFlight)

      const before = await findStarted(start, processList)
      if (before?.status === 'done') return before.record
      if (before?.status === 'rejected') throw thrown(before.rejection)
      this.#definitions.forget(definition, known.version)
      if (tries === maxTries)
        throw thrown({ code: 'unavailable', detail: 'The definition keeps changing. Try again.' })
    }
  }
}
