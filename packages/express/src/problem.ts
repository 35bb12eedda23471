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

/** Answers with what went wrong. Only what was refused is explained; what broke here is logged, not shown. */
export function sendProblem(response: ServerResponse, error: unknown, logger: Logger): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = problemOf(error, logger)
  if (body.status === 503) response.setHeader('Retry-After', '1')
  send(response, { status: body.status, body, contentType: 'application/problem+json' })
}

function problemOf(error: unknown, logger: Logger): ProblemBody {
  if (error instanceof DefinitionError) {
    return { ...problemBody('definition-invalid', error.message), problems: error.problems }
  }
  if (error instanceof RequestError) {
    return { ...problemBody(error.code, error.message), errors: error.errors }
  }
  if (error instanceof TunaCornError && error.code !== 'internal') {
    if (error.code === 'unavailable') {
      // Where the store is and why it does not answer is not for clients.
      logger.warn({ err: error }, 'the store does not answer')
      return problemBody('unavailable')
    }
    return refusalProblem(refusalOf(error))
  }
  if (error instanceof DefinitionReadError) return problemBody('unavailable', error.message)
  // Express found the path not to be decodable.
  if (error instanceof URIError) return problemBody('invalid-request', 'Expected a path that can be decoded.')
  logger.error({ err: error }, 'request failed')
  return problemBody('internal')
}
