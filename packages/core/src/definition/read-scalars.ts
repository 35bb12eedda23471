import { parseDuration } from '@tunacorn/protocol'
import { durationAdvice } from './duration-advice.js'
import type { Check, Field, Found } from './read-mapping.js'
import { described } from './wording.js'

/** What a key is called elsewhere. */
type AlsoCalled = Required<Pick<Field<unknown>, 'alsoCalled'>>

/** A key whose value is a duration. Gives milliseconds. */
export function durationField({
  zero,
  alsoCalled,
}: AlsoCalled & { zero: 'allowed' | 'refused' }): Field<number> {
  return { alsoCalled, read: (found, check) => readDuration(found, zero, check) }
}

function readDuration(
  { value, pointer }: Found,
  zero: 'allowed' | 'refused',
  { problems }: Check,
): number | undefined {
  if (value === undefined) return undefined
  const ms = typeof value === 'string' ? parseDuration(value) : undefined
  if (ms === undefined) {
    const message = () =>
      `Expected a duration such as 30s, 5m, 2h or 7d, but found ${described(value)}. ${durationAdvice(value)}`
    problems.add({ code: 'bad-duration', pointer, message })
    return undefined
  }
  if (ms > 0 || zero === 'allowed') return ms
  const message = () =>
    `Expected a duration longer than zero, but found ${described(value)}. Leave the key out for the default.`
  problems.add({ code: 'bad-duration', pointer, message })
  return undefined
}

/** Which numbers are allowed. */
export interface NumberRange {
  readonly what: string
  readonly min: number
  readonly max: number
  readonly whole: boolean
}

export function numberField({ alsoCalled, ...range }: AlsoCalled & NumberRange): Field<number> {
  return { alsoCalled, read: (found, check) => readNumber(found, range, check) }
}

/** Absent is fine. */
export function readNumber(
  { value, pointer }: Found,
  { what, min, max, whole }: NumberRange,
  { problems }: Check,
): number | undefined {
  if (value === undefined) return undefined
  const isInRange = typeof value === 'number' && value >= min && value <= max
  // Zero is added so that -0, which JSON does not carry, becomes 0.
  if (isInRange && (!whole || Number.isInteger(value))) return value + 0
  const message = () => {
    const found = `Expected ${what} to be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, but found ${described(value)}.`
    const isQuoted = typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))
    return isQuoted ? `${found} Write it without quotes.` : found
  }
  problems.add({ code: 'bad-number', pointer, message })
  return undefined
}

/** Absent is fine. */
export function readFlag({ value, pointer }: Found, what: string, { problems }: Check): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  const message = () => `Expected ${what} to be true or false, but found ${described(value)}.`
  problems.add({ code: 'wrong-type', pointer, message })
  return undefined
}
