/** What a pattern is made of. */
export type PatternNode =
  /** One character: its source, which is a regular expression of its own. */
  | { readonly kind: 'character'; readonly source: string }
  | { readonly kind: 'assertion'; readonly at: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  /** `max` may be infinite. */
  | { readonly kind: 'repeat'; readonly of: PatternNode; readonly min: number; readonly max: number }

export type Assertion = '^' | '$' | '\\b' | '\\B'

/** Why a pattern cannot be used, to follow on "but". */
export class PatternRefused extends Error {}

const QUANTIFIER = /(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y
const GROUP = /\((?:\?(?::|<(?![=!])[^>]*>))?/y
/** A whole escape: `\u` may be two, for the halves of a surrogate pair. */
const ESCAPE =
  /\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[a-zA-Z]|.)/suy
const CLASS = /\[(?:\\.|[^\]\\])*\]/suy
const ANY = /./suy

/**
 * Reads a regular expression as ECMAScript writes them with the `u` flag, as JSON Schema asks for. Throws
 * `PatternRefused` for what is none, and for what cannot be matched in linear time: references to groups, and
 * looking ahead or behind.
 */
export function parsePattern(source: string): PatternNode {
  try {
    void new RegExp(source, 'u')
  } catch (error) {
    throw new PatternRefused(error instanceof Error ? error.message : String(error))
  }
  return new PatternParser(source).parse()
}

/** Takes a source that is known to be sound, so that only extents must be found. */
class PatternParser {
  readonly #source: string
  #offset = 0

  constructor(source: string) {
    this.#source = source
  }

  parse(): PatternNode {
    const node = this.#choice()
    if (this.#offset < this.#source.length) throw new PatternRefused(`"${this.#rest()}" is not understood`)
    return node
  }

  #choice(): PatternNode {
    const options = [this.#sequence()]
    while (this.#take('|')) options.push(this.#sequence())
    return options.length === 1 ? options[0]! : { kind: 'choice', options }
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = []
    while (this.#offset < this.#source.length && !/^[|)]/.test(this.#source.charAt(this.#offset))) {
      parts.push(this.#repeated(this.#atom()))
    }
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts }
  }

  #repeated(of: PatternNode): PatternNode {
    const match = this.#match(QUANTIFIER)
    if (match === undefined) return of
    const [, sign, least = '', comma, most = ''] = match
    if (sign !== undefined) {
      return { kind: 'repeat', of, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity }
    }
    const min = Number(least)
    if (comma === '') return { kind: 'repeat', of, min, max: min }
    return { kind: 'repeat', of, min, max: most === '' ? Infinity : Number(most) }
  }

  #atom(): PatternNode {
    const first = this.#source.charAt(this.#offset)
    if (first === '(') return this.#group()
    if (first === '^' || first === '$') {
      this.#offset++
      return { kind: 'assertion', at: first }
    }
    const [source = ''] = this.#match(first === '\\' ? ESCAPE : first === '[' ? CLASS : ANY) ?? []
    if (source === '\\b' || source === '\\B') return { kind: 'assertion', at: source }
    if (/^\\[k1-9]/.test(source)) throw new PatternRefused('it refers to what a group has matched')
    return { kind: 'character', source }
  }

  #group(): PatternNode {
    const rest = this.#source.slice(this.#offset, this.#offset + 4)
    if (/^\(\?<?[=!]/.test(rest)) throw new PatternRefused('it looks ahead or behind')
    if (this.#match(GROUP)?.[0] === '(' && this.#source[this.#offset] === '?') {
      throw new PatternRefused(`"${this.#rest()}" is not understood`)
    }
    const node = this.#choice()
    this.#take(')')
    return node
  }

  #take(character: string): boolean {
    if (this.#source[this.#offset] !== character) return false
    this.#offset++
    return true
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#offset
    const match = pattern.exec(this.#source) ?? undefined
    this.#offset += match?.[0].length ?? 0
    return match
  }

  #rest(): string {
    return this.#source.slice(this.#offset, this.#offset + 10)
  }
}
