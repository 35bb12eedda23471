import { TunaCornError } from './errors.js'

/** Where a value may begin, many digits or an exponent: text with such a thing in it is looked at closely. */
const suspicious = /(?:^|[\s:,[])-?(?:[\d.]{16}|\d+(?:\.\d+)?[eE])/
/** Strings are matched so that digits in them are not. */
const stringsAndNumbers = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/**
 * JSON that is understood as it was written: `JSON.parse` would round `12345678901234567890`, which is somebody's
 * order number, and make `1e999` null once it is printed.
 *
 * @throws TunaCornError `malformed-json`; `payload-refused` for a number that would become another one.
 */
export function parseJson(text: string): unknown {
  const value = parse(text)
  if (suspicious.test(text)) {
    for (const [token] of text.matchAll(stringsAndNumbers)) if (!token.startsWith('"')) refuseIfRounded(token)
  }
  return value
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

function refuseIfRounded(written: string): void {
  const number = Number(written)
  const [mantissa = ''] = written.split(/[eE]/)
  const digits = mantissa.replace(/^[-0.]+/, '').replace('.', '').length
  const isWhole = mantissa === written && !written.includes('.')
  const changes =
    !Number.isFinite(number) ||
    (number === 0 && digits > 0) ||
    // Seventeen digits tell any two doubles apart; some languages print them all.
    (isWhole ? String(number) !== written && BigInt(written) !== BigInt(number) : digits > 17)
  if (!changes) return
  const shown = written.length <= 40 ? written : `${written.slice(0, 40)}…`
  throw new TunaCornError(
    'payload-refused',
    `Expected numbers that stay as they are, but ${shown} would become ${number}. Send it as a string.`,
  )
}
