import type { Problem, ProblemCode } from './problem.js'

/** A position in the source text, both 1-based. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Where in the text the value (or the key before it) stands that a JSON pointer names. */
export type Locate = (pointer: string, part: 'key' | 'value') => Place | undefined

/** A problem as it is found. Words are made only for those that will be listed. */
export interface Finding {
  readonly code: ProblemCode
  readonly pointer: string
  /** Which part of the text is at fault; the value unless said. */
  readonly part?: 'key' | 'value'
  readonly message: string | (() => string)
  readonly suggestion?: () => string | undefined
  /** For what no pointer leads to, such as a syntax error. */
  readonly place?: Place
}

/** Collects problems, lists no more than `maxProblems` and counts the rest. */
export class ProblemList {
  readonly #maxProblems: number
  readonly #locate: Locate
  readonly #listed: Problem[] = []
  readonly #unusable = new Set<string>()
  #unlisted = 0

  constructor(maxProblems: number, locate: Locate = () => undefined) {
    this.#maxProblems = maxProblems
    this.#locate = locate
  }

  get isEmpty(): boolean {
    return this.#listed.length + this.#unlisted === 0
  }

  add(finding: Finding): void {
    if (this.#unusable.has(finding.pointer)) return
    if (this.#listed.length >= this.#maxProblems) {
      this.#unlisted++
      return
    }
    this.#listed.push(this.#describe(finding))
  }

  /** Adds a problem that leaves nothing to judge at its pointer: whatever else is found there is silenced. */
  addUnusable(finding: Finding): void {
    this.add(finding)
    this.#unusable.add(finding.pointer)
  }

  /** How people find the value that `pointer` names: its line, or the pointer itself. */
  where(pointer: string): string {
    const place = this.#locate(pointer, 'value')
    return place === undefined ? `at ${pointer}` : `on line ${place.line}`
  }

  /** All that is listed, in the order of the text, with a last one that says how many more there are. */
  toArray(): Problem[] {
    const problems = this.#listed.toSorted(byPlace)
    if (this.#unlisted > 0) {
      const message = `There are ${this.#unlisted} more problems, which are not listed. Repair these first.`
      problems.push({ code: 'more-problems', message, pointer: '' })
    }
    return problems
  }

  #describe({ code, pointer, part = 'value', message, suggestion, place }: Finding): Problem {
    const meant = suggestion?.()
    const said = typeof message === 'string' ? message : message()
    return {
      code,
      message: meant === undefined ? said : `${said} Did you mean ${JSON.stringify(meant)}?`,
      pointer,
      ...(place ?? this.#locate(pointer, part)),
      ...(meant !== undefined && { suggestion: meant }),
    }
  }
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
}
