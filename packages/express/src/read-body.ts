import type { IncomingMessage } from 'node:http'
import { refuseTooDeep, TunaCornError } from '@tunacorn/core'

/** A body as it came, or as the host's parsers left it. */
export type Body =
  | { readonly kind: 'text'; readonly text: string; readonly mediaType: string }
  | { readonly kind: 'parsed'; readonly value: unknown; readonly mediaType: string }

/** Bodies on their way, within what they may hold together: many that come slowly shall not take all memory. */
export class Bodies {
  readonly #maxBytes: number
  readonly #maxHeldBytes: number
  #heldBytes = 0

  /**
   * @param maxBytes of one body
   * @param maxHeldBytes of all that have not come to their end
   */
  constructor(maxBytes: number, maxHeldBytes: number) {
    this.#maxBytes = maxBytes
    this.#maxHeldBytes = maxHeldBytes
  }

  /**
   * Before anything else is done for a request, also before it is asked who sends it.
   *
   * @throws TunaCornError `too-large` for a body that says that it is, unless the host has read it already.
   */
  refuseAnnounced(request: IncomingMessage): void {
    if (request.readableDidRead) return
    if (Number(request.headers['content-length'] ?? 0) > this.#maxBytes) throw this.#tooLarge()
  }

  /**
   * Reads a body, unless the host has already: then what it made of it is taken.
   *
   * @throws TunaCornError `too-large` before more of it is held than may be; `too-many-waiting` when all of them together
   *   hold as much as they may; `unsupported-media-type` for an encoding or character set other than plain UTF-8;
   *   `malformed-json` for bytes that are not UTF-8; `invalid-request` for a body that breaks off.
   */
  async read(request: IncomingMessage & { body?: unknown }): Promise<Body> {
    const [mediaType = '', ...parameters] = (request.headers['content-type'] ?? '')
      .split(';')
      .map((part) => part.trim().toLowerCase())
    if (request.readableDidRead) return takeParsed(request.body, mediaType, parameters)
    refuseCompressed(request.headers['content-encoding'])
    refuseOtherCharsets(parameters)
    return { kind: 'text', text: decode(await this.#collect(request)), mediaType }
  }

  /** Leaves the request as it is when it gives up, so that what is left can still be let go by. */
  #collect(request: IncomingMessage): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let bytes = 0
      const take = (chunk: Buffer) => {
        bytes += chunk.length
        this.#heldBytes += chunk.length
        if (bytes > this.#maxBytes) giveUp(this.#tooLarge())
        else if (this.#heldBytes > this.#maxHeldBytes) giveUp(this.#tooMany())
        else chunks.push(chunk)
      }
      const end = () => {
        this.#heldBytes -= bytes
        bytes = 0
        request.off('data', take)
        request.off('close', breakOff)
        request.off('end', finish)
      }
      const giveUp = (error: TunaCornError) => {
        end()
        reject(error)
      }
      const finish = () => {
        end()
        const [only = Buffer.alloc(0), ...others] = chunks
        resolve(others.length === 0 ? only : Buffer.concat(chunks))
      }
      const breakOff = (cause?: Error) => {
        const message = 'Expected the whole body, but it breaks off.'
        giveUp(new TunaCornError('invalid-request', message, { cause }))
      }
      request.on('data', take)
      request.once('end', finish)
      // Stays until the end: an error that nobody hears ends the program.
      request.once('error', breakOff)
      request.once('close', breakOff)
    })
  }

  #tooLarge(): TunaCornError {
    return new TunaCornError(
      'too-large',
      `Expected a body of at most ${this.#maxBytes} bytes, but it is larger.`,
    )
  }

  #tooMany(): TunaCornError {
    const message = `Expected at most ${this.#maxHeldBytes} bytes of bodies on their way at once, but there are more. Send it again in a second.`
    return new TunaCornError('too-many-waiting', message)
  }
}

/** Text and values have been unpacked and decoded; bytes only unpacked. */
function takeParsed(value: unknown, mediaType: string, parameters: readonly string[]): Body {
  if (typeof value === 'string') return { kind: 'text', text: value, mediaType }
  if (!Buffer.isBuffer(value)) {
    refuseTooDeep(value)
    return { kind: 'parsed', value, mediaType }
  }
  refuseOtherCharsets(parameters)
  return { kind: 'text', text: decode(value), mediaType }
}

function refuseCompressed(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return
  throw new TunaCornError(
    'unsupported-media-type',
    `Expected a body that is not compressed, but its Content-Encoding is ${JSON.stringify(encoding)}.`,
  )
}

function refuseOtherCharsets(parameters: readonly string[]): void {
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length)
  if (charset === undefined || /^"?utf-?8"?$/.test(charset)) return
  throw new TunaCornError(
    'unsupported-media-type',
    `Expected a body in UTF-8, but its charset is ${charset}.`,
  )
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new TunaCornError('malformed-json', 'Expected a body in UTF-8, but found bytes that are not.', {
      cause,
    })
  }
}
