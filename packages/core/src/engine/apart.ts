import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from './logger.js'
import type { Errand } from './work.js'
import { TunaCornError } from '../errors.js'
import { maxErrands, type Leftover, type Round } from './round.js'
import { startInFlight } from './start-rules.js'

/** After so many tries in competition with others, a process is waited for and held. */
const triesBeforeHolding = 3

const inFlight = { status: 'rejected', rejection: startInFlight } as const

/**
 * What could not be settled together with others is tried again here, process by process, and does not hold them up. A
 * process is here or in a lane, never in both, nor here twice: two would change one copy.
 */
export class Apart {
  readonly #round: Round
  readonly #logger: Logger
  /** Processes that are being tried again, each with what has arrived for it since. */
  readonly #arrived = new Map<string, Errand[]>()

  constructor(round: Round, logger: Logger) {
    this.#round = round
    this.#logger = logger
  }

  /** Where errands for this process wait while it is tried again; nothing while it is not. */
  lineFor(processId: string): Errand[] | undefined {
    return this.#arrived.get(processId)
  }

  /** Until all that was left over, and what has arrived meanwhile, is settled. */
  async settle({ processId, errands, reason }: Leftover): Promise<void> {
    const arrived: Errand[] = []
    this.#arrived.set(processId, arrived)
    const open = [...errands]
    let alone = reason === 'poisoned'
    let contended = reason === 'moved'
    try {
      for (let tries = 1; open.length > 0; tries += 1) {
        if (contended) await sleep(Math.random() * 5 * tries)
        contended = false
        const group = open.splice(0, alone ? 1 : maxErrands)
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
      this.#arrived.delete(processId)
    }
  }
}
