import { TunaCornError } from '../errors.js'

export interface Page<T> {
  readonly items: readonly T[]
  /** Where the next page begins, to be given as its cursor; absent on the last. */
  readonly next: string | undefined
}

export interface PageRequest {
  /** `next` of the page before. */
  readonly cursor?: string | undefined
  /** How many at most; 100 when absent. */
  readonly limit?: number | undefined
}

export const defaultPageLimit = 100

/** A page ends early when what its items carry is more than this, in characters. */
export const maxPageCharacters = 8 * 1024 * 1024

/** How many items with payloads are read at once: what a page may not hold shall not be read either. */
export const payloadsReadAtOnce = 50

/** A page of what was found when one more than `limit` was asked for. */
export function page<T>(found: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, next: found.length > limit && last !== undefined ? cursorOf(last) : undefined }
}

/** Versions of definitions and places of tasks are counted in 32 bits. */
const maxNumber = 2_147_483_647

/** For cursors that are numbers. */
export function wholeNumber(cursor: string): number {
  if (!/^\d{1,15}$/.test(cursor)) throw badCursor(cursor)
  return Math.min(Number(cursor), maxNumber)
}

export function badCursor(cursor: string): TunaCornError {
  return new TunaCornError(
    'invalid-request',
    `Expected the cursor that the page before gave, but found ${JSON.stringify(cursor)}.`,
  )
}
