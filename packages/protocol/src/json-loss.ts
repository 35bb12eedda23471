/**
 * What `JSON.stringify` would change, or leave out, without a word, and where (a JSON pointer); undefined when what is
 * read again is equal. It makes null of `NaN` and `{}` of a `Map`. It makes 0 of `-0`, too, but these are equal, and who
 * rounds a number does not know of it. Properties that are undefined may be left out, and what has a `toJSON`, such as a `Date`, is what that says. Only for values that it has printed: they end.
 */
export function jsonLoss(value: unknown): string | undefined {
  const found = lossIn(value)
  return found && (found.pointer === '' ? found.what : `${found.what} at ${found.pointer}`)
}

interface Loss {
  readonly what: string
  readonly pointer: string
}

function lossIn(value: unknown): Loss | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? undefined : loss(String(value))
    case 'object':
      return value === null ? undefined : lossInObject(value)
    case 'undefined':
      return loss('undefined')
    case 'function':
    case 'symbol':
      return loss(`a ${typeof value}`)
    // Of a bigint, JSON complains itself.
    default:
      return undefined
  }
}

function lossInObject(value: object): Loss | undefined {
  if ('toJSON' in value && typeof value.toJSON === 'function') return undefined
  if (Array.isArray(value)) return lossInList(value)
  if (!isPlain(value)) return loss(`an object of the class ${value.constructor.name}`)
  for (const [key, part] of Object.entries(value)) {
    const found = part === undefined ? undefined : lossIn(part)
    if (found !== undefined) return within(key, found)
  }
  return undefined
}

function lossInList(list: readonly unknown[]): Loss | undefined {
  // By index, for JSON makes null of what is missing, too.
  for (let index = 0; index < list.length; index += 1) {
    const found = lossIn(list[index])
    if (found !== undefined) return within(String(index), found)
  }
  return undefined
}

/** Also of another realm, whose `Object.prototype` is not ours. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function loss(what: string): Loss {
  return { what, pointer: '' }
}

function within(key: string, { what, pointer }: Loss): Loss {
  return { what, pointer: `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}${pointer}` }
}
