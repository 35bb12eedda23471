import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Definition } from '../../src/definition/definition.js'
import { retryDelayMs } from '../../src/definition/retry-delay.js'
import {
  engineDefaults,
  resolveAllTaskSettings,
  type TaskPolicy,
} from '../../src/definition/task-settings.js'
import { describeWorstCase, worstCaseEnd } from '../../src/definition/worst-case.js'
import { definitionOf } from './outcome.js'
import { definitions } from './definitions.js'

const QUICK = { ...engineDefaults, timeoutMs: 50_000, scheduleTimeoutMs: 50_000 }
const worstOf = (source: unknown, engine = engineDefaults) => worstCaseEnd(definitionOf(source), engine)

const chain = (length: number, settings: object) => ({
  tasks: Array.from({ length }, (_, i) => ({
    name: `T${i}`,
    needs: i === 0 ? [] : [`T${i - 1}`],
    ...settings,
  })),
})

describe('the worst case', () => {
  test('of a task is its delay, and for each attempt its wait, its work and the wait between', () => {
    const settings = { delay: '1s', scheduleTimeout: '10s', timeout: '100s' }
    const retry = { limit: 2, delay: '1s', maxDelay: '1000s' }
    const endOf = (task: object) => worstOf({ tasks: [{ name: 'A', ...settings, ...task }] }).endMs
    expect(endOf({})).toBe(111_000)
    expect(endOf({ retry })).toBe(1_000 + 3 * 110_000 + 2 * 1_000_000)
    expect(endOf({ retry: { ...retry, within: '500s' } })).toBe(1_000 + 10_000 + 500_000 + 100_000)
    expect(endOf({ retry: { ...retry, within: '50d' } })).toBe(endOf({ retry }))
  })

  test('with within has no wait for a worker after it: a retry that nobody has claimed by then has failed', () => {
    const retry = { limit: 100, delay: '1s', within: '2h' }
    const task = { name: 'A', retry, timeout: '10m', scheduleTimeout: '1h' }
    expect(worstOf({ tasks: [task] }).endMs).toBe((60 + 120 + 10) * 60_000)
  })

  test('of a process is that of the path that takes longest, not of the one with most tasks', () => {
    const short = { timeout: '1s', scheduleTimeout: '1s' }
    const worst = worstOf({
      tasks: [
        { name: 'D', needs: ['B', 'C'], ...short },
        { name: 'C', needs: ['B'], ...short },
        { name: 'B', needs: ['A'], ...short },
        { name: 'A', ...short },
        { name: 'Long', timeout: '1h', scheduleTimeout: '1s' },
        { name: 'Last', needs: ['Long', 'C'], ...short },
      ],
    })
    expect(worst).toEqual({
      endMs: 3_603_000,
      criticalPath: ['Long', 'Last'],
      depth: 2,
      processTimeoutMs: 365 * 86_400_000,
    })
  })

  test('is never later than the timeout of the process', () => {
    expect(worstOf({ timeout: '5m', tasks: [{ name: 'A' }] })).toMatchObject({
      endMs: 300_000,
      processTimeoutMs: 300_000,
    })
    const retry = { limit: 1_000_000, factor: 100, delay: '36525d' }
    const tasks = Array.from({ length: 1_000 }, (_, i) => ({
      name: `T${i}`,
      needs: i === 0 ? [] : [`T${i - 1}`],
      retry,
    }))
    expect(worstOf({ tasks })).toMatchObject({ endMs: 365 * 86_400_000, depth: 1_000 })
  })

  test('is not reached by any run, whatever workers do', () => {
    const chances = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }))
    fc.assert(
      fc.property(definitions, chances, (source, random) => {
        const definition = definitionOf(source)
        const draw = () => random.next().value ?? 0
        const run = (policy: TaskPolicy, activeMs: number) => runTask(policy, activeMs, draw)
        expect(endOfRun(definition, run)).toBeLessThanOrEqual(worstCaseEnd(definition, QUICK).endMs)
      }),
      { numRuns: 2_000 },
    )
  })

  test('is reached by the run in which everything goes as slowly as it may', () => {
    fc.assert(
      fc.property(definitions, (source) => {
        const { timeout: _timeout, ...endless } = source
        const definition = definitionOf(endless)
        expect(endOfRun(definition, runSlowly)).toBe(worstCaseEnd(definition, QUICK).endMs)
      }),
    )
  })
})

