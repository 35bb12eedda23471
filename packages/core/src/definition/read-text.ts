import type { Check, Found } from './read-mapping.js'
import { codePointOf, described } from './wording.js'

/** Control characters, line and paragraph separators, halves of surrogate pairs: nothing that a name shows. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cs}\u2028\u2029]/u

/** As above, but a description may have several lines. */
const NOT_IN_DESCRIPTIONS = /(?![\t\n\r])[\p{Cc}\p{Cs}]/u

/**
 * A present name. What is wrong with it is reported; the name itself is given back even then where it can be
 * told, so that the needs that refer to it are not reported as unknown on top.
 */
export function readName({ value, pointer }: Found, what: string, check: Check): string | undefined {
  const { problems, limits } = check
  if (typeof value !== 'string') {
    problems.add({ code: 'wrong-type', pointer, message: () => notText(value, what) })
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
  }
  if (value.trim() === '') {
    const message = () => `Expected ${what} to have at least one visible character, but found none.`
    problems.add({ code: 'empty-name', pointer, message })
    return undefined
  }
  if (value.trim() !== value) {
    problems.add({
      code: 'surrounding-space',
      pointer,
      message: () => `Expected ${what} without white space around it, but found ${described(value)}.`,
      suggestion: () => value.trim(),
    })
  }
  reportTooLong({ text: value, pointer, what, max: limits.maxNameLength }, check)
  reportCharacter({ text: value, pointer, what, forbidden: NOT_IN_NAMES }, check)
  return value
}

/** A present name of a definition: it stands in URLs too. */
export function readDefinitionName(found: Found, what: string, check: Check): string | undefined {
  const { value, pointer } = found
  // URLs fold these two away, even when escaped: the definition could never be asked for.
  if (value !== '.' && value !== '..') return readName(found, what, check)
  const message = () => `Expected a name that can stand in a URL, but found ${described(value)}.`
  check.problems.add({ code: 'bad-name', pointer, message })
  return undefined
}

/** Free text of several lines; absent is fine. */
export function readDescription({ value, pointer }: Found, check: Check): string | undefined {
  if (value === undefined) return undefined
  const what = 'the description'
  if (typeof value !== 'string') {
    check.problems.add({ code: 'wrong-type', pointer, message: () => notText(value, what) })
    return undefined
  }
  reportTooLong({ text: value, pointer, what, max: check.limits.maxDescriptionLength }, check)
  reportCharacter({ text: value, pointer, what, forbidden: NOT_IN_DESCRIPTIONS }, check)
  return value
}

/** `1`, `true` and `null` are not text in YAML, which surprises people who mean names. */
export function notText(value: unknown, what: string): string {
  const found = `Expected ${what} to be text, but found ${described(value)}.`
  if (typeof value === 'number' || typeof value === 'boolean') {
    return `${found} If that is what it should read, put quotes around it: "${value}".`
  }
  if (value === null) return `${found} Write the text, in quotes if it is the word "null".`
  return found
}

interface Text {
  readonly text: string
  readonly pointer: string
  readonly what: string
}

function reportTooLong({ text, pointer, what, max }: Text & { max: number }, check: Check): void {
  if (text.length <= max) return
  // A character takes at most two units: no need to count through megabytes.
  const length = text.length > 2 * max ? text.length : Array.from(text).length
  if (length <= max) return
  const message = () => `Expected ${what} to have at most ${max} characters, but it has ${length}.`
  check.problems.add({ code: 'too-long', pointer, message })
}

function reportCharacter(
  { text, pointer, what, forbidden }: Text & { forbidden: RegExp },
  check: Check,
): void {
  const match = forbidden.exec(text)
  if (match === null) return
  check.problems.add({
    code: 'bad-character',
    pointer,
    message: () =>
      `Expected only characters that can be shown in ${what}, but found ${codePointOf(match[0])} ` +
      `at its position ${match.index + 1}. Remove it.`,
  })
}
