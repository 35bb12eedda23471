import type { RetryPolicy } from './definition.js'

/**
 * The wait after a failed attempt, in whole milliseconds: `full = min(maxDelay, delay × factor^(attempt − 1))`;
 * with jitter, `full / 2 + random × full / 2`, so between half and all of it. That is "equal jitter" of Marc
 * Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: what failed together spreads out, and
 * yet nothing comes back at once. Finite, and never more than `maxDelay`, whatever the attempt.
 *
 * @param attempt the one that failed; the first is 1.
 * @param random at least 0, below 1.
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random: number): number {
  const full = fullDelayMs(policy, attempt)
  return Math.round(policy.jitter ? (full / 2) * (1 + random) : full)
}

function fullDelayMs({ delayMs, factor, maxDelayMs }: RetryPolicy, attempt: number): number {
  // 0 × Infinity would be no number.
  if (delayMs === 0) return 0
  return Math.min(maxDelayMs, delayMs * factor ** Math.max(0, attempt - 1))
}
