import type { JsonValue } from './json-value.js'

/** Whether and when a failed attempt is followed by another. Everything is filled in except `withinMs`. */
export interface RetryPolicy {
  /** Retries: 4 means five attempts. 0 means that the first failure is final. */
  readonly limit: number
  /** Wait before the first retry. */
  readonly delayMs: number
  /** What each wait is multiplied by to give the next; at least 1. */
  readonly factor: number
  /** No wait is longer; at least `delayMs`. */
  readonly maxDelayMs: number
  /** Whether waits are spread at random, so that what failed together does not come back together. */
  readonly jitter: boolean
  /** No retry begins later than this after the first attempt began. */
  readonly withinMs?: number
}

/** What a task may be given, and a definition may give to all its tasks. */
export interface TaskSettings {
  readonly retry?: RetryPolicy
  /** From claim to report, one attempt; a heartbeat does not stretch it. */
  readonly timeoutMs?: number
  /** Longest silence of the worker that holds it. */
  readonly heartbeatMs?: number
  /** Longest wait on the board for a worker, one attempt. */
  readonly scheduleTimeoutMs?: number
  /** It becomes claimable this long after it becomes active. */
  readonly delayMs?: number
  /** 0 to 9, higher first; beats the process's. */
  readonly priority?: number
}

/** A step of a process, as the definition writes it: the defaults are not merged in (`resolveTaskSettings`). */
export interface TaskDefinition extends TaskSettings {
  /** 1 to 256 characters, unique within the definition. */
  readonly name: string
  /** Names of the tasks that must be completed first; each once, in the order written. */
  readonly needs: readonly string[]
}

/** How a process may end that its failure process is started for. A timeout is a failure. */
export type FailureCause = 'failed' | 'cancelled'

/** The process that is started once when this one ends badly. */
export interface FailureProcess {
  /** The name of another definition. */
  readonly name: string
  /** Not empty, each once. */
  readonly on: readonly FailureCause[]
}

/** A JSON Schema (2020-12), frozen all the way down. */
export type JsonSchema = Readonly<Record<string, JsonValue>>

/** A sound list of tasks: unique names, needs that exist, no cycle. Plain frozen data that survives JSON. */
export interface Definition {
  /** Required only where definitions are registered. */
  readonly name?: string
  readonly description?: string
  /** What the input of a process must be like. */
  readonly input?: JsonSchema
  /** The process must end this long after it started. */
  readonly timeoutMs?: number
  readonly failureProcess?: FailureProcess
  /** What tasks have that do not say it themselves. */
  readonly defaults?: TaskSettings
  readonly tasks: readonly TaskDefinition[]
}

/** How large a definition may be. */
export interface DefinitionLimits {
  /** UTF-8 bytes of source text. */
  readonly maxSourceBytes: number
  readonly maxTasks: number
  /** Needs of all tasks together. */
  readonly maxNeeds: number
  /** Unicode characters (code points) of a task's or the definition's name. */
  readonly maxNameLength: number
  /** Unicode characters (code points). */
  readonly maxDescriptionLength: number
  /** Problems listed; the rest is counted. */
  readonly maxProblems: number
}

export const DEFAULT_DEFINITION_LIMITS: DefinitionLimits = Object.freeze({
  maxSourceBytes: 64 * 1024 * 1024,
  maxTasks: 100_000,
  maxNeeds: 2_000_000,
  maxNameLength: 256,
  maxDescriptionLength: 10_000,
  maxProblems: 100,
})
