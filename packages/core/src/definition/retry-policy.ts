import type { RetryPolicy } from './definition.js'

/** What is written about retries; durations in milliseconds. */
export interface RetrySettings {
  readonly limit: number
  readonly delay?: number
  readonly factor?: number
  readonly maxDelay?: number
  readonly jitter?: boolean
  readonly within?: number
}

const USUAL = { delayMs: 1_000, factor: 2, maxDelayMs: 3_600_000, jitter: true } as const

/**
 * The policy with everything filled in: delay 1s, factor 2, maxDelay 1h, jitter. The default of a delay gives way
 * to what is written: a first wait is never longer by default than `maxDelay`, nor `maxDelay` shorter than `delay`.
 */
export function retryPolicy({ limit, delay, factor, maxDelay, jitter, within }: RetrySettings): RetryPolicy {
  return Object.freeze({
    limit,
    delayMs: delay ?? Math.min(USUAL.delayMs, maxDelay ?? USUAL.delayMs),
    factor: factor ?? USUAL.factor,
    maxDelayMs: maxDelay ?? Math.max(USUAL.maxDelayMs, delay ?? USUAL.maxDelayMs),
    jitter: jitter ?? USUAL.jitter,
    ...(within !== undefined && { withinMs: within }),
  })
}

/** Whether it is what `retry: 3` stands for. */
export function isUsualPolicy(policy: RetryPolicy): boolean {
  return (
    policy.delayMs === USUAL.delayMs &&
    policy.factor === USUAL.factor &&
    policy.maxDelayMs === USUAL.maxDelayMs &&
    policy.jitter === USUAL.jitter &&
    policy.withinMs === undefined
  )
}
