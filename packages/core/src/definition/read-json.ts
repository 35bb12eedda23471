import { duplicateKey, MAX_DEPTH, nestedTooDeeply, SourceRefused } from './source-problem.js'
import { SourceTrail } from './source-trail.js'
import type { SourceEntry, SourceNode, SourceTree } from './source-tree.js'
import { quoted } from './wording.js'

const WHITE_SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** Escapes, and what must be one. */
// oxlint-disable-next-line no-control-regex
const NEEDS_PARSING = /[\\\u0000-\u001f]/
const WORD = /true|false|null/y

/** Reads strict JSON (RFC 8259) with positions. Never throws. */
export function readJson(source: string): SourceTree {
  return new JsonReader(source).read()
}

class JsonReader {
  readonly #source: string
  readonly #trail = new SourceTrail()
  #offset = 0

  constructor(source: string) {
    this.#source = source
  }

  read(): SourceTree {
    return this.#trail.treeOf(() => {
      this.#skip(WHITE_SPACE)
      const root = this.#value()
      if (this.#offset < this.#source.length) this.#refuse('the end of the text')
      return root
    })
  }

  #value(): SourceNode {
    if (this.#trail.depth > MAX_DEPTH) throw nestedTooDeeply(this.#offset)
    const offset = this.#offset
    const first = this.#source[offset]
    if (first === '{') return { kind: 'mapping', offset, entries: this.#entries() }
    if (first === '[') return { kind: 'list', offset, items: this.#items() }
    return { kind: 'scalar', offset, value: first === '"' ? this.#string() : this.#numberOrWord() }
  }

  #entries(): SourceEntry[] {
    const entries = new Map<string, SourceEntry>()
    this.#enclosed('}', () => {
      const keyOffset = this.#offset
      if (this.#source[keyOffset] !== '"') this.#refuse('a key in double quotes')
      const key = this.#string()
      this.#skip(WHITE_SPACE)
      if (!this.#take(':')) this.#refuse('":" after the key')
      this.#trail.enter(key, keyOffset)
      const value = this.#value()
      if (entries.has(key)) this.#trail.report(duplicateKey(key, keyOffset))
      else entries.set(key, { key, keyOffset, value })
      this.#trail.leave()
    })
    return [...entries.values()]
  }

  #items(): SourceNode[] {
    const items: SourceNode[] = []
    this.#enclosed(']', () => {
      this.#trail.enter(items.length, this.#offset)
      items.push(this.#value())
      this.#trail.leave()
    })
    return items
  }

  /** What stands between brackets, separated by commas. */
  #enclosed(end: ']' | '}', readOne: () => void): void {
    this.#offset++
    this.#skip(WHITE_SPACE)
    if (this.#take(end)) return
    for (;;) {
      readOne()
      this.#skip(WHITE_SPACE)
      if (this.#take(end)) return
      if (!this.#take(',')) this.#refuse(`"," or "${end}"`)
    }
  }

  #string(): string {
    const start = this.#offset
    let end = start
    do end = this.#source.indexOf('"', end + 1)
    while (end !== -1 && this.#isEscaped(end))
    if (end === -1) this.#refuse('a closing quote for the text that begins here')
    const written = this.#source.slice(start, end + 1)
    try {
      const value: string = NEEDS_PARSING.test(written) ? JSON.parse(written) : written.slice(1, -1)
      this.#offset = end + 1
      this.#skip(WHITE_SPACE)
      return value
    } catch {
      return this.#refuse('text without line breaks, tabs and escapes that JSON does not know')
    }
  }

  #isEscaped(quote: number): boolean {
    let slashes = 0
    while (this.#source[quote - 1 - slashes] === '\\') slashes++
    return slashes % 2 === 1
  }

  #numberOrWord(): unknown {
    const text = this.#skip(NUMBER) || this.#skip(WORD)
    if (text === '') this.#refuse('a value')
    this.#skip(WHITE_SPACE)
    return JSON.parse(text)
  }

  /** Moves past what the sticky pattern matches, and gives it back. */
  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#offset
    const [found = ''] = pattern.exec(this.#source) ?? []
    this.#offset += found.length
    return found
  }

  #take(character: string): boolean {
    if (this.#source[this.#offset] !== character) return false
    this.#offset++
    this.#skip(WHITE_SPACE)
    return true
  }

  #refuse(expected: string): never {
    const rest = this.#source.slice(this.#offset, this.#offset + 20)
    const found = rest === '' ? 'the text ends' : `found ${quoted(rest)}`
    const message = `Expected ${expected}, as JSON has it, but ${found}.`
    throw new SourceRefused({ code: 'syntax', message, offset: this.#offset })
  }
}
