/** A directed graph as arrays: the targets of node `i` are `targets[offsets[i] .. offsets[i + 1]]`. */
export interface Edges {
  /** One more than there are nodes. */
  readonly offsets: Uint32Array
  readonly targets: Uint32Array
}

/**
 * The strongly connected components of more than one node, each with its nodes ascending, ordered by their
 * first. Tarjan's algorithm with the recursion unrolled: chains are as long as definitions are large.
 */
export function findCyclicGroups({ offsets, targets }: Edges): Uint32Array[] {
  const size = offsets.length - 1
  const order = new Uint32Array(size) // when first met, from 1; 0 is unmet
  const low = new Uint32Array(size)
  const next = offsets.slice(0, size) // the edge to follow next
  const open = new Uint32Array(size) // met, component not yet known
  const isOpen = new Uint8Array(size)
  const path = new Uint32Array(size)
  const groups: Uint32Array[] = []
  let met = 0
  let openCount = 0
  let depth = 0

  for (let root = 0; root < size; root++) {
    if (order[root] === 0) enter(root)
    while (depth > 0) {
      const node = path[depth - 1]!
      const edge = next[node]!
      if (edge < offsets[node + 1]!) {
        next[node] = edge + 1
        const target = targets[edge]!
        if (order[target] === 0) enter(target)
        else if (isOpen[target] === 1) low[node] = Math.min(low[node]!, order[target]!)
        continue
      }
      depth--
      if (depth > 0) low[path[depth - 1]!] = Math.min(low[path[depth - 1]!]!, low[node]!)
      if (low[node] === order[node]) close(node)
    }
  }
  return groups.toSorted((a, b) => a[0]! - b[0]!)

  function enter(node: number): void {
    order[node] = low[node] = ++met
    open[openCount++] = node
    isOpen[node] = 1
    path[depth++] = node
  }

  function close(root: number): void {
    const end = openCount
    do isOpen[open[--openCount]!] = 0
    while (open[openCount] !== root)
    if (end - openCount > 1) groups.push(open.subarray(openCount, end).toSorted())
  }
}

/**
 * A shortest way from the first node of a cyclic group back to itself, as nodes; the first is not repeated.
 * `group` is ascending, as `findCyclicGroups` gives it.
 */
export function shortestCycle({ offsets, targets }: Edges, group: Uint32Array): number[] {
  const start = group[0]!
  const members = new Set(group)
  const cameFrom = new Map<number, number>()
  const queue = [start]
  for (let head = 0; head < queue.length; head++) {
    const node = queue[head]!
    for (let edge = offsets[node]!; edge < offsets[node + 1]!; edge++) {
      const target = targets[edge]!
      if (target === start && node !== start) return wayTo(node, cameFrom)
      if (target === start || !members.has(target) || cameFrom.has(target)) continue
      cameFrom.set(target, node)
      queue.push(target)
    }
  }
  throw new Error(`Expected node ${start} to lie on a cycle, but there is no way back to it`)
}

function wayTo(node: number, cameFrom: ReadonlyMap<number, number>): number[] {
  const way: number[] = []
  for (let at: number | undefined = node; at !== undefined; at = cameFrom.get(at)) way.push(at)
  return way.toReversed()
}
