import { distance } from 'fastest-levenshtein'

/**
 * Work allowed for all suggestions of one definition, in steps of the distance function (a nanosecond or two
 * each). Thousands of unknown needs among 100,000 names must not cost minutes; the first few dozen get theirs.
 */
const MAX_STEPS = 50_000_000

/** Beyond this nobody mistypes: the text is something else. */
const MAX_WORD_LENGTH = 300

/** Finds what was probably meant by a word that is not among the candidates. */
export class Suggester {
  readonly #candidates: readonly string[]
  #folded: readonly string[] | undefined
  #stepsLeft = MAX_STEPS

  constructor(candidates: readonly string[]) {
    this.#candidates = candidates
  }

  /** The nearest candidate, upper and lower case alike; undefined when none is near or the work is used up. */
  closest(word: string): string | undefined {
    if (word.length > MAX_WORD_LENGTH) return undefined
    this.#folded ??= this.#candidates.map(folded)
    const wanted = folded(word)
    let best: number | undefined
    // A quarter of the letters wrong is a slip of the keys; more is another word.
    let allowed = Math.ceil(wanted.length / 4)
    for (const [index, candidate] of this.#folded.entries()) {
      if (Math.abs(candidate.length - wanted.length) > allowed) continue
      this.#stepsLeft -= stepsFor(candidate.length, wanted.length)
      if (this.#stepsLeft < 0) break
      const found = distance(candidate, wanted)
      if (found > allowed) continue
      best = index
      if (found === 0) break
      allowed = found - 1
    }
    return best === undefined ? undefined : this.#candidates[best]
  }
}

function folded(word: string): string {
  return word.trim().toLowerCase()
}

/** The distance function works on 32 letters of the shorter word at a time, once for each of the longer. */
function stepsFor(a: number, b: number): number {
  return Math.max(a, b) * Math.ceil(Math.min(a, b) / 32) + 1
}
