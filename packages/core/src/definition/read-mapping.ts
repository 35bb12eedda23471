import type { DefinitionLimits, RetryPolicy } from './definition.js'
import { pointerTo } from './pointer.js'
import type { ProblemList } from './problem-list.js'
import { Suggester } from './suggest.js'
import { described, isList, quoted } from './wording.js'

/** What one check of a definition shares among its parts. */
export interface Check {
  readonly limits: DefinitionLimits
  readonly requireName: boolean
  readonly problems: ProblemList
  /** Needs read so far, of all tasks. */
  needsRead: number
  /** Retry policies read so far, by what they say: 100,000 tasks that say the same share one. */
  readonly retryPolicies: Map<string, RetryPolicy>
}

/** A value found under a key. */
export interface Found {
  /** `undefined` when the key is absent. */
  readonly value: unknown
  /** Pointer to the value. */
  readonly pointer: string
  /** Pointer to the mapping, for what is missing from it. */
  readonly owner: string
}

/** A key of the language: how its value is read, and what people mistakenly call it. */
export interface Field<T> {
  /** Reports what is wrong; `undefined` when there is no usable value. Called for an absent key too. */
  readonly read: (found: Found, check: Check) => T | undefined
  readonly alsoCalled?: readonly string[]
}

/** The keys of a mapping, given the values that they hold. */
type Fields<V> = { readonly [K in keyof V]: Field<V[K]> }

/**
 * Reads a mapping of known keys. Only own enumerable keys count, and each value is read once, so that neither
 * prototypes nor getters can show the check one thing and the definition another.
 */
export function readMapping<V>(
  value: unknown,
  pointer: string,
  { what, fields }: { what: string; fields: Fields<V> },
  check: Check,
): Partial<V> | undefined {
  const keys = ownKeys(value)
  if (keys === undefined) {
    const known = Object.keys(fields).join(', ')
    check.problems.add({
      code: 'wrong-type',
      pointer,
      message: () =>
        `Expected ${what} to be a mapping (with the keys ${known}), but found ${described(value)}.`,
    })
    return undefined
  }
  reportUnknownKeys(keys, pointer, { what, fields }, check)
  const values: Partial<V> = {}
  for (const key in fields) {
    const at = `${pointer}/${key}`
    const read = keys.includes(key) ? readSafely(() => Reflect.get(Object(value), key), at, check) : ABSENT
    const usable = read && fields[key].read({ value: read.value, pointer: at, owner: pointer }, check)
    if (usable !== undefined) values[key] = usable
  }
  return values
}

/**
 * The items of a list, each read once, holes as `undefined`. `undefined` for what is not a list (the caller
 * words that), cannot be read, or is longer than `max`.
 */
export function readList(
  value: unknown,
  pointer: string,
  { max, tooLong }: { max: number; tooLong: (length: number) => undefined },
  check: Check,
): unknown[] | undefined {
  if (!isList(value)) return undefined
  return readSafely(
    () => {
      const length = value.length
      if (length > max) return tooLong(length)
      const items: unknown[] = []
      for (let index = 0; index < length; index++) items.push(value[index])
      return items
    },
    pointer,
    check,
  )?.value
}

/** Whether a value has keys, and so is not a list. */
export function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isList(value)
}

/** Own enumerable ones; `undefined` for what is not a mapping, or does not tell. */
export function ownKeys(value: unknown): string[] | undefined {
  if (!isMapping(value)) return undefined
  try {
    return Object.keys(value)
  } catch {
    return undefined
  }
}

export function readSafely<T>(read: () => T, pointer: string, check: Check): { value: T } | undefined {
  try {
    return { value: read() }
  } catch {
    const message = 'Expected a value that can be read, but reading it threw an error. Pass plain data.'
    check.problems.addUnusable({ code: 'unreadable', pointer, message })
    return undefined
  }
}

/** Stands for a key that is not there. */
const ABSENT = { value: undefined }

function reportUnknownKeys(
  keys: readonly string[],
  owner: string,
  { what, fields }: { what: string; fields: Readonly<Record<string, Field<unknown>>> },
  check: Check,
): void {
  for (const key of keys) {
    if (Object.hasOwn(fields, key)) continue
    check.problems.add({
      code: 'unknown-key',
      pointer: pointerTo(owner, key),
      part: 'key',
      message: () =>
        `Expected only the keys ${Object.keys(fields).join(', ')} in ${what}, but found ${quoted(key)}.`,
      suggestion: () => keyMeantBy(key, fields),
    })
  }
}

function keyMeantBy(key: string, fields: Readonly<Record<string, Field<unknown>>>): string | undefined {
  const wanted = simplified(key)
  const known = Object.entries(fields).find(([name, { alsoCalled = [] }]) =>
    [name, ...alsoCalled].some((spelling) => simplified(spelling) === wanted),
  )
  return known?.[0] ?? new Suggester(Object.keys(fields)).closest(key)
}

/** `max_retries`, `max-retries` and `MaxRetries` are one word to people. */
function simplified(key: string): string {
  return key.toLowerCase().replaceAll(/[-_ ]/g, '')
}
