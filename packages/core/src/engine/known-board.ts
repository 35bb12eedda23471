import type { ClaimCriteria } from '../lists/task-list.js'
import { kindOf } from './kind-of-claim.js'

/** So many kinds of claims are remembered, and claims of so many names. */
const maxKinds = 1_000
const maxNames = 100

/**
 * What is known of the board, for each kind of claim.
 *
 * - It is dry: somebody has looked and found less than asked for, nothing has come through this replica since that is
 *   nobody's, and it is not long ago. Other replicas and time itself bring tasks as well: these are looked for every so
 *   often, and for as long what is known here is believed.
 * - There is plenty: who looked last got all that was asked for.
 */
export class KnownBoard {
  readonly #forMs: number
  readonly #dry = new Map<string, { readonly look: number; readonly until: number }>()
  readonly #plenty = new Set<string>()
  #look = 0

  constructor(forMs: number) {
    this.#forMs = forMs
  }

  /** What is to be told with a note, from before the board was looked at. */
  look(): number {
    return this.#look
  }

  noteDry(criteria: ClaimCriteria, look: number): void {
    if (look !== this.#look || hasManyNames(criteria)) return
    if (this.#dry.size >= maxKinds) this.#dry.clear()
    this.#dry.set(kindOf(criteria), { look, until: performance.now() + this.#forMs })
  }

  /** @param look from before the board was looked at */
  noteLook(criteria: ClaimCriteria, look: number, { isDry }: { readonly isDry: boolean }): void {
    if (isDry) {
      this.#plenty.delete(kindOf(criteria))
      this.noteDry(criteria, look)
    } else if (!hasManyNames(criteria)) {
      if (this.#plenty.size >= maxKinds) this.#plenty.clear()
      this.#plenty.add(kindOf(criteria))
    }
  }

  hasPlentyFor(criteria: ClaimCriteria): boolean {
    return this.#plenty.has(kindOf(criteria))
  }

  isDryFor(criteria: ClaimCriteria): boolean {
    if (this.#dry.size === 0) return false
    const known = this.#dry.get(kindOf(criteria))
    return known !== undefined && known.look === this.#look && performance.now() < known.until
  }

  /** Something has come that anybody may claim: it is not dry any more. */
  wet(): void {
    this.#look += 1
    this.#dry.clear()
  }
}

function hasManyNames({ names = [] }: ClaimCriteria): boolean {
  return names.length > maxNames
}
