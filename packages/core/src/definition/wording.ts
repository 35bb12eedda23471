const MAX_QUOTED_LENGTH = 100

/** Text in quotes, shortened, with whatever does not print escaped. */
export function quoted(text: string): string {
  const short = text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`
  return JSON.stringify(short)
}

/** What a value is, in words, whatever anyone passed in. Never looks inside objects. */
export function described(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'nothing'
    case 'string':
      return value === '' ? 'an empty text' : `the text ${quoted(value)}`
    case 'number':
    case 'bigint':
      return `the number ${value}`
    case 'boolean':
      return String(value)
    case 'object':
      if (value === null) return 'nothing (null)'
      return isList(value) ? 'a list' : 'a mapping'
    case 'function':
    case 'symbol':
    default:
      return `a ${typeof value}`
  }
}

/** `Array.isArray` that does not throw for a revoked proxy. */
export function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

/** Text as YAML can carry it inside a flow list: plain where that is safe. */
export function asYaml(text: string): string {
  return /^[A-Za-z][\w .-]*$/.test(text) ? text : quoted(text)
}

/** A path of more tasks is printed without its middle. */
const MAX_PRINTED_TASKS = 12

/** Tasks that follow one another, with arrows between them. */
export function printedPath(names: readonly string[]): string {
  const half = MAX_PRINTED_TASKS / 2
  if (names.length <= MAX_PRINTED_TASKS) return names.map(inPath).join(' → ')
  const left = `… (${names.length - MAX_PRINTED_TASKS} more) …`
  return [...names.slice(0, half).map(inPath), left, ...names.slice(-half).map(inPath)].join(' → ')
}

/** A name as it stands between arrows: without quotes where it is short and prints. */
export function inPath(name: string): string {
  const safe = quoted(name)
  return safe === `"${name}"` ? name : safe
}

/** As Unicode writes code points: U+0000. */
export function codePointOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
}
