import { type Assertion, parsePattern, type PatternNode, PatternRefused } from './parse-pattern.js'

/** UTF-16 code units of a pattern. */
const MAX_PATTERN_LENGTH = 1_000
/** Steps that a pattern may come to once its counted repetitions are written out. */
const MAX_PROGRAM_LENGTH = 5_000

type Instruction =
  | { readonly kind: 'character'; readonly matches: (codePoint: number) => boolean }
  | { readonly kind: 'assertion'; readonly at: Assertion }
  /** Goes on at either of two. */
  | { readonly kind: 'split'; readonly first: number; second: number }
  | { readonly kind: 'jump'; to: number }
  | { readonly kind: 'match' }

/** What stands on both sides of a place in a text; `undefined` at its ends. */
interface Sides {
  readonly before: number | undefined
  readonly after: number | undefined
}

/**
 * A regular expression that is matched in time linear in the length of the text, whatever the pattern: all ways
 * through it are followed at once, none is tried after another. JavaScript's own would take years over a text made
 * for the purpose, on the thread that answers everybody. After Ken Thompson, "Regular Expression Search
 * Algorithm", CACM 11 (1968); the program is that of Russ Cox, "Regular Expression Matching: the Virtual Machine
 * Approach" (2009).
 */
export class LinearPattern {
  readonly source: string
  readonly #program: readonly Instruction[]

  /** Throws `PatternRefused`. */
  constructor(source: string) {
    if (source.length > MAX_PATTERN_LENGTH) {
      throw new PatternRefused(
        `it has ${source.length} characters; at most ${MAX_PATTERN_LENGTH} are allowed`,
      )
    }
    this.source = source
    this.#program = programOf(parsePattern(source))
  }

  /** Whether the pattern matches anywhere in the text. `spend` is told of steps as they are taken. */
  test(text: string, spend: (steps: number) => void = () => {}): boolean {
    const threads = new Threads(this.#program)
    let before: number | undefined
    for (let offset = 0; offset <= text.length;) {
      const after = text.codePointAt(offset)
      const found = threads.settle({ before, after })
      spend(threads.visited)
      if (found) return true
      if (after === undefined) return false
      threads.step(after)
      before = after
      offset += after > 0xffff ? 2 : 1
    }
    return false
  }
}

/** The places in the program that the text so far leads to. */
class Threads {
  readonly #program: readonly Instruction[]
  /** When each instruction was last reached, so that none is followed twice at one place. */
  readonly #reachedAt: Int32Array
  /** How many instructions the last `settle` has looked at. */
  visited = 0
  #now = 0
  #starts: number[] = []
  #waiting: number[] = []

  constructor(program: readonly Instruction[]) {
    this.#program = program
    this.#reachedAt = new Int32Array(program.length).fill(-1)
  }

  /** Follows everything that takes no character. True when that reaches the end of the pattern. */
  settle(sides: Sides): boolean {
    this.#now++
    this.#waiting = []
    this.visited = 0
    // A match may begin anywhere.
    const open = [...this.#starts, 0]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (this.#reachedAt[at] === this.#now) continue
      this.#reachedAt[at] = this.#now
      this.visited++
      const instruction = this.#program[at]!
      if (instruction.kind === 'match') return true
      if (instruction.kind === 'character') this.#waiting.push(at)
      else if (instruction.kind === 'jump') open.push(instruction.to)
      else if (instruction.kind === 'split') open.push(instruction.second, instruction.first)
      else if (holds(instruction.at, sides)) open.push(at + 1)
    }
    return false
  }

  step(codePoint: number): void {
    this.#starts = []
    for (const at of this.#waiting) {
      const instruction = this.#program[at]!
      if (instruction.kind === 'character' && instruction.matches(codePoint)) this.#starts.push(at + 1)
    }
  }
}

function holds(assertion: Assertion, { before, after }: Sides): boolean {
  if (assertion === '^') return before === undefined
  if (assertion === '$') return after === undefined
  return (isWordCharacter(before) !== isWordCharacter(after)) === (assertion === '\\b')
}

function isWordCharacter(codePoint: number | undefined): boolean {
  return codePoint !== undefined && codePoint < 128 && /\w/.test(String.fromCharCode(codePoint))
}

function programOf(node: PatternNode): Instruction[] {
  const program: Instruction[] = []
  const known = new Map<string, (codePoint: number) => boolean>()
  emit(node)
  add({ kind: 'match' })
  return program

  function add<T extends Instruction>(instruction: T): T {
    if (program.length >= MAX_PROGRAM_LENGTH) throw new PatternRefused('its repetitions come to too much')
    program.push(instruction)
    return instruction
  }

  function emit(part: PatternNode): void {
    if (part.kind === 'assertion') add(part)
    else if (part.kind === 'sequence') for (const each of part.parts) emit(each)
    else if (part.kind === 'choice') emitChoice(part.options)
    else if (part.kind === 'repeat') emitRepeat(part)
    else {
      const matches = known.get(part.source) ?? characterTest(part.source)
      known.set(part.source, matches)
      add({ kind: 'character', matches })
    }
  }

  function emitChoice(options: readonly PatternNode[]): void {
    const jumps = options.slice(0, -1).map((option) => {
      const split = add({ kind: 'split', first: program.length + 1, second: 0 })
      emit(option)
      const jump = add({ kind: 'jump', to: 0 })
      split.second = program.length
      return jump
    })
    const [last] = options.slice(-1)
    if (last !== undefined) emit(last)
    for (const jump of jumps) jump.to = program.length
  }

  function emitRepeat({ of, min, max }: Extract<PatternNode, { kind: 'repeat' }>): void {
    for (let count = 0; count < min; count++) {
      const start = program.length
      emit(of)
      // Nothing a thousand million times is nothing.
      if (program.length === start) return
    }
    if (max === Infinity) {
      const split = add({ kind: 'split', first: program.length + 1, second: 0 })
      const loop = program.length - 1
      emit(of)
      add({ kind: 'jump', to: loop })
      split.second = program.length
      return
    }
    const splits: { second: number }[] = []
    for (let count = min; count < max; count++) {
      splits.push(add({ kind: 'split', first: program.length + 1, second: 0 }))
      emit(of)
    }
    for (const split of splits) split.second = program.length
  }
}

/** Tests one character as JavaScript would: its rules of classes and escapes are not ours to know. */
function characterTest(source: string): (codePoint: number) => boolean {
  if (source.length === 1 && source !== '.') return (codePoint) => codePoint === source.charCodeAt(0)
  const pattern = new RegExp(`^(?:${source})$`, 'u')
  const ascii = Array.from({ length: 128 }, (_, code) => pattern.test(String.fromCharCode(code)))
  return (codePoint) => ascii[codePoint] ?? pattern.test(String.fromCodePoint(codePoint))
}
