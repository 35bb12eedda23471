import { describe, expect, test } from 'vitest'
import { packDefinition, unpackDefinition } from '../../src/definition/packed-definition.js'
import { TaskGraph } from '../../src/definition/task-graph.js'
import { engineDefaults, resolveAllTaskSettings } from '../../src/definition/task-settings.js'
import { worstCaseEnd } from '../../src/definition/worst-case.js'
import { definitionOf, problemsIn, problemsOf } from './outcome.js'

const TASKS = 100_000

/** Chains, crossed: task `i` needs the `width` tasks before it. */
const dense = (width: number) =>
  Array.from({ length: TASKS }, (_, i) => ({
    name: `Task ${i}`,
    needs: Array.from({ length: Math.min(i, width) }, (__, j) => `Task ${i - 1 - j}`),
  }))

/** Of the processor: what else the machine does meanwhile does not count. */
function millisecondsOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

describe('100,000 tasks', () => {
  test('with a million needs are checked in two seconds and compiled in one', () => {
    // Parsed text has strings of its own: so has this.
    const value: unknown = JSON.parse(JSON.stringify({ tasks: dense(10) }))
    const { tasks } = definitionOf(value)
    expect(tasks.reduce((sum, { needs }) => sum + needs.length, 0)).toBeGreaterThan(999_000)
    expect(millisecondsOf(() => definitionOf(value))).toBeLessThan(2_000)
    expect(millisecondsOf(() => TaskGraph.compile(tasks))).toBeLessThan(1_000)
  })

  test('with all settings are checked, resolved and bounded in two seconds', () => {
    const settings = { timeout: '2m', heartbeat: '30s', scheduleTimeout: '1d', delay: '1h', priority: 5 }
    const retry = { limit: 4, delay: '10s', factor: 2, maxDelay: '5m', jitter: true, within: '2h' }
    const value: unknown = JSON.parse(
      JSON.stringify({ tasks: dense(1).map((task) => ({ ...task, ...settings, retry })) }),
    )
    const definition = definitionOf(value)
    expect(new Set(definition.tasks.map((task) => task.retry)).size).toBe(1)
    expect(new Set(resolveAllTaskSettings(definition, engineDefaults)).size).toBe(1)
    expect(millisecondsOf(() => definitionOf(value))).toBeLessThan(2_000)
    expect(millisecondsOf(() => resolveAllTaskSettings(definition, engineDefaults))).toBeLessThan(1_000)
    expect(millisecondsOf(() => worstCaseEnd(definition, engineDefaults))).toBeLessThan(1_000)
  })

  test('with settings of their own cross between threads in two seconds', () => {
    const tasks = dense(1).map((task, i) => ({ ...task, timeout: `${i + 1}s`, retry: { limit: i } }))
    const definition = definitionOf({ tasks })
    const elapsed = millisecondsOf(() => {
      expect(unpackDefinition(structuredClone(packDefinition(definition))).tasks).toHaveLength(TASKS)
    })
    expect(elapsed).toBeLessThan(2_000)
  })

  test('in one chain are checked, compiled and traced back in two seconds', () => {
    const value = { tasks: dense(1).toReversed() }
    const elapsed = millisecondsOf(() => {
      const graph = TaskGraph.compile(definitionOf(value).tasks)
      expect(graph.ancestorsOf(0, TASKS)).toHaveLength(TASKS - 1)
    })
    expect(elapsed).toBeLessThan(2_000)
  })

  test('in one cycle are one problem, found in two seconds', () => {
    const tasks = dense(1).with(0, { name: 'Task 0', needs: [`Task ${TASKS - 1}`] })
    const elapsed = millisecondsOf(() => {
      expect(problemsOf({ tasks }).map(({ code }) => code)).toEqual(['cycle'])
    })
    expect(elapsed).toBeLessThan(2_000)
  })

  test('that all need unknown ones are refused in two seconds, the first with a suggestion', () => {
    const tasks = dense(0).map(({ name }) => ({
      name: `A rather long name of ${name}`,
      needs: [`A rather long nam of ${name}`],
    }))
    const elapsed = millisecondsOf(() => {
      const problems = problemsOf({ tasks })
      expect(problems).toHaveLength(101)
      expect(problems[0]?.suggestion).toBe('A rather long name of Task 0')
    })
    expect(elapsed).toBeLessThan(2_000)
  })

  test('in pairs of cycles are as many problems, most of them only counted', () => {
    const tasks = dense(0).map(({ name }, i) => ({ name, needs: [`Task ${i ^ 1}`] }))
    const problems = problemsOf({ tasks })
    expect(problems.at(-1)?.message).toContain(`${TASKS / 2 - 100} more`)
  })
})

test('a text that is all mistakes is refused in time', () => {
  const source = `a: 1\n`.repeat(20_000)
  const elapsed = millisecondsOf(() => expect(problemsIn(source)).toHaveLength(101))
  expect(elapsed).toBeLessThan(5_000)
})
