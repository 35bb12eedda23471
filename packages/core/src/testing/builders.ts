import { randomBytes } from 'node:crypto'
import { v7 as uuidV7 } from 'uuid'
import type { TaskDefinition } from '../definition/definition.js'
import type { NewDefinition } from '../lists/definition-list.js'
import type { NewBoardTask } from '../lists/board.js'
import type { ProcessChange, StartOnce } from '../lists/process-list.js'
import type { ScheduledTask } from '../lists/task-list.js'
import type { Payload } from '../payload.js'

export const dayMs = 86_400_000

/** What holds for a task on the board when nothing is said: attempts and time enough. */
export const roomy = {
  delayMs: 0,
  maxAttempts: 1_000,
  timeoutMs: dayMs,
  heartbeatMs: dayMs,
  scheduleTimeoutMs: 30 * dayMs,
  withinMs: undefined,
} as const

/** Ids made later sort behind, also within a millisecond. */
export function newProcessId(): string {
  return uuidV7()
}

export function newSecret(): string {
  return randomBytes(16).toString('base64url')
}

/** A registered definition, as far as starting a process of it goes. */
export interface KnownDefinition {
  readonly name: string
  readonly version: number
  readonly tasks: readonly string[]
}

export interface DefinitionOptions {
  readonly name?: string
  /** Names alone mean tasks without needs. */
  readonly tasks?: readonly (string | TaskDefinition)[]
  /** Goes into the text only: another remark makes another version. */
  readonly remark?: string
}

export function aDefinition(options: DefinitionOptions = {}): NewDefinition {
  const { name = 'order', tasks = ['work'], remark = 'as first written' } = options
  const definition = {
    name,
    tasks: tasks.map((task) => (typeof task === 'string' ? { name: task, needs: [] } : task)),
  }
  // JSON is YAML, and so the text says the same as the definition, whatever the names are.
  return { name, definition, source: `# ${remark}\n${JSON.stringify(definition)}\n`, format: 'yaml' }
}

/** `['task 0', 'task 1', …]` */
export function taskNames(count: number): string[] {
  return Array.from({ length: count }, (_, task) => `task ${task}`)
}

export interface StartOptions {
  readonly id?: string
  readonly priority?: number
  readonly input?: Payload | undefined
  readonly isDefaultVersion?: boolean
  readonly key?: string
  readonly once?: StartOnce
  readonly timeoutMs?: number
  /** Which tasks come onto the board, by index; all of them if not said. */
  readonly enter?: readonly number[]
  /** What holds for them there. */
  readonly settings?: TaskSettings
  readonly failureOf?: string
  readonly traceparent?: string
}

export type TaskSettings = Partial<Omit<NewBoardTask, 'task' | 'name'>>

export function startOf(definition: KnownDefinition, options: StartOptions = {}): ProcessChange {
  const { id = newProcessId(), priority = 0, input, isDefaultVersion = false } = options
  const enter = options.enter ?? [...definition.tasks.keys()]
  return {
    id,
    definition: definition.name,
    expectedVersion: 0,
    started: {
      definitionVersion: definition.version,
      isDefaultVersion,
      total: definition.tasks.length,
      input,
      priority,
      key: options.key,
      failureOf: options.failureOf,
      traceparent: options.traceparent,
      once: options.once,
    },
    startedAt: undefined,
    state: 'running',
    completed: 0,
    failed: 0,
    events: [{ type: 'process-started' }],
    clock: 'anew',
    timeoutMs: options.timeoutMs ?? 365 * dayMs,
    isDue: false,
    failureProcess: undefined,
    enter: boardTasks(definition, enter, { priority, ...options.settings }),
  }
}

/** Tasks of a definition on their way to the board. */
export function boardTasks(
  definition: KnownDefinition,
  tasks: readonly number[],
  settings: TaskSettings = {},
): NewBoardTask[] {
  return tasks.map((task) => ({
    ...roomy,
    priority: 0,
    holder: undefined,
    ...settings,
    task,
    name: definition.tasks[task] ?? `task ${task}`,
  }))
}

/** A task on its way to the board by itself, without a process around it; claimable since long ago. */
export function aTask(options: Partial<ScheduledTask> = {}): ScheduledTask {
  const { delayMs: _delayMs, ...settings } = roomy
  return {
    ...settings,
    processId: newProcessId(),
    task: 0,
    name: 'work',
    definition: 'order',
    priority: 0,
    claimableAt: new Date(Date.UTC(2020, 0, 1)),
    ...options,
  }
}
