import { Graph as DagreGraph, layout as layOutByDagre } from '@dagrejs/dagre'
import { nodeHeight, nodeWidth, type Direction, type Layout, type Point } from './geometry.js'
import { neighboursOf, type Graph } from './task-graph.js'

const gap = { between: 14, ranks: 56 }
const margin = 12

/** Beyond this, crossing lines less is not worth the time that it takes. */
const mostForDagre = 400

export function layOut(graph: Graph, direction: Direction): Layout {
  return graph.nodes.length > mostForDagre ? layOutInRanks(graph, direction) : layOutWell(graph, direction)
}

function layOutWell({ nodes, edges }: Graph, direction: Direction): Layout {
  const dagre = new DagreGraph()
  dagre.setGraph({
    rankdir: direction === 'across' ? 'LR' : 'TB',
    nodesep: gap.between,
    ranksep: gap.ranks,
    edgesep: 10,
    marginx: margin,
    marginy: margin,
  })
  dagre.setDefaultEdgeLabel(() => ({}))
  nodes.forEach((_, node) => dagre.setNode(String(node), { width: nodeWidth, height: nodeHeight }))
  for (const [from, to] of edges) dagre.setEdge(String(from), String(to))
  layOutByDagre(dagre)
  const places = nodes.map((_, node) => {
    const { x, y } = dagre.node(String(node))
    return { x, y }
  })
  const { width = 0, height = 0 } = dagre.graph()
  return {
    direction,
    width,
    height,
    nodes: places,
    edges: edges.map(([from, to]) => {
      const bends = (dagre.edge(String(from), String(to)) as { points: Point[] }).points.slice(1, -1)
      return lineBetween(places, from, to, direction, bends)
    }),
  }
}

/** Ranks by the longest way to them, each ordered by where its needs are. */
function layOutInRanks(graph: Graph, direction: Direction): Layout {
  const { before } = neighboursOf(graph)
  const ranks: number[][] = []
  const orderOf = new Map<number, number>()
  ranksOf(graph).forEach((rank, node) => (ranks[rank] ??= []).push(node))
  for (const rank of ranks) {
    const wish = new Map(rank.map((node) => [node, meanOf(before[node] ?? [], orderOf)]))
    rank.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0) || a - b)
    rank.forEach((node, place) => orderOf.set(node, place - rank.length / 2))
  }
  const [along, aside] =
    direction === 'across'
      ? [nodeWidth + gap.ranks, nodeHeight + gap.between]
      : [nodeHeight + gap.ranks, nodeWidth + gap.between]
  const widest = Math.max(1, ...ranks.map((rank) => rank.length))
  const nodes: Point[] = []
  ranks.forEach((rank, depth) => {
    rank.forEach((node, place) => {
      const [u, v] = [depth * along, (place + (widest - rank.length) / 2) * aside]
      const [x, y] = direction === 'across' ? [u, v] : [v, u]
      nodes[node] = { x: x + margin + nodeWidth / 2, y: y + margin + nodeHeight / 2 }
    })
  })
  const [length, breadth] = [
    ranks.length * along - gap.ranks + 2 * margin,
    widest * aside - gap.between + 2 * margin,
  ]
  return {
    direction,
    width: direction === 'across' ? length : breadth,
    height: direction === 'across' ? breadth : length,
    nodes,
    edges: graph.edges.map(([from, to]) => lineBetween(nodes, from, to, direction, [])),
  }
}

function ranksOf(graph: Graph): number[] {
  const { before, after } = neighboursOf(graph)
  const open = before.map(({ length }) => length)
  const ranks = graph.nodes.map(() => 0)
  const ready = open.flatMap((count, node) => (count === 0 ? [node] : []))
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    for (const next of after[node] ?? []) {
      ranks[next] = Math.max(ranks[next] ?? 0, (ranks[node] ?? 0) + 1)
      open[next] = (open[next] ?? 0) - 1
      if (open[next] === 0) ready.push(next)
    }
  }
  return ranks
}

function meanOf(nodes: readonly number[], places: ReadonlyMap<number, number>): number {
  if (nodes.length === 0) return 0
  return nodes.reduce((sum, node) => sum + (places.get(node) ?? 0), 0) / nodes.length
}

/** From the side of one node to the facing side of another. */
function lineBetween(
  places: readonly Point[],
  from: number,
  to: number,
  direction: Direction,
  bends: readonly Point[],
): Point[] {
  const [a = { x: 0, y: 0 }, b = { x: 0, y: 0 }] = [places[from], places[to]]
  const [dx, dy] = direction === 'across' ? [nodeWidth / 2, 0] : [0, nodeHeight / 2]
  return [{ x: a.x + dx, y: a.y + dy }, ...bends, { x: b.x - dx, y: b.y - dy }]
}
