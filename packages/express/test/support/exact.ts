/**
 * What a text of JSON says, to the last digit: numbers become texts that are alike only when they say the same number.
 * `JSON.parse` alone would round what was sent just as it rounds what comes back.
 */
export function exactly(text: string): unknown {
  const stringsAndNumbers = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs
  return JSON.parse(
    text.replaceAll(stringsAndNumbers, (token) =>
      token.startsWith('"') ? token : JSON.stringify(`#${exactNumber(token)}`),
    ),
  )
}

/** Fractions are as good as the doubles that they stand for; whole numbers are themselves. */
function exactNumber(written: string): string {
  const number = Number(written)
  if (/^-?\d+$/.test(written)) return Object.is(number, -0) ? '-0' : String(BigInt(written))
  if (!Number.isFinite(number) || (number === 0 && /[1-9]/.test(written.split(/e/i)[0] ?? ''))) return written
  if (Object.is(number, -0)) return '-0'
  return Number.isInteger(number) ? String(BigInt(number)) : String(number)
}
