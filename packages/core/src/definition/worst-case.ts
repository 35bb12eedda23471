import type { Definition } from './definition.js'
import { TaskGraph } from './task-graph.js'
import { type EngineDefaults, resolveAllTaskSettings, type TaskPolicy } from './task-settings.js'
import { printedPath } from './wording.js'

/** When processes of a definition have ended at the latest. */
export interface WorstCase {
  /**
   * From the start of a process, apart from pauses and from tasks that workers give back. Never more than
   * `processTimeoutMs`.
   */
  readonly endMs: number
  /** The names of the tasks, each needing the one before, that may take longest in all. */
  readonly criticalPath: readonly string[]
  /** The number of tasks on the critical path. */
  readonly depth: number
  /** Ends it whatever happens, pauses apart. */
  readonly processTimeoutMs: number
}

/**
 * The latest moment at which a process has ended: that of the path through the graph on which tasks may take longest
 * in all (`longestMs`), or the process's own timeout where that is earlier. Pauses, during which the process's clock
 * stands still, and being retried as a whole come on top. Each time that a worker gives a task back, its wait begins
 * anew: who does so for ever is stopped by the timeout of the process alone. Linear in tasks and needs.
 *
 * Sums are floating-point numbers, which do not overflow: a million retries of a hundred years each, on each of
 * 100,000 tasks, are some 10²⁴ ms. Only up to the process's timeout, far below 2⁵³ ms, need they be exact.
 */
export function worstCaseEnd(definition: Definition, engine: EngineDefaults): WorstCase {
  const { tasks, timeoutMs: processTimeoutMs = engine.processTimeoutMs } = definition
  const graph = TaskGraph.compile(tasks)
  const longest = longestOf(resolveAllTaskSettings(definition, engine))
  const endsMs = new Float64Array(graph.size)
  /** The need that may end last, one up; 0 is none. */
  const latestNeeds = new Uint32Array(graph.size)
  let last = 0
  for (const task of graph.topologicalOrder) {
    let beginMs = 0
    for (const need of graph.needsOf(task)) {
      if (endsMs[need]! <= beginMs) continue
      beginMs = endsMs[need]!
      latestNeeds[task] = need + 1
    }
    endsMs[task] = beginMs + longest[task]!
    if (endsMs[task] > endsMs[last]!) last = task
  }
  const criticalPath = pathTo(last, latestNeeds).map((task) => graph.names[task]!)
  return {
    endMs: Math.min(endsMs[last]!, processTimeoutMs),
    criticalPath,
    depth: criticalPath.length,
    processTimeoutMs,
  }
}

/**
 * The longest that a task may take from when it becomes active until it is completed or has failed for good:
 *
 *     delay + scheduleTimeout + min(within, limit × (timeout + maxDelay + scheduleTimeout)) + timeout
 *
 * Each attempt waits for a worker for at most `scheduleTimeout` (a task that nobody claims in time has failed for
 * good) and is held for at most `timeout`; a lapsed lease only ends it sooner. Between attempts the wait is counted
 * as `maxDelay` and not by the formula of `retryDelayMs`, since a worker may ask for another wait (`retryIn`),
 * which is cut to `maxDelay`. With `within` the last attempt is claimed no later than that after the first was, or
 * never: a retry that nobody has claimed by then has failed.
 */
function longestMs({ delayMs, scheduleTimeoutMs, timeoutMs, retry }: TaskPolicy): number {
  const { limit, maxDelayMs, withinMs = Infinity } = retry
  const fromFirstToLastClaimMs = Math.min(withinMs, limit * (timeoutMs + maxDelayMs + scheduleTimeoutMs))
  return delayMs + scheduleTimeoutMs + fromFirstToLastClaimMs + timeoutMs
}

/** The worst case in words, on one line. */
export function describeWorstCase({ endMs, criticalPath, depth, processTimeoutMs }: WorstCase): string {
  const timeout = inWords(processTimeoutMs, processTimeoutMs)
  const apart =
    endMs === processTimeoutMs
      ? 'pauses apart (process timeout)'
      : `pauses and tasks that workers give back apart (process timeout: ${timeout})`
  const tasks = depth === 1 ? '1 task' : `${depth} tasks`
  const path = `critical path, ${tasks} deep: ${printedPath(criticalPath)}`
  return `ends within ${inWords(endMs, processTimeoutMs)}, ${apart}; ${path}`
}

/** Each policy is shared by many tasks. */
function longestOf(policies: readonly TaskPolicy[]): number[] {
  const known = new Map<TaskPolicy, number>()
  return policies.map((policy) => {
    const ms = known.get(policy) ?? longestMs(policy)
    known.set(policy, ms)
    return ms
  })
}

function pathTo(last: number, latestNeeds: Uint32Array): number[] {
  const path: number[] = []
  for (let next = last + 1; next !== 0; next = latestNeeds[next - 1]!) path.push(next - 1)
  return path.toReversed()
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

/**
 * In the two largest units that say anything, rounded up: `33d 2h` for what is `33d 1h 5m` at the latest. Where that
 * would be more than `maxMs`, that itself, in as many units as it takes.
 */
function inWords(ms: number, maxMs: number): string {
  const first = UNITS.findIndex(([, unitMs]) => ms >= unitMs)
  const [, smallestMs] = UNITS[Math.min(first + 1, UNITS.length - 1)] ?? ['ms', 1]
  let leftMs = Math.min(Math.ceil(ms / smallestMs) * smallestMs, maxMs)
  const words: string[] = []
  for (const [unit, unitMs] of UNITS) {
    const amount = Math.floor(leftMs / unitMs)
    if (amount > 0) words.push(`${amount}${unit}`)
    leftMs -= amount * unitMs
  }
  return words.join(' ')
}
