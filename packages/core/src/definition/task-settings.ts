import type { Definition, RetryPolicy, TaskSettings } from './definition.js'
import { retryPolicy } from './retry-policy.js'

/** What holds where neither the task nor the definition says anything. */
export interface EngineDefaults {
  readonly retry: RetryPolicy
  readonly timeoutMs: number
  readonly heartbeatMs: number
  readonly scheduleTimeoutMs: number
  readonly delayMs: number
  /** Of whole processes. */
  readonly processTimeoutMs: number
}

const DAY_MS = 86_400_000

/** No retry, timeout 1d, heartbeat 5m, scheduleTimeout 30d, no delay, process timeout 365d. */
export const engineDefaults: EngineDefaults = Object.freeze({
  retry: retryPolicy({ limit: 0 }),
  timeoutMs: DAY_MS,
  heartbeatMs: 300_000,
  scheduleTimeoutMs: 30 * DAY_MS,
  delayMs: 0,
  processTimeoutMs: 365 * DAY_MS,
})

/** All that holds for a task. */
export interface TaskPolicy {
  readonly retry: RetryPolicy
  readonly timeoutMs: number
  readonly heartbeatMs: number
  readonly scheduleTimeoutMs: number
  readonly delayMs: number
  /** When `undefined`, that of the process. */
  readonly priority: number | undefined
}

/**
 * What holds for a task: for each key its own word, else that of the definition's defaults, else the engine's. A
 * retry policy counts as one word: a task's own is not mixed with the default one.
 */
export function resolveTaskSettings(
  task: TaskSettings,
  defaults: TaskSettings | undefined,
  engine: EngineDefaults,
): TaskPolicy {
  return Object.freeze({
    retry: task.retry ?? defaults?.retry ?? engine.retry,
    timeoutMs: task.timeoutMs ?? defaults?.timeoutMs ?? engine.timeoutMs,
    heartbeatMs: task.heartbeatMs ?? defaults?.heartbeatMs ?? engine.heartbeatMs,
    scheduleTimeoutMs: task.scheduleTimeoutMs ?? defaults?.scheduleTimeoutMs ?? engine.scheduleTimeoutMs,
    delayMs: task.delayMs ?? defaults?.delayMs ?? engine.delayMs,
    priority: task.priority ?? defaults?.priority,
  })
}

/** The same for all tasks of a definition, in their order. Equal policies are one object: most tasks are alike. */
export function resolveAllTaskSettings(
  { tasks, defaults }: Definition,
  engine: EngineDefaults,
): readonly TaskPolicy[] {
  const policies = new Map<string, TaskPolicy>()
  return tasks.map((task) => {
    const policy = resolveTaskSettings(task, defaults, engine)
    const key = JSON.stringify(policy)
    const known = policies.get(key)
    if (known !== undefined) return known
    policies.set(key, policy)
    return policy
  })
}
