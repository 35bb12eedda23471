import { jsonLoss } from '@tunacorn/protocol'
import { TunaCornError } from './errors.js'

/** Largest input, output or error that is kept, in bytes of its JSON text. */
export const defaultMaxPayloadBytes = 1024 * 1024

/** How deep lists and mappings may be nested: what is deeper cannot be printed again inside an answer. */
const maxDepth = 64

/**
 * A JSON value on its way through the house. It is carried as the text that is stored, so that it is neither
 * parsed nor printed where nobody looks into it, and two readers never share a reference.
 */
export class Payload {
  readonly text: string

  private constructor(text: string) {
    this.text = text
  }

  /**
   * @param value anything that JSON can say; `undefined` means that there is nothing to carry. What has a `toJSON`, such
   *   as a `Date`, is carried as what that says.
   * @throws TunaCornError `payload-refused` when JSON cannot say it, or would change it; `too-large` beyond `maxBytes`.
   */
  static from(value: unknown, maxBytes = defaultMaxPayloadBytes): Payload | undefined {
    if (value === undefined) return undefined
    if (value instanceof Payload) return value
    const text = print(value)
    if (isDeeperThan(text, maxDepth)) throw tooDeep()
    const bytes = Buffer.byteLength(text)
    if (bytes > maxBytes) {
      throw new TunaCornError(
        'too-large',
        `Expected a value of at most ${maxBytes} bytes as JSON, but it has ${bytes}. Store it elsewhere and pass a reference.`,
      )
    }
    // Once it is known to be neither deep nor large.
    const loss = jsonLoss(value)
    if (loss !== undefined) {
      throw new TunaCornError('payload-refused', `Expected a value that JSON can say, but found ${loss}.`)
    }
    return new Payload(text)
  }

  /** For stores: text that was once a payload's. */
  static fromStored(text: string): Payload {
    return new Payload(text)
  }

  /** A fresh copy of the value. */
  value(): unknown {
    return JSON.parse(this.text)
  }

  toJSON(): unknown {
    return this.value()
  }
}

function print(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    // Printing goes down level by level.
    if (cause instanceof RangeError) throw tooDeep()
    throw new TunaCornError('payload-refused', `Expected a value that JSON can say, but ${String(cause)}`, {
      cause,
    })
  }
  if (text === undefined) {
    throw new TunaCornError(
      'payload-refused',
      `Expected a value that JSON can say, but found a ${typeof value}.`,
    )
  }
  return text
}

function tooDeep(): TunaCornError {
  const message = `Expected a value nested at most ${maxDepth} levels deep, but it is deeper.`
  return new TunaCornError('payload-refused', message)
}

const quote = 34
const backslash = 92
const opening = new Set([91, 123]) // [ {
const closing = new Set([93, 125]) // ] }

/** Of JSON text: counts brackets outside of strings. */
function isDeeperThan(text: string, limit: number): boolean {
  // That many levels take as many brackets to open, and to close.
  if (text.length <= 2 * limit) return false
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (opening.has(code)) depth += 1
    else if (closing.has(code)) depth -= 1
    if (depth > limit) return true
  }
  return false
}

/** Where the string that begins here ends. */
function endOfString(text: string, begin: number): number {
  for (let at = begin + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) return at
    if (code === backslash) at += 1
  }
  return text.length
}
