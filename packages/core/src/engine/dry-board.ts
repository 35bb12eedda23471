import type { ClaimCriteria } from '../lists/task-list.js'
import { kindOf } from './kind-of-claim.js'

/** So many kinds of claims are remembered, and claims of so many names. */
const maxKinds = 1_000
const maxNames = 100

/**
 * For which claims there is nothing on the board, as far as is known: somebody has looked, nothing has come through this
 * replica since that is nobody's, and it is not long ago. Other replicas and time itself bring tasks as well: these are
 * looked for every so often, and for as long what is known here is believed.
 */
export class DryBoard {
  readonly #forMs: number
  readonly #kinds = new Map<string, { readonly look: number; readonly until: number }>()
  #look = 0

  constructor(forMs: number) {
    this.#forMs = forMs
  }

  /** What is to be told to `note`, from before the board was looked at. */
  look(): number {
    return this.#look
  }

  note(criteria: ClaimCriteria, look: number): void {
    if (look !== this.#look || (criteria.names?.length ?? 0) > maxNames) return
    if (this.#kinds.size >= maxKinds) this.#kinds.clear()
    this.#kinds.set(kindOf(criteria), { look, until: performance.now() + this.#forMs })
  }

  isFor(criteria: ClaimCriteria): boolean {
    if (this.#kinds.size === 0) return false
    const known = this.#kinds.get(kindOf(criteria))
    return known !== undefined && known.look === this.#look && performance.now() < known.until
  }

  /** Something has come that anybody may claim. */
  end(): void {
    this.#look += 1
    this.#kinds.clear()
  }
}
