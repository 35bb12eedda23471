import type { JsonValue } from './json-value.js'
import { pointerTo } from './pointer.js'
import { type Check, isMapping, ownKeys, readList, readSafely } from './read-mapping.js'
import { codePointOf, described, isList } from './wording.js'

/** JSON can say them, but few can store them. */
// oxlint-disable-next-line no-control-regex
const BAD_CHARACTERS = /[\u0000\p{Cs}]/u

/** How much JSON is taken. */
export interface JsonLimits {
  readonly what: string
  /** UTF-8 bytes of its shortest text. */
  readonly maxBytes: number
  /** Levels of lists and mappings; also what keeps values that contain themselves from being read for ever. */
  readonly maxDepth: number
}

/**
 * A frozen copy of a value that JSON can carry, each part of it read once. Reports what is none, or is too large
 * or too deep, and then gives nothing back.
 */
export function readJsonValue(
  value: unknown,
  pointer: string,
  limits: JsonLimits,
  check: Check,
): JsonValue | undefined {
  const tooLarge = (): undefined => {
    const message = `Expected ${limits.what} to have at most ${limits.maxBytes} bytes as JSON, but it has more.`
    check.problems.addUnusable({ code: 'too-long', pointer, message })
  }
  const copy = new JsonCopier(limits, check, tooLarge).copy(value, pointer, 1)
  if (copy === undefined) return undefined
  return Buffer.byteLength(JSON.stringify(copy)) > limits.maxBytes ? tooLarge() : copy
}

class JsonCopier {
  readonly #limits: JsonLimits
  readonly #check: Check
  readonly #tooLarge: () => undefined
  /** Characters that there may still be, at least: stops values that are far too large early. */
  #left: number

  constructor(limits: JsonLimits, check: Check, tooLarge: () => undefined) {
    this.#limits = limits
    this.#check = check
    this.#tooLarge = tooLarge
    this.#left = limits.maxBytes
  }

  /** `undefined` once anything is wrong with it. */
  copy(value: unknown, pointer: string, depth: number): JsonValue | undefined {
    this.#left -= typeof value === 'string' ? value.length + 2 : 1
    if (this.#left < 0) return this.#tooLarge()
    if (value === null || typeof value === 'boolean') return value
    if (typeof value === 'string') return this.#isText(value, pointer) ? value : undefined
    // Zero is added so that -0, which JSON does not carry, becomes 0.
    if (typeof value === 'number' && Number.isFinite(value)) return value + 0
    if (!isList(value) && !isMapping(value)) return this.#refuse(value, pointer)
    if (depth > this.#limits.maxDepth) return this.#tooDeep(pointer)
    return isList(value) ? this.#copyList(value, pointer, depth) : this.#copyMapping(value, pointer, depth)
  }

  #copyList(value: unknown, pointer: string, depth: number): JsonValue | undefined {
    const max = Math.max(0, this.#left)
    const items = readList(value, pointer, { max, tooLong: this.#tooLarge }, this.#check)
    const copies: JsonValue[] = []
    for (const [index, item] of items?.entries() ?? []) {
      const copy = this.copy(item, pointerTo(pointer, index), depth + 1)
      if (copy === undefined && this.#left < 0) return undefined
      if (copy !== undefined) copies.push(copy)
    }
    return copies.length === items?.length ? Object.freeze(copies) : undefined
  }

  #copyMapping(value: object, pointer: string, depth: number): JsonValue | undefined {
    const keys = ownKeys(value)
    if (keys === undefined) return this.#refuse(value, pointer)
    const entries: [string, JsonValue][] = []
    let isWhole = true
    for (const key of keys) {
      this.#left -= key.length + 3
      const at = pointerTo(pointer, key)
      const read = readSafely((): unknown => Reflect.get(value, key), at, this.#check)
      // As in JSON.stringify, and as programs write what is not there.
      if (read !== undefined && read.value === undefined) continue
      const copy = read && this.copy(read.value, at, depth + 1)
      if (copy === undefined && this.#left < 0) return undefined
      if (copy === undefined || !this.#isText(key, at)) isWhole = false
      else entries.push([key, copy])
    }
    // Defines properties: a key `__proto__` is a key like others.
    return isWhole ? Object.freeze(Object.fromEntries(entries)) : undefined
  }

  #isText(text: string, pointer: string): boolean {
    const [character] = BAD_CHARACTERS.exec(text) ?? []
    if (character === undefined) return true
    const message = `Expected text that can be stored, but found the character ${codePointOf(character)}. Remove it.`
    this.#check.problems.add({ code: 'bad-character', pointer, message })
    return false
  }

  #refuse(value: unknown, pointer: string): undefined {
    const message = () =>
      `Expected ${this.#limits.what} to be plain JSON, but found ${described(value)}, which JSON cannot say.`
    this.#check.problems.add({ code: 'not-json', pointer, message })
  }

  #tooDeep(pointer: string): undefined {
    const { what, maxDepth } = this.#limits
    const message = `Expected at most ${maxDepth} levels of nesting in ${what}, but there are more here.`
    this.#check.problems.add({ code: 'nested-too-deeply', pointer, message })
    this.#left = -1
  }
}
