import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { Logger } from './logger.js'
import type { Observer } from './observer.js'
import type { Errand, Outcome, Work } from './work.js'
import type { ProcessCopy } from './process-cache.js'
import { thrown, TunaCornError } from '../errors.js'
import { groupBy } from '../group-by.js'
import { Apart } from './apart.js'
import { maxErrands, type Leftover, type Round } from './round.js'

/** So many are worth a commit of their own, beside another. */
const fullLoad = 100

/**
 * Everything that changes processes goes through here, so that thousands of reports for one process do not contend for
 * its version. While a commit is under way, what arrives waits; then all that waits goes together. There is no timer: on
 * an idle engine nothing waits for longer than its turn of the event loop. Only a full load does not wait, as long as a lane is free: two small commits side by side
 * cost more than one that is larger.
 *
 * A process is in one commit at a time. What could not be settled with others is tried again apart.
 */
export class Lanes {
  readonly #count: number
  readonly #round: Round
  readonly #apart: Apart
  readonly #observer: Observer | undefined
  readonly #waiting: Errand[] = []
  /** Since when the first of those who wait has waited; only where somebody wants to know. */
  #waitingSince = 0
  /** Processes of the commits under way, each with what has arrived for it since. */
  readonly #underWay = new Map<string, Errand[]>()
  #busyLanes = 0
  #aboutToBegin: Promise<void> | undefined
  readonly #unsettled = new Set<Promise<void>>()

  /** @param count how many commits may be under way at once, of full loads */
  constructor(count: number, round: Round, logger: Logger, observer?: Observer) {
    this.#count = count
    this.#round = round
    this.#apart = new Apart(round, logger)
    this.#observer = observer
  }

  submit(processId: string, work: Work): Promise<Outcome> {
    return new Promise((settle, refuse) => {
      const errand = { processId, work, settle, refuse }
      const line = this.#lineFor(processId)
      if (line !== undefined) line.push(errand)
      else {
        if (this.#observer !== undefined && this.#waiting.length === 0) this.#waitingSince = performance.now()
        this.#waiting.push(errand)
        this.#beginSoon()
      }
    })
  }

  /** As `submit`, for who wants what was asked or nothing. @throws TunaCornError with the rejection's code. */
  async done(processId: string, work: Work): Promise<Extract<Outcome, { status: 'done' }>> {
    const outcome = await this.submit(processId, work)
    switch (outcome.status) {
      case 'done':
        return outcome
      case 'rejected':
        throw thrown(outcome.rejection)
      case 'claim-lost':
        throw new TunaCornError('claim-lost')
    }
  }

  /**
   * What `look` makes of an up-to-date copy; it must not keep the copy.
   * @throws TunaCornError `process-not-found`
   */
  async look<T>(processId: string, look: (copy: ProcessCopy) => T): Promise<T> {
    const seen: T[] = []
    await this.done(processId, { kind: 'look', look: (copy) => seen.push(look(copy)) })
    return seen[0] as T
  }

  /** Waits until everything submitted has been settled. */
  async drain(): Promise<void> {
    while (this.#aboutToBegin !== undefined || this.#unsettled.size > 0) {
      await Promise.all([this.#aboutToBegin, ...this.#unsettled])
    }
  }

  /** Where errands wait for a process that cannot go along now. */
  #lineFor(processId: string): Errand[] | undefined {
    return this.#apart.lineFor(processId) ?? this.#underWay.get(processId)
  }

  #mayBegin(): boolean {
    const { length } = this.#waiting
    return this.#busyLanes === 0 ? length > 0 : length >= fullLoad && this.#busyLanes < this.#count
  }

  /** What has come in by now shall go together: it is read to its end before this turn of the event loop is over. */
  #beginSoon(): void {
    if (this.#aboutToBegin === undefined && this.#mayBegin()) this.#aboutToBegin = this.#beginAtEndOfTurn()
  }

  async #beginAtEndOfTurn(): Promise<void> {
    await endOfTurn()
    this.#aboutToBegin = undefined
    this.#begin()
  }

  #begin(): void {
    while (this.#mayBegin()) {
      const load = this.#takeLoad()
      if (load.length > 0) this.#keep(this.#run(load))
    }
  }

  #takeLoad(): Errand[] {
    const load: Errand[] = []
    let seen = 0
    for (const errand of this.#waiting) {
      if (load.length === maxErrands) break
      seen += 1
      // Its process may have gone on its way while it was waiting here.
      const line = this.#lineFor(errand.processId) ?? load
      line.push(errand)
    }
    this.#waiting.splice(0, seen)
    return load
  }

  async #run(load: readonly Errand[]): Promise<void> {
    const groups = groupBy(load, ({ processId }) => processId)
    for (const id of groups.keys()) this.#underWay.set(id, [])
    this.#busyLanes += 1
    this.#observer?.batched({ errands: load.length, waitedMs: performance.now() - this.#waitingSince })
    const leftovers = await this.#round.run(groups, { fresh: false })
    for (const leftover of leftovers) this.#setApart(leftover)
    for (const id of groups.keys()) this.#letGoOn(id)
    this.#busyLanes -= 1
    this.#beginSoon()
  }

  #setApart(leftover: Leftover): void {
    this.#keep(this.#apart.settle(leftover))
  }

  #letGoOn(processId: string): void {
    const arrived = this.#underWay.get(processId) ?? []
    this.#underWay.delete(processId)
    const line = this.#apart.lineFor(processId) ?? this.#waiting
    for (const errand of arrived) line.push(errand)
  }

  #keep(work: Promise<void>): void {
    const kept = work.finally(() => this.#unsettled.delete(kept))
    this.#unsettled.add(kept)
  }
}
