import { pointerTo } from './pointer.js'
import { type SourceProblem, SourceRefused } from './source-problem.js'
import type { SourceNode, SourceTree } from './source-tree.js'

/** Characters of all keys that lead to a value. */
const MAX_PATH_LENGTH = 4_096

/** Far more than are listed. */
const MAX_PROBLEMS = 1_000

/**
 * The way from the root of a text to where its reader is, and the problems met so far. Each problem repeats the way to
 * it, so both are bounded: else a long key above many mistakes would take the square of the text's length.
 */
export class SourceTrail {
  readonly #problems: SourceProblem[] = []
  readonly #path: (string | number)[] = []
  #length = 0

  /** What `read` gives, and its problems; only these when the text is refused. */
  treeOf(read: () => SourceNode): SourceTree {
    try {
      return { root: read(), problems: this.#problems }
    } catch (error) {
      if (error instanceof SourceRefused) return { problems: [...this.#problems, error.problem] }
      throw error
    }
  }

  get depth(): number {
    return this.#path.length
  }

  /** @param offset of the key or item. @throws SourceRefused */
  enter(step: string | number, offset: number): void {
    this.#path.push(step)
    this.#length += lengthOf(step)
    if (this.#length <= MAX_PATH_LENGTH) return
    const message = `Expected keys of at most ${MAX_PATH_LENGTH} characters, together with those around them, but here are more.`
    throw new SourceRefused({ code: 'too-long', message, offset })
  }

  leave(): void {
    this.#length -= lengthOf(this.#path.pop())
  }

  /** Something is wrong with what was entered last. @throws SourceRefused when too much is. */
  report(problem: Omit<SourceProblem, 'pointer'>): void {
    this.#problems.push({ ...problem, pointer: this.#path.reduce<string>(pointerTo, '') })
    if (this.#problems.length < MAX_PROBLEMS) return
    const message = 'There may be more problems from here on, where reading has stopped. Repair these first.'
    throw new SourceRefused({ code: 'more-problems', message, offset: problem.offset })
  }
}

function lengthOf(step: string | number | undefined): number {
  return typeof step === 'string' ? step.length : 0
}
