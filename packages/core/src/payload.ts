import { TunaCornError } from './errors.js'

/** Largest input, output or error that is kept, in bytes of its JSON text. */
export const defaultMaxPayloadBytes = 1024 * 1024

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
   * @param value anything that JSON can say; `undefined` means that there is nothing to carry.
   * @throws TunaCornError `payload-refused` when JSON cannot say it, `too-large` beyond `maxBytes`.
   */
  static from(value: unknown, maxBytes = defaultMaxPayloadBytes): Payload | undefined {
    if (value === undefined) return undefined
    if (value instanceof Payload) return value
    const text = print(value)
    const bytes = Buffer.byteLength(text)
    if (bytes > maxBytes) {
      throw new TunaCornError(
        'too-large',
        `Expected a value of at most ${maxBytes} bytes as JSON, but it has ${bytes}. Store it elsewhere and pass a reference.`,
      )
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
