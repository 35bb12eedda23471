import type { Definition } from '../definition/definition.js'
import type { ProcessCommand } from '../process/commands.js'
import type { ProcessEvent } from '../process/events.js'
import { toSource, type DefinitionSource } from '../definition/definition-source.js'
import { compileDefinition } from '../definition/compiled-definition.js'
import { engineDefaults } from '../definition/task-settings.js'
import { mergeAttributes } from '../attributes.js'
import { TunaCornError } from '../errors.js'
import { newId } from '../new-ids.js'
import { Payload } from '../payload.js'
import { apply } from '../process/apply.js'
import { decide } from '../process/decide.js'
import { percentOf, ProcessState, type ProcessStatus, type TaskStatus } from '../process/state.js'
import { readSource } from './read-source.js'

/** A task that can be worked on. */
export interface ActiveTask {
  readonly name: string
  /** The input of the process and the outputs of all ancestors that are objects, merged; later wins. */
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A process to be kept somewhere: its definition and everything that has happened. Plain JSON. */
export interface ExportedProcess {
  readonly id: string
  readonly definition: DefinitionSource
  readonly input?: unknown
  readonly events: readonly ExportedEvent[]
}

export interface ExportedEvent {
  readonly type: ProcessEvent['type']
  /** The name of the task. */
  readonly task?: string
  readonly payload?: unknown
}

/**
 * One process by itself, in memory: no engine, no board, no waiting. It follows the very rules that the engine
 * follows, for it is made of the same `decide` and `apply`. Completing a task costs O(its dependents).
 */
export class Process {
  readonly id: string
  readonly #definition: Definition
  readonly #input: Payload | undefined
  readonly #state: ProcessState
  readonly #events: ProcessEvent[] = []
  readonly #active = new Set<number>()
  readonly #outputs = new Map<number, Payload>()

  private constructor(id: string, definition: Definition, input: Payload | undefined) {
    this.id = id
    this.#definition = definition
    this.#input = input
    this.#state = new ProcessState(compileDefinition(definition, engineDefaults))
  }

  /**
   * Starts a process.
   * @param source a definition: parsed, as YAML or JSON text, or the path of a file.
   * @param options.input any JSON value.
   * @throws DefinitionError with every problem of the definition.
   */
  static start(source: unknown, options: { readonly input?: unknown } = {}): Process {
    const process = new Process(newId(), readSource(source), Payload.from(options.input))
    process.#ask({ type: 'start' })
    return process
  }

  /** The process that `export` has given out, at the point where it was. Shares nothing with what it is made from. */
  static import(exported: ExportedProcess): Process {
    const process = new Process(exported.id, readSource(exported.definition), Payload.from(exported.input))
    for (const { type, task, payload } of exported.events) {
      const index = task === undefined ? undefined : process.#indexOf(task)
      process.#happen({ type, task: index, payload: Payload.from(payload) } as ProcessEvent)
    }
    return process
  }

  /** How many events it has seen. */
  get version(): number {
    return this.#state.version
  }

  /** `floor(100 × finished / total)` */
  get progress(): number {
    return percentOf(this.#state.finished, this.#state.graph.size)
  }

  get state(): ProcessStatus {
    return this.#state.status
  }

  /** Every task with its state, in the order of the definition. */
  getTasks(): { readonly name: string; readonly state: TaskStatus }[] {
    return this.#state.graph.names.map((name, task) => ({ name, state: this.#state.taskStatus(task) }))
  }

  /** The tasks ready for work, in the order of the definition. */
  getActiveTasks(): ActiveTask[] {
    return [...this.#active]
      .sort((a, b) => a - b)
      .map((task) => {
        const attributesOf = () => this.#attributes(task)
        return {
          name: this.#state.graph.names[task] ?? '',
          // Merged when looked at: a list of 100,000 active tasks costs no more than its names.
          get attributes() {
            return attributesOf()
          },
        }
      })
  }

  /** @throws TunaCornError `task-not-found` for a name that is not in the definition. */
  getTaskState(name: string): TaskStatus {
    return this.#state.taskStatus(this.#indexOf(name))
  }

  /**
   * @param output any JSON value, for the tasks that come after.
   * @throws TunaCornError `task-not-found`, `task-ended`, `task-not-active`, `process-ended`, `payload-refused`.
   */
  complete(name: string, output?: unknown): void {
    this.#ask({ type: 'complete-task', task: this.#indexOf(name), payload: Payload.from(output) })
  }

  /** Fails the task for good, and with it the process. Throws as `complete` does. */
  fail(name: string, error?: unknown): void {
    this.#ask({ type: 'fail-task', task: this.#indexOf(name), payload: Payload.from(error) })
  }

  isComplete(): boolean {
    return this.#state.status === 'completed'
  }

  isFailed(): boolean {
    return this.#state.status === 'failed'
  }

  /** A copy that shares nothing with this process. */
  export(): ExportedProcess {
    return {
      id: this.id,
      definition: toSource(this.#definition),
      ...(this.#input === undefined ? {} : { input: this.#input.value() }),
      events: this.#events.map((event) => {
        const task = 'task' in event ? this.#state.graph.names[event.task] : undefined
        const payload = 'payload' in event ? event.payload : undefined
        return {
          type: event.type,
          ...(task === undefined ? {} : { task }),
          ...(payload === undefined ? {} : { payload: payload.value() }),
        }
      }),
    }
  }

  #ask(command: ProcessCommand): void {
    const { events, rejection } = decide(this.#state, command)
    if (rejection !== undefined) throw new TunaCornError(rejection.code, rejection.detail)
    for (const event of events) this.#happen(event)
  }

  #happen(event: ProcessEvent): void {
    for (const task of apply(this.#state, event)) this.#active.add(task)
    if (this.#state.status !== 'running') this.#active.clear()
    else if ('task' in event) this.#active.delete(event.task)
    if (event.type === 'task-completed' && event.payload !== undefined) {
      this.#outputs.set(event.task, event.payload)
    }
    this.#events.push(event)
  }

  #attributes(task: number): Record<string, unknown> {
    const { graph } = this.#state
    const ancestors = graph.ancestorsOf(task, graph.size)
    const payloads = ancestors === 'too-many' ? [] : Array.from(ancestors, (one) => this.#outputs.get(one))
    return mergeAttributes([this.#input, ...payloads])
  }

  #indexOf(name: string): number {
    const index = this.#state.graph.indexOf(name)
    if (index !== undefined) return index
    throw new TunaCornError('task-not-found', `The definition has no task ${JSON.stringify(name)}.`)
  }
}
