import type { Rejection } from '../process/decision.js'
import { TunaCornError } from '../errors.js'

/** Why one of many was refused, as an answer rather than an exception. */
export type Refusal = Rejection

/** What the engine refuses is an answer; what broke is thrown on. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof TunaCornError)) throw error
  const { code, message: detail, problems, processId } = error
  return { code, detail, problems, processId }
}
