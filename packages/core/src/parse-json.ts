import { TunaCornError } from './errors.js'

/**
 * How deep a body may be nested: a payload may be 64 levels deep, and what stands around it is less than eight. So
 * nothing behind this needs to fear for its stack.
 */
export const maxBodyDepth = 72

/**
 * JSON that is understood as it was written: `JSON.parse` would round `12345678901234567890`, which is somebody's
 * order number, make `1e999` null once it is printed, and keep the last of two values with the same key.
 *
 * @throws TunaCornError `malformed-json`; `payload-refused` for what would become something else, or is too deep.
 */
export function parseJson(text: string): unknown {
  const value = parse(text)
  new Review(text).run()
  return value
}

/** The same bound for what a host has parsed. */
export function refuseTooDeep(value: unknown): void {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxBodyDepth) throw tooDeep()
    level = level.flatMap((each): unknown[] =>
      typeof each === 'object' && each !== null ? Object.values(each) : [],
    )
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TunaCornError('malformed-json', `Expected a body in JSON, but: ${(cause as Error).message}.`, {
      cause,
    })
  }
}

const quote = 34
const backslash = 92
const comma = 44
const minus = 45
const zero = 48
const nine = 57
const openingBracket = 91
const closingBracket = 93
const openingBrace = 123
const closingBrace = 125

/** One walk through text that is known to be JSON. */
class Review {
  readonly #text: string
  /** For each list or mapping that is open, the keys so far; a list has none. */
  readonly #open: (Set<string> | undefined)[] = []
  #at = 0
  #isKeyNext = false

  constructor(text: string) {
    this.#text = text
  }

  run(): void {
    while (this.#at < this.#text.length) this.#look(this.#text.charCodeAt(this.#at))
  }

  #look(code: number): void {
    if (code === quote) this.#string()
    else if (code === minus || (code >= zero && code <= nine)) this.#number()
    else {
      if (code === openingBrace) this.#enter(new Set())
      else if (code === openingBracket) this.#enter(undefined)
      else if (code === closingBrace || code === closingBracket) this.#open.pop()
      else if (code === comma) this.#isKeyNext = this.#open.at(-1) !== undefined
      this.#at += 1
    }
  }

  #enter(keys: Set<string> | undefined): void {
    this.#open.push(keys)
    this.#isKeyNext = keys !== undefined
    if (this.#open.length > maxBodyDepth) throw tooDeep()
  }

  #string(): void {
    const begin = this.#at
    this.#at = endOfString(this.#text, begin)
    if (!this.#isKeyNext) return
    this.#isKeyNext = false
    const keys = this.#open.at(-1)
    const written = this.#text.slice(begin, this.#at)
    const key: string = written.includes('\\') ? JSON.parse(written) : written.slice(1, -1)
    if (keys?.has(key) === true) throw repeated(key)
    keys?.add(key)
  }

  #number(): void {
    const begin = this.#at
    let hasExponent = false
    for (; isOfNumber(this.#text.charCodeAt(this.#at)); this.#at += 1)
      hasExponent ||= (this.#text.charCodeAt(this.#at) | 32) === 101
    const length = this.#at - begin
    const isBelowOne = this.#text.startsWith('-0', begin)
    if (length > 15 || hasExponent || isBelowOne) refuseIfChanged(this.#text.slice(begin, this.#at))
  }
}

/** Where what follows it begins. */
function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf('"', begin + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1
    if (slashes % 2 === 0) return end + 1
  }
}

/** `+`, `-`, `.`, digits, `e`, `E` */
function isOfNumber(code: number): boolean {
  return (code >= zero && code <= nine) || code === 43 || code === minus || code === 46 || (code | 32) === 101
}

function refuseIfChanged(written: string): void {
  const number = Number(written)
  if (Number.isFinite(number) && !Object.is(number, -0)) {
    const given = decimalOf(written)
    const kept = decimalOf(String(number))
    if (given.digits === kept.digits && given.exponent === kept.exponent) return
    // Some languages print all the seventeen digits that tell any two doubles apart. A whole number is meant as it is.
    if (given.exponent < 0 && number !== 0 && [16, 17].includes(given.digits.length)) return
  }
  throw new TunaCornError(
    'payload-refused',
    `Expected numbers that stay as they are, but ${shown(written)} would become ${String(number)}. Send it as a string.`,
  )
}

/** `digits` × 10 ^ `exponent`, without zeros at either end of the digits; the sign aside. */
function decimalOf(written: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', power = '0'] = written.split(/[eE]/)
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const all = (whole + fraction).replace(/^0+/, '')
  const digits = withoutZerosAtEnd(all)
  if (digits === '') return { digits, exponent: 0 }
  return { digits, exponent: Number(power) - fraction.length + all.length - digits.length }
}

/** Not by /0+$/, which looks at each row of zeros to its end. */
function withoutZerosAtEnd(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}

function repeated(key: string): TunaCornError {
  const message = `Expected each key of a mapping once, but found ${shown(JSON.stringify(key))} twice. Only one of the two would be kept.`
  return new TunaCornError('payload-refused', message)
}

function tooDeep(): TunaCornError {
  const message = `Expected a body nested at most ${maxBodyDepth} levels deep, but it is deeper.`
  return new TunaCornError('payload-refused', message)
}

function shown(written: string): string {
  return written.length <= 40 ? written : `${written.slice(0, 40)}…`
}
