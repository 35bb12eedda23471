import { formatDuration } from '@tunacorn/protocol'
import type { Definition, FailureCause, JsonSchema, RetryPolicy, TaskSettings } from './definition.js'
import { isUsualPolicy } from './retry-policy.js'

/** A retry policy as it is written. */
interface RetrySource {
  readonly limit: number
  readonly delay?: string
  readonly factor?: number
  readonly maxDelay?: string
  readonly jitter?: boolean
  readonly within?: string
}

/** Task settings as they are written: durations as text, such as `30s`. */
export interface SettingsSource {
  readonly retry?: number | RetrySource
  readonly timeout?: string
  readonly heartbeat?: string
  readonly scheduleTimeout?: string
  readonly delay?: string
  readonly priority?: number
}

export interface TaskSource extends SettingsSource {
  readonly name: string
  readonly needs?: readonly string[]
}

/** A definition as it is written: the one form in which they are exchanged, and which `checkDefinition` takes. */
export interface DefinitionSource {
  readonly name?: string
  readonly description?: string
  readonly input?: JsonSchema
  readonly timeout?: string
  readonly failureProcess?: string | { readonly name: string; readonly on?: readonly FailureCause[] }
  readonly defaults?: SettingsSource
  readonly tasks: readonly TaskSource[]
}

/** A checked definition as it could have been written: checking it gives an equal definition. Plain JSON. */
export function toSource(definition: Definition): DefinitionSource {
  const { timeoutMs, failureProcess, defaults, tasks, ...same } = definition
  return {
    ...same,
    ...(timeoutMs !== undefined && { timeout: formatDuration(timeoutMs) }),
    ...(failureProcess !== undefined && { failureProcess: { ...failureProcess } }),
    ...(defaults !== undefined && { defaults: settingsSource(defaults) }),
    tasks: tasks.map(({ name, needs, ...settings }) => ({ name, needs, ...settingsSource(settings) })),
  }
}

function settingsSource(settings: TaskSettings): SettingsSource {
  const { retry, timeoutMs, heartbeatMs, scheduleTimeoutMs, delayMs, priority } = settings
  return {
    ...(retry !== undefined && { retry: isUsualPolicy(retry) ? retry.limit : retrySource(retry) }),
    ...(timeoutMs !== undefined && { timeout: formatDuration(timeoutMs) }),
    ...(heartbeatMs !== undefined && { heartbeat: formatDuration(heartbeatMs) }),
    ...(scheduleTimeoutMs !== undefined && { scheduleTimeout: formatDuration(scheduleTimeoutMs) }),
    ...(delayMs !== undefined && { delay: formatDuration(delayMs) }),
    ...(priority !== undefined && { priority }),
  }
}

function retrySource({ limit, delayMs, factor, maxDelayMs, jitter, withinMs }: RetryPolicy): RetrySource {
  return {
    limit,
    delay: formatDuration(delayMs),
    factor,
    maxDelay: formatDuration(maxDelayMs),
    jitter,
    ...(withinMs !== undefined && { within: formatDuration(withinMs) }),
  }
}
