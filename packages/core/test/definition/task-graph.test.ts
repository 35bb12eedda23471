import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TaskDefinition } from '../../src/definition/definition.js'
import { TaskGraph } from '../../src/definition/task-graph.js'

const DIAMOND: TaskDefinition[] = [
  { name: 'end', needs: ['right', 'left'] },
  { name: 'left', needs: ['start'] },
  { name: 'right', needs: ['start'] },
  { name: 'start', needs: [] },
  { name: 'alone', needs: [] },
]

/** Sound tasks in any order: each needs some that were drawn before it. */
const sound = fc
  .array(fc.array(fc.nat(), { maxLength: 5 }), { minLength: 1, maxLength: 30 })
  .map((drawn) =>
    drawn.map((picks, i) => ({
      name: `T${i}`,
      needs: i === 0 ? [] : [...new Set(picks.map((pick) => `T${pick % i}`))],
    })),
  )
  .chain((tasks) => fc.shuffledSubarray(tasks, { minLength: tasks.length, maxLength: tasks.length }))

describe('a task graph', () => {
  const graph = TaskGraph.compile(DIAMOND)
  const named = (indexes: Iterable<number>) => Array.from(indexes, (index) => graph.names[index])
  const at = (name: string) => graph.indexOf(name) ?? -1

  test('knows its tasks by index and by name', () => {
    expect(graph.size).toBe(5)
    expect(graph.names).toEqual(['end', 'left', 'right', 'start', 'alone'])
    expect(graph.indexOf('left')).toBe(1)
    expect(graph.indexOf('Left')).toBeUndefined()
    expect(graph.indexOf('constructor')).toBeUndefined()
  })

  test('knows what each task needs and what needs it', () => {
    expect(named(graph.needsOf(at('end')))).toEqual(['right', 'left'])
    expect(named(graph.dependentsOf(at('start')))).toEqual(['left', 'right'])
    expect(named(graph.dependentsOf(at('end')))).toEqual([])
    expect([...graph.inDegrees]).toEqual([2, 1, 1, 0, 0])
    expect(graph.inDegree(at('end'))).toBe(2)
    expect(named(graph.roots)).toEqual(['start', 'alone'])
  })

  test('orders tasks after what they need, and by index where there is a choice', () => {
    expect(named(graph.topologicalOrder)).toEqual(['start', 'alone', 'left', 'right', 'end'])
    expect(graph.topologicalRank(at('end'))).toBe(4)
  })

  test('gives all ancestors in topological order, unless they are too many', () => {
    expect(graph.ancestorsOf(at('end'), 3)).toEqual(Uint32Array.of(at('start'), at('left'), at('right')))
    expect(graph.ancestorsOf(at('end'), 2)).toBe('too-many')
    expect(graph.ancestorsOf(at('start'), 0)).toEqual(new Uint32Array(0))
    expect(graph.ancestorsOf(at('left'), 0)).toBe('too-many')
  })

  test('is not made from tasks that were never checked', () => {
    expect(() => TaskGraph.compile([{ name: 'A', needs: ['B'] }])).toThrow('"B" is unknown')
    expect(() => TaskGraph.compile([{ name: 'A', needs: ['A'] }])).toThrow('cycle')
  })
})

test('any sound definition compiles to what it says', () => {
  fc.assert(
    fc.property(sound, (tasks) => {
      const graph = TaskGraph.compile(tasks)
      const named = (indexes: Iterable<number>) => Array.from(indexes, (index) => graph.names[index] ?? '')
      const order = named(graph.topologicalOrder)
      expect(order.toSorted()).toEqual(tasks.map(({ name }) => name).toSorted())
      for (const [index, { name, needs }] of tasks.entries()) {
        expect(named(graph.needsOf(index))).toEqual(needs)
        expect(graph.inDegree(index)).toBe(needs.length)
        expect(graph.topologicalRank(index)).toBe(order.indexOf(name))
        for (const need of needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(name))
        const dependents = tasks.filter((other) => other.needs.includes(name)).map((other) => other.name)
        expect(named(graph.dependentsOf(index))).toEqual(dependents)
        const ancestors = graph.ancestorsOf(index, 30)
        expect(ancestors === 'too-many' ? [] : named(ancestors)).toEqual(ancestorsByName(tasks, name, order))
      }
    }),
    { numRuns: 300 },
  )
})

function ancestorsByName(tasks: readonly TaskDefinition[], name: string, order: readonly string[]): string[] {
  const needsOf = (each: string) => tasks.find((other) => other.name === each)?.needs ?? []
  const found = new Set<string>()
  const visit = (each: string): void => {
    for (const need of needsOf(each)) {
      found.add(need)
      visit(need)
    }
  }
  visit(name)
  return order.filter((each) => found.has(each))
}
