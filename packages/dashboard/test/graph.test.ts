import { describe, expect, test } from 'vitest'
import { collapse, groupName } from '../src/graph/collapse.js'
import { layOut } from '../src/graph/layout.js'
import { nodeHeight, nodeWidth, pathOf, type Layout } from '../src/graph/geometry.js'
import { fitting, leastFitting } from '../src/graph/use-view.js'
import { graphOf } from '../src/graph/task-graph.js'

const fan = (parts: number) => [
  { name: 'Split', needs: [] },
  ...Array.from({ length: parts }, (_, part) => ({ name: `Resize ${part + 1}`, needs: ['Split'] })),
  { name: 'Join', needs: Array.from({ length: parts }, (_, part) => `Resize ${part + 1}`) },
]
const chain = (length: number) =>
  Array.from({ length }, (_, step) => ({
    name: `Step ${step}`,
    needs: step === 0 ? [] : [`Step ${step - 1}`],
  }))
const sizes = (tasks: Parameters<typeof graphOf>[0], most: number) =>
  collapse(graphOf(tasks), most).nodes.map(({ members }) => members.length)

describe('what repeats', () => {
  test('is drawn one by one while there is room', () => {
    expect(sizes(fan(5), 7)).toEqual([1, 1, 1, 1, 1, 1, 1])
  })

  test('is drawn together when it needs the same and is needed by the same', () => {
    const { nodes, edges } = collapse(graphOf(fan(1_998)), 300)
    expect(nodes.map(({ members }) => members.length)).toEqual([1, 1_998, 1])
    expect(edges).toEqual([
      [0, 1],
      [1, 2],
    ])
  })

  test('is drawn together along a chain, however long', () => {
    expect(sizes(chain(5_000), 300)).toEqual([5_000])
  })

  test('is drawn together in branches of several steps that are alike', () => {
    const tasks = [
      { name: 'Begin', needs: [] },
      ...Array.from({ length: 200 }, (_, n) => [
        { name: `Load ${n}`, needs: ['Begin'] },
        { name: `Store ${n}`, needs: [`Load ${n}`] },
      ]).flat(),
    ]
    expect(sizes(tasks, 100)).toEqual([1, 400])
  })

  test('loses no task, and every task is in one place', () => {
    const members = collapse(graphOf(fan(999)), 10).nodes.flatMap((node) => node.members)
    expect(members.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_001 }, (_, index) => index))
  })

  test('is called by what the names have in common', () => {
    expect(groupName(['Resize 1', 'Resize 2', 'Resize 10'])).toBe('Resize')
    expect(groupName(['Pack', 'Send'])).toBe('Pack')
  })
})

function overlaps({ nodes }: Layout): number {
  return nodes.filter((a, index) =>
    nodes.slice(index + 1).some((b) => Math.abs(a.x - b.x) < nodeWidth && Math.abs(a.y - b.y) < nodeHeight),
  ).length
}

describe.each(['across', 'down'] as const)('laid out %s', (direction) => {
  test.each([
    ['a few tasks', fan(6)],
    ['more than are laid out well', fan(500)],
  ])('%s stand apart, each after what it needs, and within the drawing', (_, tasks) => {
    const graph = graphOf(tasks)
    const layout = layOut(graph, direction)
    expect(overlaps(layout)).toBe(0)
    const along = direction === 'across' ? 'x' : 'y'
    for (const [from, to] of graph.edges) {
      expect(layout.nodes[to]?.[along]).toBeGreaterThan(layout.nodes[from]?.[along] ?? Infinity)
    }
    for (const { x, y } of layout.nodes) {
      expect(x + nodeWidth / 2).toBeLessThanOrEqual(layout.width)
      expect(y + nodeHeight / 2).toBeLessThanOrEqual(layout.height)
    }
    expect(layout.edges).toHaveLength(graph.edges.length)
  })
})

test('a line leaves and reaches its nodes in the direction of the graph', () => {
  const points = [
    { x: 0, y: 0 },
    { x: 10, y: 20 },
  ]
  expect(pathOf(points, 'across')).toBe('M0 0C5 0 5 20 10 20')
  expect(pathOf(points, 'down')).toBe('M0 0C0 10 10 10 10 20')
  expect(pathOf([], 'down')).toBe('')
})

test('a drawing that is fitted is seen whole, however small; one that is new can be read', () => {
  const layout = layOut(graphOf(fan(100)), 'across')
  const [width, height] = [600, 400]
  const all = fitting(layout, width, height, 0)
  for (const { x, y } of layout.nodes) {
    expect(x * all.scale + all.x).toBeGreaterThan(0)
    expect(x * all.scale + all.x).toBeLessThan(width)
    expect(y * all.scale + all.y).toBeGreaterThan(0)
    expect(y * all.scale + all.y).toBeLessThan(height)
  }
  expect(fitting(layout, width, height, leastFitting).scale).toBe(leastFitting)
})
