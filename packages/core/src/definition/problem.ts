/** Every kind of problem a definition can have. The code is stable; the message is for people. */
export type ProblemCode =
  // about the text
  | 'source-too-large'
  | 'empty-source'
  | 'syntax'
  | 'nested-too-deeply'
  | 'multiple-documents'
  | 'duplicate-key'
  | 'alias'
  | 'tag'
  // about what it says
  | 'wrong-type'
  | 'unreadable'
  | 'unknown-key'
  | 'missing-name'
  | 'empty-name'
  | 'bad-name'
  | 'surrounding-space'
  | 'bad-character'
  | 'too-long'
  | 'missing-tasks'
  | 'no-tasks'
  | 'too-many-tasks'
  | 'too-many-needs'
  | 'duplicate-name'
  | 'unknown-need'
  | 'duplicate-need'
  | 'self-need'
  | 'cycle'
  | 'bad-duration'
  | 'bad-number'
  | 'missing-limit'
  | 'contradiction'
  | 'bad-failure-process'
  | 'bad-schema'
  // about what it names, among those that are registered
  | 'unknown-failure-process'
  | 'failure-process-cycle'
  // about how it is given
  | 'not-json'
  // stands last, when there are more than are listed
  | 'more-problems'

/** One thing that is wrong with a definition, and where. */
export interface Problem {
  readonly code: ProblemCode
  /** What was expected, what was found, what to do. */
  readonly message: string
  /** RFC 6901 JSON pointer to the value, or to the mapping that something is missing from. */
  readonly pointer: string
  /** 1-based; absent when the definition was not read from text. */
  readonly line?: number
  /** 1-based, counted in UTF-16 code units as editors do; absent when `line` is. */
  readonly column?: number
  /** What was probably meant. */
  readonly suggestion?: string
}

/** A definition that cannot be used. `problems` holds all that is wrong, in the order of the text. */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError'
  readonly code = 'definition-invalid'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(summary(problems))
    this.problems = problems
  }
}

function summary(problems: readonly Problem[]): string {
  const [first] = problems
  if (first === undefined) return 'The definition is not valid'
  const place = first.line === undefined ? first.pointer : `line ${first.line}, column ${first.column}`
  const where = place === '' ? '' : ` (${place})`
  return problems.length === 1
    ? `The definition has a problem${where}: ${first.message}`
    : `The definition has ${problems.length} problems; the first${where}: ${first.message}`
}
