import type { IncomingMessage } from 'node:http'
import { refuseTooDeep, TunaCornError } from '@tunacorn/core'

/** A body as it came, or as the host's parsers left it. */
export type Body =
  | { readonly kind: 'text'; readonly text: string; readonly mediaType: string }
  | { readonly kind: 'parsed'; readonly value: unknown; readonly mediaType: string }

/**
 * Reads the body, unless the host has already: then what it made of it is taken.
 *
 * @throws TunaCornError `too-large` before more than `maxBytes` are held; `unsupported-media-type` for an encoding
 *   or character set other than plain UTF-8; `malformed-json` for bytes that are not UTF-8; `invalid-request` for a
 *   body that breaks off.
 */
export async function readBody(
  request: IncomingMessage & { body?: unknown },
  maxBytes: number,
): Promise<Body> {
  const [mediaType = '', ...parameters] = (request.headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase())
  if (request.readableDidRead) return takeParsed(request.body, mediaType, parameters)
  refuseCompressed(request.headers['content-encoding'])
  refuseOtherCharsets(parameters)
  return { kind: 'text', text: decode(await collect(request, maxBytes)), mediaType }
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

/**
 * Before anything else is done for a request, also before it is asked who sends it.
 *
 * @throws TunaCornError `too-large` for a body that says that it is, unless the host has read it already.
 */
export function refuseAnnounced(request: IncomingMessage, maxBytes: number): void {
  if (request.readableDidRead) return
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
}

/** Leaves the request as it is when it gives up, so that what is left can still be let go by. */
function collect(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const take = (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBytes) chunks.push(chunk)
      else giveUp(tooLarge(maxBytes))
    }
    const giveUp = (error: TunaCornError) => {
      request.off('data', take)
      reject(error)
    }
    const breakOff = (cause?: Error) => {
      const message = 'Expected the whole body, but it breaks off.'
      giveUp(new TunaCornError('invalid-request', message, { cause }))
    }
    request.on('data', take)
    request.once('end', () => {
      request.off('close', breakOff)
      resolve(Buffer.concat(chunks))
    })
    request.once('error', breakOff)
    request.once('close', breakOff)
  })
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

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new TunaCornError('malformed-json', 'Expected a body in UTF-8, but found bytes that are not.', {
      cause,
    })
  }
}

function tooLarge(maxBytes: number): TunaCornError {
  return new TunaCornError('too-large', `Expected a body of at most ${maxBytes} bytes, but it is larger.`)
}
