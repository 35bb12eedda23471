import type { ErrorCode } from '@tunacorn/protocol'
import { TunaCornError } from '../errors.js'

/** Why one of many was refused, as an answer rather than an exception. */
export interface Refusal {
  readonly code: ErrorCode
  readonly detail: string
}

/** What the engine refuses is an answer; what broke is thrown on. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof TunaCornError)) throw error
  return { code: error.code, detail: error.message }
}

export function thrown({ code, detail }: Refusal): TunaCornError {
  return new TunaCornError(code, detail)
}
