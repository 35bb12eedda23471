import { TunaCornConnectionError, TunaCornHttpError, type ProblemDocument } from '@tunacorn/client'
import { exitCodes, Failure } from './failures.js'

/** What went wrong with a request, for people, and what the command ends with; undefined for any other error. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof TunaCornConnectionError) {
    const message =
      error.code === 'timeout'
        ? `Expected an answer from ${error.url}, but none came in time. Something takes the connection there and is silent: look at the server's log, and at its database.`
        : `${error.message} (--url, TUNACORN_URL; "tunacorn dev" starts one here)`
    return new Failure(message, { cause: error, exitCode: exitCodes.unreachable })
  }
  if (!(error instanceof TunaCornHttpError)) return undefined
  return new Failure(said(error.problem), { cause: error, exitCode: exitCodeOf(error) })
}

function exitCodeOf({ status, code, isNotNow }: TunaCornHttpError): number {
  if (code === 'definition-invalid') return exitCodes.invalidDefinition
  if (status === 400) return exitCodes.usage
  if (status === 404) return exitCodes.notFound
  if (status === 409) return exitCodes.conflict
  return isNotNow ? exitCodes.unreachable : exitCodes.failure
}

/** The server's own words, and those about each field. */
function said({ detail, title, status, errors = [] }: ProblemDocument): string {
  const fields = errors
    .filter(({ message }) => detail?.includes(message) !== true)
    .map(({ pointer, message }) =>
      [pointer, message].filter((part) => part !== undefined && part !== '').join(' '),
    )
  const hint = status === 401 ? ' Give an API key with --key, or in TUNACORN_KEY.' : ''
  const general = `${detail ?? title}${hint}`
  return fields.length === 0 ? general : [general, ...fields.map((field) => `  ${field}`)].join('\n')
}
