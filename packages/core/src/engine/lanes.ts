import type { Logger } from './logger.js'
import type { Observer } from './observer.js'
import type { Outcome, Work } from './work.js'
import type { ProcessCopy } from './process-cache.js'
import { thrown, TunaCornError } from '../errors.js'
import { Lane } from './lane.js'
import type { Round } from './round.js'

/** The lanes of one replica. A process is always in the same one. */
export class Lanes {
  readonly #lanes: readonly Lane[]

  constructor(count: number, round: Round, logger: Logger, observer?: Observer) {
    this.#lanes = Array.from({ length: count }, () => new Lane(round, logger, observer))
  }

  submit(processId: string, work: Work): Promise<Outcome> {
    return this.#laneOf(processId).submit(processId, work)
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
    await Promise.all(this.#lanes.map((lane) => lane.drain()))
  }

  /** The last digits of an id are random, or chosen to keep related processes together. */
  #laneOf(processId: string): Lane {
    const place = Number.parseInt(processId.slice(-4), 16) % this.#lanes.length
    const lane = this.#lanes[Number.isNaN(place) ? 0 : place]
    if (lane === undefined)
      throw new TunaCornError('internal', 'Expected at least one lane, but there is none.')
    return lane
  }
}
