import * as fc from 'fast-check'
import { maxDurationMs } from '@tunacorn/protocol'
import { expect, test } from 'vitest'
import { retryDelayMs } from '../../src/definition/retry-delay.js'
import { retryPolicy } from '../../src/definition/retry-policy.js'

const policies = fc
  .record({
    limit: fc.constant(1_000_000),
    delay: fc.integer({ min: 0, max: maxDurationMs }),
    more: fc.integer({ min: 0, max: maxDurationMs }),
    factor: fc.double({ min: 1, max: 100, noNaN: true }),
    jitter: fc.boolean(),
  })
  .map(({ delay, more, ...others }) =>
    retryPolicy({ ...others, delay, maxDelay: Math.min(maxDurationMs, delay + more) }),
  )
const attempts = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 1_000_001 }))
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('a wait is a whole number of milliseconds between half the formula and all of it, at any attempt', () => {
  fc.assert(
    fc.property(policies, attempts, randoms, (policy, attempt, random) => {
      const full = retryDelayMs({ ...policy, jitter: false }, attempt, random)
      const wait = retryDelayMs(policy, attempt, random)
      expect(Number.isSafeInteger(wait)).toBe(true)
      expect(full).toBeLessThanOrEqual(policy.maxDelayMs)
      expect(wait).toBeLessThanOrEqual(full)
      expect(wait).toBeGreaterThanOrEqual(policy.jitter ? Math.floor(full / 2) : full)
    }),
    { numRuns: 5_000 },
  )
})

test('waits grow by the factor up to the longest', () => {
  const policy = retryPolicy({ limit: 9, delay: 10_000, factor: 2, maxDelay: 60_000, jitter: false })
  const waits = [1, 2, 3, 4, 5, 1_000_000].map((attempt) => retryDelayMs(policy, attempt, 0))
  expect(waits).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000])
})

test('a wait of nothing stays nothing, and is a number', () => {
  expect(retryDelayMs(retryPolicy({ limit: 1, delay: 0 }), 1_000_000, 0.5)).toBe(0)
})

test('jitter spreads from half to all', () => {
  const policy = retryPolicy({ limit: 1, delay: 1_000 })
  expect([0, 0.5, 0.999_9].map((random) => retryDelayMs(policy, 1, random))).toEqual([500, 750, 1_000])
})
