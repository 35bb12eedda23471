import { pointerSteps } from './pointer.js'
import type { Place } from './problem-list.js'
import type { SourceProblem } from './source-problem.js'

/** What a text says, with the offset of every key and value: what YAML and JSON are both read into. */
export type SourceNode =
  | { readonly kind: 'scalar'; readonly offset: number; readonly value: unknown }
  | { readonly kind: 'list'; readonly offset: number; readonly items: readonly SourceNode[] }
  | { readonly kind: 'mapping'; readonly offset: number; readonly entries: readonly SourceEntry[] }

export interface SourceEntry {
  readonly key: string
  readonly keyOffset: number
  readonly value: SourceNode
}

/** `root` is absent when the text cannot be made sense of; then there are problems. */
export interface SourceTree {
  readonly root?: SourceNode
  readonly problems: readonly SourceProblem[]
}

/** The same without offsets. Mappings get no prototype, so that a key `__proto__` is a key like others. */
export function plainValue(node: SourceNode): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plainValue)
  const plain: Record<string, unknown> = Object.create(null)
  for (const { key, value } of node.entries) plain[key] = plainValue(value)
  return plain
}

/** Offset of what `pointer` names, or of the innermost value on the way that exists. */
export function offsetOf(root: SourceNode, pointer: string, part: 'key' | 'value'): number {
  let node = root
  let offset = root.offset
  for (const step of pointerSteps(pointer)) {
    const entry = node.kind === 'mapping' ? node.entries.find(({ key }) => key === step) : undefined
    const next = node.kind === 'list' ? node.items[Number(step)] : entry?.value
    if (next === undefined) break
    node = next
    offset = part === 'key' && entry !== undefined ? entry.keyOffset : node.offset
  }
  return offset
}

/** Turns offsets into lines and columns. */
export class SourceLines {
  readonly #starts: number[] = [0]

  constructor(source: string) {
    for (let end = source.indexOf('\n'); end !== -1; end = source.indexOf('\n', end + 1)) {
      this.#starts.push(end + 1)
    }
  }

  placeOf(offset: number): Place {
    let low = 0
    let high = this.#starts.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (this.#starts[middle]! <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 }
  }
}
