import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from './logger.js'
import type { Observer } from './observer.js'
import type { Errand, Outcome, Work } from './work.js'
import type { Leftover, Round } from './round.js'
import { TunaCornError } from '../errors.js'
import { groupBy } from '../group-by.js'
import { startInFlight } from './start-rules.js'

/** How many errands go into one commit at most: beyond a few hundred, statements only get longer, not cheaper. */
const maxBatch = 250

/** After so many tries in competition with others, a process is waited for and held. */
const triesBeforeHolding = 3

const inFlight = { status: 'rejected', rejection: startInFlight } as const

/**
 * Everything that changes the processes of one lane goes through here, so that thousands of reports for one process
 * do not contend for its version. While a round is being committed, what arrives waits; then all that waits goes
 * together. There is no timer: on an idle engine nothing waits.
 *
 * What could not be settled with the others is tried again apart, process by process, and does not hold them up.
 */
export class Lane {
  readonly #round: Round
  readonly #logger: Logger
  readonly #observer: Observer | undefined
  #waiting: Errand[] = []
  /** Since when the first of those who wait has waited; only where somebody wants to know. */
  #waitingSince = 0
  #running: Promise<void> | undefined
  /** Processes that are being tried again, each with what has arrived for it since. */
  readonly #apart = new Map<string, Errand[]>()
  readonly #apartRunning = new Set<Promise<void>>()

  constructor(round: Round, logger: Logger, observer?: Observer) {
    this.#round = round
    this.#logger = logger
    this.#observer = observer
  }

  submit(processId: string, work: Work): Promise<Outcome> {
    return new Promise((settle, refuse) => {
      const errand = { processId, work, settle, refuse }
      const apart = this.#apart.get(processId)
      if (apart !== undefined) apart.push(errand)
      else {
        if (this.#observer !== undefined && this.#waiting.length === 0) this.#waitingSince = performance.now()
        this.#waiting.push(errand)
        this.#running ??= this.#run()
      }
    })
  }

  /** Waits until nothing is under way any more. */
  async drain(): Promise<void> {
    while (this.#running !== undefined || this.#apartRunning.size > 0) {
      await Promise.all([this.#running, ...this.#apartRunning])
    }
  }

  async #run(): Promise<void> {
    // What the caller submits in the same turn shall go together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch)
      this.#observer?.batched({
        errands: batch.length,
        waitedMs: performance.now() - this.#waitingSince,
      })
      const leftovers = await this.#round.run(
        groupBy(this.#notApart(batch), ({ processId }) => processId),
        { fresh: false },
      )
      for (const leftover of leftovers) this.#setApart(leftover)
    }
    this.#running = undefined
  }

  /** A process may have been set apart while an errand for it was waiting here. */
  #notApart(batch: readonly Errand[]): Errand[] {
    return batch.filter((errand) => {
      const apart = this.#apart.get(errand.processId)
      apart?.push(errand)
      return apart === undefined
    })
  }

  #setApart(leftover: Leftover): void {
    const running = this.#runApart(leftover).finally(() => this.#apartRunning.delete(running))
    this.#apartRunning.add(running)
  }

  async #runApart({ processId, errands, reason }: Leftover): Promise<void> {
    const arrived: Errand[] = []
    this.#apart.set(processId, arrived)
    const open = [...errands]
    let alone = reason === 'poisoned'
    let contended = reason === 'moved'
    try {
      for (let tries = 1; open.length > 0; tries += 1) {
        if (contended) await sleep(Math.random() * 5 * tries)
        contended = false
        const group = open.splice(0, alone ? 1 : maxBatch)
        const held = tries > triesBeforeHolding
        const left = held
          ? await this.#round.runHolding(processId, group)
          : await this.#round.run(new Map([[processId, group]]), { fresh: true })
        for (const { errands: again, reason: why } of left) {
          if (held && why === 'in-flight') for (const { settle } of again) settle(inFlight)
          else open.unshift(...again)
          alone ||= why === 'poisoned'
          contended ||= why === 'moved' || why === 'in-flight'
        }
        open.push(...arrived.splice(0))
      }
    } catch (error) {
      this.#logger.error({ err: error, process: processId }, 'lane broke down for a process')
      const refusal = new TunaCornError('internal', undefined, { cause: error })
      for (const { refuse } of [...open, ...arrived.splice(0)]) refuse(refusal)
    } finally {
      this.#apart.delete(processId)
    }
  }
}
