import type { ProblemCode } from './problem.js'
import { codePointOf, quoted } from './wording.js'

/** A problem of the text itself, which may have nothing that a pointer leads to. */
export interface SourceProblem {
  readonly code: ProblemCode
  readonly message: string
  readonly offset: number
  readonly pointer: string
  /** True when there is no value to judge at `pointer`. */
  readonly unusable?: boolean
}

/** Ends the reading of a text at a problem that leaves no sense in the rest. */
export class SourceRefused extends Error {
  readonly problem: SourceProblem

  constructor(problem: Omit<SourceProblem, 'pointer'>) {
    super(problem.message)
    this.problem = { ...problem, pointer: '' }
  }
}

/** Deeper than any sensible definition, and safe for readers that recurse. */
export const MAX_DEPTH = 100

export function nestedTooDeeply(offset: number): SourceRefused {
  const message = `Expected at most ${MAX_DEPTH} levels of nesting, but the text is nested too deeply here.`
  return new SourceRefused({ code: 'nested-too-deeply', message, offset })
}

export function emptySource(): SourceProblem {
  const message = 'Expected a definition, but the text is empty. Begin with "tasks:" and a list of tasks.'
  return { code: 'empty-source', message, offset: 0, pointer: '' }
}

export function duplicateKey(key: string, offset: number): Omit<SourceProblem, 'pointer'> {
  const message = `Expected each key once, but ${quoted(key)} stands here again. Remove one of them.`
  return { code: 'duplicate-key', message, offset }
}

export function badCharacter(character: string, offset: number): SourceProblem {
  const message = `Expected text, but found the character ${codePointOf(character)}. Remove it.`
  return { code: 'bad-character', message, offset, pointer: '' }
}
