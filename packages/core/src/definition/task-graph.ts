import type { TaskDefinition } from './definition.js'

/**
 * The tasks of one definition version, compiled for stepping through: a task is its index in the definition.
 * Made once, shared by all processes of the version; nobody writes to the arrays it gives out.
 */
export class TaskGraph {
  /** Names by index. */
  readonly names: readonly string[]
  /** How many needs each task has. */
  readonly inDegrees: Uint32Array
  /** Tasks without needs, ascending. */
  readonly roots: Uint32Array
  /**
   * Every task after all it needs: roots first, then what they unlock, and so on (Kahn's algorithm, first in,
   * first out, by index where several become free at once).
   */
  readonly topologicalOrder: Uint32Array
  readonly #indexes: ReadonlyMap<string, number>
  readonly #needs: Adjacency
  readonly #dependents: Adjacency
  #ranks: Uint32Array | undefined

  private constructor(names: readonly string[], indexes: ReadonlyMap<string, number>, needs: Adjacency) {
    this.names = names
    this.#indexes = indexes
    this.#needs = needs
    this.#dependents = reversed(needs)
    this.inDegrees = needs.offsets.subarray(1).map((end, index) => end - needs.offsets[index]!)
    this.topologicalOrder = kahnOrder(this.inDegrees, this.#dependents)
    this.roots = this.topologicalOrder.slice(0, count(this.inDegrees, 0))
  }

  /** Takes tasks that `checkDefinition` has found sound; throws for an unknown need or a cycle. */
  static compile(tasks: readonly TaskDefinition[]): TaskGraph {
    const names = Object.freeze(tasks.map(({ name }) => name))
    const indexes = new Map(names.map((name, index) => [name, index]))
    return new TaskGraph(names, indexes, adjacencyOf(tasks, indexes))
  }

  /** Number of tasks. */
  get size(): number {
    return this.names.length
  }

  indexOf(name: string): number | undefined {
    return this.#indexes.get(name)
  }

  /** How many needs the task has. */
  inDegree(index: number): number {
    return this.inDegrees[index] ?? 0
  }

  /** Tasks that need this one directly, ascending: a view, not a copy. */
  dependentsOf(index: number): Uint32Array {
    return targetsOf(this.#dependents, index)
  }

  /** Direct needs in the order written: a view, not a copy. */
  needsOf(index: number): Uint32Array {
    return targetsOf(this.#needs, index)
  }

  /** Position of the task in `topologicalOrder`. */
  topologicalRank(index: number): number {
    this.#ranks ??= inverse(this.topologicalOrder)
    return this.#ranks[index] ?? 0
  }

  /**
   * All tasks that this one waits for, directly or by way of others, in topological order; `'too-many'` as soon
   * as there are more than `limit`.
   */
  ancestorsOf(index: number, limit: number): Uint32Array | 'too-many' {
    if (this.inDegree(index) === 0) return none
    const found = new Set<number>()
    const unvisited = [index]
    for (let node = unvisited.pop(); node !== undefined; node = unvisited.pop()) {
      for (const need of this.needsOf(node)) {
        if (found.has(need)) continue
        if (found.size === limit) return 'too-many'
        found.add(need)
        unvisited.push(need)
      }
    }
    return Uint32Array.from(found).toSorted((a, b) => this.topologicalRank(a) - this.topologicalRank(b))
  }
}

const none = new Uint32Array()

/** Compressed sparse rows: the neighbours of `i` are `targets[offsets[i] .. offsets[i + 1]]`. */
interface Adjacency {
  readonly offsets: Uint32Array
  readonly targets: Uint32Array
}

function targetsOf({ offsets, targets }: Adjacency, index: number): Uint32Array {
  return targets.subarray(offsets[index], offsets[index + 1])
}

function adjacencyOf(tasks: readonly TaskDefinition[], indexes: ReadonlyMap<string, number>): Adjacency {
  const offsets = new Uint32Array(tasks.length + 1)
  const targets = new Uint32Array(tasks.reduce((sum, { needs }) => sum + needs.length, 0))
  let filled = 0
  for (const [index, { name, needs }] of tasks.entries()) {
    for (const need of needs) {
      const target = indexes.get(need)
      if (target === undefined)
        throw new Error(`Expected "${name}" to need known tasks, but "${need}" is unknown`)
      targets[filled++] = target
    }
    offsets[index + 1] = filled
  }
  return { offsets, targets }
}

function reversed({ offsets, targets }: Adjacency): Adjacency {
  const size = offsets.length - 1
  const ends = new Uint32Array(size + 1)
  for (const target of targets) ends[target + 1]!++
  for (let index = 0; index < size; index++) ends[index + 1]! += ends[index]!
  const next = ends.slice()
  const sources = new Uint32Array(targets.length)
  for (let source = 0; source < size; source++) {
    for (let edge = offsets[source]!; edge < offsets[source + 1]!; edge++) {
      sources[next[targets[edge]!]!++] = source
    }
  }
  return { offsets: ends, targets: sources }
}

function kahnOrder(inDegrees: Uint32Array, { offsets, targets }: Adjacency): Uint32Array {
  const open = inDegrees.slice()
  const order = new Uint32Array(open.length)
  let filled = 0
  for (const [index, needs] of open.entries()) if (needs === 0) order[filled++] = index
  for (let head = 0; head < filled; head++) {
    const node = order[head]!
    for (let edge = offsets[node]!; edge < offsets[node + 1]!; edge++) {
      const dependent = targets[edge]!
      if (--open[dependent]! === 0) order[filled++] = dependent
    }
  }
  if (filled < open.length) throw new Error('Expected tasks without a cycle, but some wait for one another')
  return order
}

function inverse(order: Uint32Array): Uint32Array {
  const ranks = new Uint32Array(order.length)
  for (const [rank, index] of order.entries()) ranks[index] = rank
  return ranks
}

function count(values: Uint32Array, wanted: number): number {
  return values.reduce((sum, value) => sum + (value === wanted ? 1 : 0), 0)
}
