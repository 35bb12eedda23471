export type Item = string | number | boolean | Date | null | undefined

/**
 * A list as PostgreSQL reads it (its manual, 8.15.2), for lists of hundreds in every commit: pg's own takes two regular
 * expressions to each element, and eight questions to each date.
 */
export function arrayText(items: readonly Item[]): string {
  let text = '{'
  let separator = ''
  for (const item of items) {
    text += separator + elementText(item)
    separator = ','
  }
  return `${text}}`
}

function elementText(item: Item): string {
  if (item === null || item === undefined) return 'NULL'
  if (typeof item === 'string') return quoted(item)
  if (typeof item !== 'object') return String(item)
  if (item instanceof Date) return item.toISOString()
  // Types do not see to it everywhere, and PostgreSQL would not either.
  throw new TypeError(
    `Expected texts, numbers, booleans and dates in a list, but found ${Object.prototype.toString.call(item)}`,
  )
}

function quoted(text: string): string {
  // Few have one: mostly these are ids, names and secrets.
  const escaped =
    text.includes('"') || text.includes('\\')
      ? text.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`)
      : text
  return `"${escaped}"`
}
