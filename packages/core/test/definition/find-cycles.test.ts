import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Edges, findCyclicGroups, shortestCycle } from '../../src/definition/find-cycles.js'

/** Up to ten nodes, each with targets other than itself. */
const graphs = fc
  .integer({ min: 1, max: 10 })
  .chain((size) =>
    fc
      .array(fc.uniqueArray(fc.nat(size - 1)), { minLength: size, maxLength: size })
      .map((lists) => lists.map((targets, node) => targets.filter((target) => target !== node))),
  )

test('the groups are the nodes that reach one another', () => {
  fc.assert(
    fc.property(graphs, (lists) => {
      const found = findCyclicGroups(edgesOf(lists)).map((group) => [...group])
      expect(found).toEqual(groupsByReach(lists))
    }),
    { numRuns: 2_000 },
  )
})

test('the cycle of a group follows edges from its first node back to it, and no shorter one does', () => {
  fc.assert(
    fc.property(graphs, (lists) => {
      for (const group of findCyclicGroups(edgesOf(lists))) {
        const cycle = shortestCycle(edgesOf(lists), group)
        expect(cycle[0]).toBe(group[0])
        for (const [i, node] of cycle.entries()) expect(lists[node]).toContain(cycle[(i + 1) % cycle.length])
        expect(new Set(cycle).size).toBe(cycle.length)
        expect(cycle.length).toBe(stepsBack(lists, cycle[0] ?? 0))
      }
    }),
    { numRuns: 1_000 },
  )
})

function edgesOf(lists: readonly number[][]): Edges {
  const offsets = new Uint32Array(lists.length + 1)
  for (const [node, targets] of lists.entries()) offsets[node + 1] = (offsets[node] ?? 0) + targets.length
  return { offsets, targets: Uint32Array.from(lists.flat()) }
}

function reachable(lists: readonly number[][], from: number): Set<number> {
  const reached = new Set<number>()
  for (const next of lists[from] ?? []) visit(next)
  return reached

  function visit(node: number): void {
    if (reached.has(node)) return
    reached.add(node)
    for (const next of lists[node] ?? []) visit(next)
  }
}

function groupsByReach(lists: readonly number[][]): number[][] {
  const reach = lists.map((_, node) => reachable(lists, node))
  const groups = lists.map((_, node) =>
    lists.map((__, other) => other).filter((other) => reach[node]?.has(other) && reach[other]?.has(node)),
  )
  return groups.filter((group, node) => group.length > 1 && group[0] === node)
}

function stepsBack(lists: readonly number[][], start: number): number {
  let front = new Set([start])
  for (let steps = 1; ; steps++) {
    front = new Set([...front].flatMap((node) => lists[node] ?? []))
    if (front.has(start)) return steps
  }
}