describe('the worst case in words', () => {
  test.each([
    [
      chain(1, {}),
      'ends within 31d, pauses and tasks that workers give back apart (process timeout: 365d); critical path, 1 task deep: T0',
    ],
    [
      { timeout: '36h', ...chain(3, {}) },
      'ends within 1d 12h, pauses apart (process timeout); critical path, 3 tasks deep: T0 → T1 → T2',
    ],
    [
      chain(20, { scheduleTimeout: '1s', timeout: '3m' }),
      'ends within 1h 1m, pauses and tasks that workers give back apart (process timeout: 365d); critical path, 20 tasks deep: ' +
        'T0 → T1 → T2 → T3 → T4 → T5 → … (8 more) … → T14 → T15 → T16 → T17 → T18 → T19',
    ],
    [
      chain(1, { scheduleTimeout: '1ms', timeout: '3599999ms', delay: '23h' }),
      'ends within 1d, pauses and tasks that workers give back apart (process timeout: 365d); critical path, 1 task deep: T0',
    ],
    [
      chain(1, { scheduleTimeout: '1ms', timeout: '1ms' }),
      'ends within 2ms, pauses and tasks that workers give back apart (process timeout: 365d); critical path, 1 task deep: T0',
    ],
    [
      { timeout: '1d', ...chain(1, { scheduleTimeout: '1ms', timeout: '3599998ms', delay: '23h' }) },
      'ends within 1d, pauses and tasks that workers give back apart (process timeout: 1d); critical path, 1 task deep: T0',
    ],
    [
      { timeout: '1505m', ...chain(1, { scheduleTimeout: '1h', timeout: '1d', delay: '4m' }) },
      'ends within 1d 1h 5m, pauses and tasks that workers give back apart (process timeout: 1d 1h 5m); ' +
        'critical path, 1 task deep: T0',
    ],
    [
      { timeout: '1505m', ...chain(1, {}) },
      'ends within 1d 1h 5m, pauses apart (process timeout); critical path, 1 task deep: T0',
    ],
  ])(
    'names the time, rounded up but not beyond the timeout of the process, and the path',
    (source, expected) => {
      expect(describeWorstCase(worstOf(source))).toBe(expected)
    },
  )
})

interface TaskRun {
  readonly endMs: number
  readonly isCompleted: boolean
}

/** Runs a process naively, as the rules have it. */
function endOfRun(definition: Definition, run: (policy: TaskPolicy, activeMs: number) => TaskRun): number {
  const timeoutMs = definition.timeoutMs ?? QUICK.processTimeoutMs
  const policies = resolveAllTaskSettings(definition, QUICK)
  const ends = new Map<string, number>()
  let failedMs = Infinity
  // Each task of these definitions comes after what it needs.
  for (const [index, { name, needs }] of definition.tasks.entries()) {
    const beginMs = Math.max(0, ...needs.map((need) => ends.get(need) ?? 0))
    const { endMs, isCompleted } = run(policies.at(index)!, beginMs)
    ends.set(name, endMs)
    if (!isCompleted) failedMs = Math.min(failedMs, endMs)
  }
  return Math.min(timeoutMs, failedMs, Math.max(...ends.values()))
}

/** With chances from 0 up to 1 for everything. */
function runTask(policy: TaskPolicy, activeMs: number, draw: () => number): TaskRun {
  const { retry, timeoutMs, scheduleTimeoutMs, delayMs } = policy
  let claimableMs = activeMs + delayMs
  let lastClaimMs = Infinity
  for (let attempt = 1; ; attempt++) {
    const neverClaimed = draw() < 0.05
    const claimedMs = Math.min(claimableMs + draw() * scheduleTimeoutMs, lastClaimMs)
    if (neverClaimed)
      return { endMs: Math.min(claimableMs + scheduleTimeoutMs, lastClaimMs), isCompleted: false }
    if (attempt === 1) lastClaimMs = claimedMs + (retry.withinMs ?? Infinity)
    const endMs = claimedMs + draw() * timeoutMs
    if (draw() < 0.3) return { endMs, isCompleted: true }
    const waitMs = draw() < 0.5 ? retryDelayMs(retry, attempt, draw()) : draw() * retry.maxDelayMs
    if (attempt > retry.limit || endMs + waitMs > lastClaimMs) return { endMs, isCompleted: false }
    claimableMs = endMs + waitMs
  }
}

/** Every attempt but the last fails, as late as another may follow; every wait is as long as it may be. */
function runSlowly({ retry, timeoutMs, scheduleTimeoutMs, delayMs }: TaskPolicy, activeMs: number): TaskRun {
  let claimedMs = activeMs + delayMs + scheduleTimeoutMs
  const lastClaimMs = claimedMs + (retry.withinMs ?? Infinity)
  for (let attempt = 1; attempt <= retry.limit; attempt++) {
    const endMs = Math.min(claimedMs + timeoutMs, lastClaimMs)
    const claimableMs = Math.min(endMs + retry.maxDelayMs, lastClaimMs)
    claimedMs = Math.min(claimableMs + scheduleTimeoutMs, lastClaimMs)
  }
  return { endMs: claimedMs + timeoutMs, isCompleted: true }
}
