import { formatDuration } from '@tunacorn/protocol'
import type { RetryPolicy } from './definition.js'
import { type Check, type Field, type Found, isMapping, readMapping } from './read-mapping.js'
import { durationField, numberField, type NumberRange, readFlag, readNumber } from './read-scalars.js'
import { retryDelayMs } from './retry-delay.js'
import { type RetrySettings, retryPolicy } from './retry-policy.js'
import { described } from './wording.js'

/** More is no limit any more, and attempts must stay countable. */
const LIMIT: NumberRange = { what: 'the limit of retries', min: 0, max: 1_000_000, whole: true }

/** The keys of a retry policy. A new key of the language is added here, and to `RetryPolicy`. */
export const RETRY_FIELDS = {
  limit: {
    read: readLimit,
    alsoCalled: [
      'attempts',
      'count',
      'max',
      'maxAttempts',
      'maximumAttempts',
      'maxRetries',
      'retries',
      'times',
    ],
  },
  delay: durationField({
    zero: 'allowed',
    alsoCalled: [
      'backoff',
      'initialDelay',
      'initialInterval',
      'interval',
      'intervalSeconds',
      'minDelay',
      'wait',
    ],
  }),
  factor: numberField({
    what: 'the factor',
    min: 1,
    max: 100,
    whole: false,
    alsoCalled: ['backoffCoefficient', 'backoffRate', 'exponent', 'multiplier', 'rate'],
  }),
  maxDelay: durationField({
    zero: 'allowed',
    alsoCalled: ['cap', 'maxBackoff', 'maximumInterval', 'maxInterval', 'maxDelaySeconds', 'maxWait'],
  }),
  jitter: {
    read: (found, check) => readFlag(found, 'jitter', check),
    alsoCalled: ['jitterStrategy', 'randomize', 'spread'],
  },
  within: durationField({
    zero: 'refused',
    alsoCalled: ['deadline', 'expires', 'maxDuration', 'maxElapsed', 'maxElapsedTime', 'timeout', 'until'],
  }),
} satisfies { [K in keyof Required<RetrySettings>]: Field<Required<RetrySettings>[K]> }

/** A number is the limit, and the rest is as usual. Equal policies of one definition are one object. */
export function readRetry(found: Found, check: Check): RetryPolicy | undefined {
  const settings = readSettings(found, check)
  if (settings === undefined) return undefined
  const key = JSON.stringify(Object.values({ ...NOTHING, ...settings }))
  const known = check.retryPolicies.get(key)
  if (known !== undefined) return known
  const policy = retryPolicy(settings)
  reportContradictions(policy, found.pointer, check)
  // One that has problems is not kept: they are reported wherever it is written.
  if (check.problems.isEmpty) check.retryPolicies.set(key, policy)
  return policy
}

/** Gives the keys of all settings one order. */
const NOTHING = {
  limit: undefined,
  delay: undefined,
  factor: undefined,
  maxDelay: undefined,
  jitter: undefined,
  within: undefined,
}

function readSettings(found: Found, check: Check): RetrySettings | undefined {
  const { value, pointer } = found
  if (value === undefined) return undefined
  if (typeof value !== 'number' && !isMapping(value)) {
    check.problems.add({ code: 'wrong-type', pointer, message: () => notRetry(value) })
    return undefined
  }
  if (typeof value === 'number') {
    const limit = readNumber(found, LIMIT, check)
    return limit === undefined ? undefined : { limit }
  }
  const written = readMapping(value, pointer, { what: 'retry', fields: RETRY_FIELDS }, check)
  if (written === undefined) return undefined
  const { limit, ...others } = written
  return limit === undefined ? undefined : { limit, ...others }
}

function readLimit(found: Found, check: Check): number | undefined {
  if (found.value !== undefined) return readNumber(found, LIMIT, check)
  const message = 'Expected retry to have a limit, but found none. Say how many retries: "limit: 3".'
  check.problems.add({ code: 'missing-limit', pointer: found.owner, message })
  return undefined
}

function notRetry(value: unknown): string {
  const keys = Object.keys(RETRY_FIELDS).join(', ')
  const found = `Expected retry to be a number of retries, or a mapping (with the keys ${keys}), but found ${described(value)}.`
  return value === false ? `${found} Write retry: 0.` : `${found} Write, for example, retry: 3.`
}

/** Only where both sides are written can they contradict each other: defaults give way. */
function reportContradictions(policy: RetryPolicy, pointer: string, { problems }: Check): void {
  const { limit, delayMs, maxDelayMs, withinMs } = policy
  if (maxDelayMs < delayMs) {
    const message = () =>
      `Expected maxDelay to be at least the delay, ${formatDuration(delayMs)}, but found ${formatDuration(maxDelayMs)}.`
    problems.add({ code: 'contradiction', pointer: `${pointer}/maxDelay`, message })
    return
  }
  const firstWaitMs = retryDelayMs(policy, 1, 0)
  if (limit === 0 || withinMs === undefined || withinMs >= firstWaitMs) return
  const message = () =>
    `Expected within to leave time for a retry, which waits at least ${formatDuration(firstWaitMs)}, ` +
    `but found ${formatDuration(withinMs)}. Write a shorter delay, or a longer within.`
  problems.add({ code: 'contradiction', pointer: `${pointer}/within`, message })
}
