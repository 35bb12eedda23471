import { randomBytes } from 'node:crypto'
import { v7 as uuidV7 } from 'uuid'
import type { TaskDefinition } from '../definition/definition.js'
import type { NewDefinition } from '../lists/definition-list.js'
import type { NewBoardTask, NewEvent, ProcessChange, ProcessRecord } from '../lists/process-list.js'
import type { ScheduledTask } from '../lists/task-list.js'
import type { Payload } from '../payload.js'

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
  /** Which tasks come onto the board, by index; all of them if not said. */
  readonly enter?: readonly number[]
}

export function startOf(definition: KnownDefinition, options: StartOptions = {}): ProcessChange {
  const { id = newProcessId(), priority = 0, input, isDefaultVersion = false } = options
  const enter = options.enter ?? [...definition.tasks.keys()]
  return {
    id,
    definition: definition.name,
    priority,
    expectedVersion: 0,
    started: {
      definitionVersion: definition.version,
      isDefaultVersion,
      total: definition.tasks.length,
      input,
    },
    startedAt: undefined,
    state: 'running',
    completed: 0,
    failed: 0,
    events: [{ type: 'process-started' }],
    enter: boardTasks(definition, enter),
  }
}

/** Tasks of a definition on their way to the board. */
export function boardTasks(definition: KnownDefinition, tasks: readonly number[]): NewBoardTask[] {
  return tasks.map((task) => ({ task, name: definition.tasks[task] ?? `task ${task}` }))
}

/** The end of a task. What a claim has handed out can be given as it is. */
export type Report = Omit<NewEvent, 'type' | 'task'> & { readonly task: number }

/** The change that completes these tasks, and with the last of them the process. */
export function completionOf(
  record: ProcessRecord,
  reports: readonly Report[],
  enter: readonly NewBoardTask[] = [],
): ProcessChange {
  const completed = record.completed + reports.length
  return {
    ...changeOf(record),
    completed,
    state: completed === record.total ? 'completed' : 'running',
    events: reports.map((report) => eventOf('task-completed', report)),
    enter,
  }
}

/** The change in which a task fails, and the process with it. */
export function failureOf(record: ProcessRecord, report: Report): ProcessChange {
  return {
    ...changeOf(record),
    state: 'failed',
    failed: record.failed + 1,
    events: [eventOf('task-failed', report)],
  }
}

export function cancellationOf(record: ProcessRecord, reason?: Payload): ProcessChange {
  return { ...changeOf(record), state: 'cancelled', events: [{ type: 'process-cancelled', payload: reason }] }
}

function changeOf(record: ProcessRecord): ProcessChange {
  const { id, definition, priority, version, startedAt, state, completed, failed } = record
  const identity = { id, definition, priority, expectedVersion: version, started: undefined, startedAt }
  return { ...identity, state, completed, failed, events: [], enter: [] }
}

function eventOf(type: 'task-completed' | 'task-failed', { task, claim, payload }: Report): NewEvent {
  return { type, task, claim, payload }
}

/** A task on its way to the board by itself, without a process around it; claimable since long ago. */
export function aTask(options: Partial<ScheduledTask> = {}): ScheduledTask {
  return {
    processId: newProcessId(),
    task: 0,
    name: 'work',
    definition: 'order',
    priority: 0,
    claimableAt: new Date(Date.UTC(2020, 0, 1)),
    ...options,
  }
}
