import {
  errorRegistry,
  isErrorCode,
  type DefinitionProblem,
  type ErrorCode,
  type Problem,
  type Process,
} from '@tunacorn/protocol'

/** RFC 9457, as TunaCorn writes it. `problems` lists what is wrong with a definition (`definition-invalid`). */
export type ProblemDocument = Problem & { problems?: DefinitionProblem[] }

/** Statuses that say "not now": of TunaCorn itself, and of a proxy whose server is being restarted. */
const notNow: readonly number[] = [502, 503, 504]

/** A code that says so: the same start, sent again, finds out what became of the other. */
const inFlight = 'start-in-flight' satisfies ErrorCode

/** TunaCorn, or a proxy before it, answered with an error. */
export class TunaCornHttpError extends Error {
  override readonly name = 'TunaCornHttpError'
  readonly status: number
  /** Stable, for programs: one of the protocol's `ErrorCode`s, or `unknown` when a proxy answered. */
  readonly code: string
  readonly problem: ProblemDocument
  /** Whether the same request may succeed later without anything else having changed. */
  readonly mayRetry: boolean
  /** How long the server asked to be left alone, when it did. */
  readonly retryAfterMs: number | undefined

  constructor(request: string, problem: ProblemDocument, retryAfterMs?: number) {
    super(`${request} was answered ${problem.status} ${problem.code}: ${describe(problem)}`)
    this.status = problem.status
    this.code = problem.code
    this.problem = problem
    this.mayRetry = isErrorCode(problem.code)
      ? errorRegistry[problem.code].mayRetry
      : notNow.includes(problem.status)
    this.retryAfterMs = retryAfterMs
  }

  /** Whether the server said "not now", rather than "no". */
  get isNotNow(): boolean {
    return notNow.includes(this.status) || this.code === inFlight
  }
}

/** What went wrong on the way to the server and back. */
export type ConnectionErrorCode = 'unreachable' | 'timeout' | 'not-tunacorn'

/** No answer of TunaCorn's came: the connection failed, took too long, or something else answered. */
export class TunaCornConnectionError extends Error {
  override readonly name = 'TunaCornConnectionError'
  readonly code: ConnectionErrorCode
  readonly url: string
  /** False when the request certainly was not carried out; true when that is not known. */
  readonly mayHaveArrived: boolean
  readonly mayRetry: boolean

  constructor(code: ConnectionErrorCode, url: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.url = url
    this.mayHaveArrived = !(code === 'unreachable' && neverConnected(cause))
    this.mayRetry = code !== 'not-tunacorn'
  }
}

/** Time was up before a process had ended. It goes on. */
export class ProcessNotEndedError extends Error {
  override readonly name = 'ProcessNotEndedError'
  /** As it was last seen. */
  readonly process: Process

  constructor(process: Process, waitedMs: number) {
    super(
      `Expected process ${process.id} to end within ${waitedMs} ms, but it is ${process.state}. GET /processes/${process.id}/explain says why.`,
    )
    this.process = process
  }
}

function describe(problem: ProblemDocument): string {
  const fields = (problem.errors ?? []).map(({ in: place, pointer, message }) =>
    [place, pointer, message].filter((part) => part !== undefined && part !== '').join(' '),
  )
  const definition = (problem.problems ?? []).map(({ line, column, message }) =>
    line === undefined ? message : `line ${line}:${column ?? 1} ${message}`,
  )
  const details = [...fields, ...definition]
  const shown = details.slice(0, 5).join('; ')
  const more = details.length > 5 ? `; and ${details.length - 5} more` : ''
  const general = problem.detail ?? problem.title
  return details.length === 0 ? general : `${general} (${shown}${more})`
}

/** Errors of the operating system that come before a byte is sent. */
const beforeSending = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH'])

function neverConnected(cause: unknown): boolean {
  const code = systemCode(cause)
  return code !== undefined && beforeSending.has(code)
}

/** The operating system's code of what was thrown; `fetch` wraps it as its `cause`. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  return systemCode(error.cause)
}
