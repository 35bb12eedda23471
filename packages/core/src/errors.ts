import { errorRegistry, type ErrorCode } from '@tunacorn/protocol'

/** What some errors know besides their code. */
export interface ErrorDetails {
  /** For `input-invalid`: what is wrong, by JSON pointer into the input. */
  readonly problems?: readonly InputProblem[] | undefined
  /** For `key-taken`: the process that has the key. */
  readonly processId?: string | undefined
}

export interface InputProblem {
  readonly pointer: string
  readonly message: string
}

/** An error with a stable code from the registry; everything the engine refuses is one. */
export class TunaCornError extends Error {
  readonly code: ErrorCode
  readonly problems: readonly InputProblem[] | undefined
  readonly processId: string | undefined

  constructor(
    code: ErrorCode,
    detail: string = errorRegistry[code].title,
    options: ErrorOptions & ErrorDetails = {},
  ) {
    super(detail, options)
    this.name = 'TunaCornError'
    this.code = code
    this.problems = options.problems
    this.processId = options.processId
  }
}

/** A rejection as an exception. */
export function thrown({
  code,
  detail,
  ...details
}: ErrorDetails & { readonly code: ErrorCode; readonly detail: string }): TunaCornError {
  return new TunaCornError(code, detail, details)
}
