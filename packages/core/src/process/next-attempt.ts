import type { RetryPolicy } from '../definition/definition.js'
import { retryDelayMs } from '../definition/retry-delay.js'

export interface FailedAttempt {
  /** The first one is 1. */
  readonly attempt: number
  /** Since the first attempt was handed out. */
  readonly elapsedMs: number
  /** From 0 up to 1; only looked at where the delay is the policy's own. */
  readonly random?: number | undefined
  /** Wanted instead of the policy's own delay. */
  readonly wantedMs?: number | undefined
}

/**
 * When the attempt after a failed one may begin, or `undefined` when there is none: `limit` retries follow the first
 * attempt, and each begins before `within` after the first began is over: one that could only begin at that very moment
 * would be judged as soon as it waits. What a worker asks for is cut to the longest delay of the policy, so that no
 * worker can stretch the bound that a process must end by.
 */
export function retryInMs(
  policy: RetryPolicy,
  { attempt, elapsedMs, random = 0, wantedMs }: FailedAttempt,
): number | undefined {
  if (attempt > policy.limit) return undefined
  const inMs =
    wantedMs === undefined ? retryDelayMs(policy, attempt, random) : Math.min(wantedMs, policy.maxDelayMs)
  const isInTime = policy.withinMs === undefined || elapsedMs + inMs < policy.withinMs
  return isInTime ? inMs : undefined
}
