import { neighboursOf, type Graph } from './task-graph.js'

/**
 * Draws together what repeats until at most so many nodes are left, or nothing repeats: nodes that need the same and
 * are needed by the same, and chains in which each step has one before it and one after.
 */
export function collapse(graph: Graph, mostNodes: number): Graph {
  let current = graph
  while (current.nodes.length > mostNodes) {
    const alike = mergeAlike(current)
    const next = alike.nodes.length > mostNodes ? mergeChains(alike) : alike
    if (next.nodes.length === current.nodes.length) break
    current = next
  }
  return current
}

function mergeAlike(graph: Graph): Graph {
  const { before, after } = neighboursOf(graph)
  const groups = new Map<string, number>()
  return merge(graph, (node) => {
    const size = graph.nodes[node]?.members.length ?? 0
    const key = `${size} ${sorted(before[node])} ${sorted(after[node])}`
    const leader = groups.get(key) ?? node
    groups.set(key, leader)
    return leader
  })
}

function mergeChains(graph: Graph): Graph {
  const { before, after } = neighboursOf(graph)
  const leaders = new Map<number, number>()
  const leaderOf = (node: number): number => {
    const steps: number[] = []
    let first = node
    for (let known = leaders.get(first); known === undefined; known = leaders.get(first)) {
      const [only, ...others] = before[first] ?? []
      if (only === undefined || others.length > 0 || after[only]?.length !== 1) break
      steps.push(first)
      first = only
    }
    const leader = leaders.get(first) ?? first
    for (const step of [...steps, first]) leaders.set(step, leader)
    return leader
  }
  return merge(graph, leaderOf)
}

/** Each node becomes a part of its leader. */
function merge({ nodes, edges }: Graph, leaderOf: (node: number) => number): Graph {
  const places = new Map<number, number>()
  const merged: number[][] = []
  const placeOf = nodes.map(({ members }, node) => {
    const leader = leaderOf(node)
    const place = places.get(leader) ?? merged.push([]) - 1
    places.set(leader, place)
    merged[place]?.push(...members)
    return place
  })
  const kept = new Map<string, readonly [number, number]>()
  for (const [from, to] of edges) {
    const edge = [placeOf[from] ?? 0, placeOf[to] ?? 0] as const
    if (edge[0] !== edge[1]) kept.set(edge.join(' '), edge)
  }
  return {
    nodes: merged.map((members) => ({ members: members.toSorted((a, b) => a - b) })),
    edges: [...kept.values()],
  }
}

function sorted(places: readonly number[] = []): string {
  return places.toSorted((a, b) => a - b).join(',')
}

/** What to call several tasks: what their names begin with, else the first of them. */
export function groupName(names: readonly string[]): string {
  const [first = '', ...others] = names
  let length = first.length
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length -= 1
  return stemOf(first.slice(0, length), first)
}

/** `Resize 12` → `Resize`: a name without the numbers at its end. What would be left of too short a one is no name. */
export function stemOf(name: string, otherwise: string = name): string {
  const stem = name.replace(/[\s\d_.:-]+$/, '')
  return stem.length < 3 ? otherwise : stem
}
