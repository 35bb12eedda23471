/** What the command ends with; docs/cli.md says what each means. */
export const exitCodes = {
  success: 0,
  failure: 1,
  usage: 2,
  invalidDefinition: 3,
  notFound: 4,
  conflict: 5,
  unreachable: 69,
} as const

/** It cannot be done, for a reason outside of the code: said in one line, without a stack. */
export class Failure extends Error {
  override readonly name: string = 'Failure'
  readonly exitCode: number

  constructor(
    message: string,
    { cause, exitCode = exitCodes.failure }: { cause?: unknown; exitCode?: number } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.exitCode = exitCode
  }
}

/** The command was called in a way that it does not understand. */
export class UsageError extends Failure {
  override readonly name = 'UsageError'

  constructor(message: string) {
    super(message, { exitCode: exitCodes.usage })
  }
}

/** The `code` of an error of Node's, like EADDRINUSE. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
