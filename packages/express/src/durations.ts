import { formatDuration, parseDuration, type FieldError } from '@tunacorn/protocol'
import { RequestError } from './request-error.js'

export interface DurationBounds {
  readonly leastMs: number
  readonly mostMs: number
}

export const leaseBounds: DurationBounds = { leastMs: 100, mostMs: 86_400_000 }
export const waitBounds: DurationBounds = { leastMs: 0, mostMs: 60_000 }
/** The longest wait that a retry policy may have. */
export const retryBounds: DurationBounds = { leastMs: 0, mostMs: 365 * 86_400_000 }

/**
 * Milliseconds of a duration whose form the schema has checked; that it is not too short or long is checked here.
 * @throws RequestError that names the field.
 */
export function durationWithin(
  { leastMs, mostMs }: DurationBounds,
  place: NonNullable<FieldError['in']>,
  pointer: string,
  duration: string | undefined,
): number | undefined {
  if (duration === undefined) return undefined
  const ms = parseDuration(duration)
  if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms
  const message = `must be from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`
  throw new RequestError([{ in: place, pointer, message }])
}
