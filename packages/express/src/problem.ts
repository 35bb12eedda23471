import {
  DefinitionError,
  DefinitionReadError,
  refusalOf,
  TunaCornError,
  type Logger,
  type Problem,
  type Refusal,
} from '@tunacorn/core'
import { errorRegistry, type ErrorCode, type FieldError } from '@tunacorn/protocol'
import type { ServerResponse } from 'node:http'
import { RequestError } from './request-error.js'
import { send } from './send.js'

/** An RFC 9457 problem: what went wrong, for people and, by its `code`, for programs. */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail?: string
  /** Each field of the request that was wrong. */
  readonly errors?: readonly FieldError[]
  /** Everything that is wrong with a definition. */
  readonly problems?: readonly Problem[]
  /** The process that has the key. */
  readonly process?: string
}

export function problemBody(code: ErrorCode, detail?: string): ProblemBody {
  const { status, title } = errorRegistry[code]
  return {
    type: `urn:tunacorn:problem:${code}`,
    title,
    status,
    code,
    ...(detail === undefined || detail === title ? {} : { detail }),
  }
}

/** What the engine refused, with what it said of it. */
export function refusalProblem({ code, detail, problems, processId }: Refusal): ProblemBody {
  return {
    ...problemBody(code, detail),
    ...(processId !== undefined && { process: processId }),
    ...(problems !== undefined && { errors: problems.map(inputError) }),
  }
}

/** What is wrong with an input, as the field of the request that it came in. */
function inputError({ pointer, message }: NonNullable<Refusal['problems']>[number]): FieldError {
  return { in: 'body', pointer: `/input${pointer}`, message }
}

/** Answers with a problem, and with the headers that go with its status. */
export function sendProblem(response: ServerResponse, body: ProblemBody): void {
  if (body.status === 503) response.setHeader('Retry-After', '1')
  // RFC 9110, 15.5.2. A host that asks for something else has said so.
  if (body.status === 401 && !response.hasHeader('WWW-Authenticate'))
    response.setHeader('WWW-Authenticate', 'Bearer')
  send(response, { status: body.status, body, contentType: 'application/problem+json' })
}

/** While the store is away, it is said so often, however many ask. */
const outageToldEveryMs = 30_000

/** Answers with what went wrong. Only what was refused is explained; what broke here is logged, not shown. */
export class Problems {
  readonly #logger: Logger
  #outageToldAt = -Infinity

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** @param logger of this request, where there is one. */
  send(response: ServerResponse, error: unknown, logger: Logger = this.#logger): void {
    if (response.headersSent) {
      response.destroy()
      return
    }
    this.#log(error, logger)
    sendProblem(response, problemOf(error))
  }

  #log(error: unknown, logger: Logger): void {
    const isRefusal = [DefinitionError, RequestError, DefinitionReadError, URIError].some(
      (kind) => error instanceof kind,
    )
    const code = error instanceof TunaCornError ? error.code : isRefusal ? undefined : 'internal'
    if (code === 'internal') logger.error({ err: error }, 'request failed')
    if (code !== 'unavailable' || performance.now() - this.#outageToldAt < outageToldEveryMs) return
    this.#outageToldAt = performance.now()
    logger.warn({ err: error }, 'the store does not answer')
  }
}

function problemOf(error: unknown): ProblemBody {
  if (error instanceof DefinitionError) {
    return { ...problemBody('definition-invalid', error.message), problems: error.problems }
  }
  if (error instanceof RequestError) {
    return { ...problemBody(error.code, error.message), errors: error.errors }
  }
  if (error instanceof TunaCornError && error.code !== 'internal') {
    // Where the store is and why it does not answer is not for clients.
    return error.code === 'unavailable' ? problemBody('unavailable') : refusalProblem(refusalOf(error))
  }
  if (error instanceof DefinitionReadError) return problemBody('unavailable', error.message)
  // Express found the path not to be decodable.
  if (error instanceof URIError) return problemBody('invalid-request', 'Expected a path that can be decoded.')
  return problemBody('internal')
}
