import type { CompiledDefinition } from '../definition/compiled-definition.js'
import type { TaskGraph } from '../definition/task-graph.js'

export type ProcessStatus = 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'

/** A task as its process sees it. That it is scheduled or claimed is the board's knowledge, not the process's. */
export type TaskStatus = 'pending' | 'completed' | 'failed' | 'cancelled'

const statusOfByte = ['pending', 'completed', 'failed', 'cancelled'] as const satisfies readonly TaskStatus[]
const byteOfStatus = { pending: 0, completed: 1, failed: 2, cancelled: 3 } as const satisfies Record<
  TaskStatus,
  number
>

/**
 * One process in memory: nine bytes for each task. Only `apply` changes it, and it changes it in place:
 * copying 100,000 tasks for each of 100,000 completions would make a process cost the square of its size.
 */
export class ProcessState {
  readonly definition: CompiledDefinition
  status: ProcessStatus = 'running'
  /** How many events its history holds. */
  version = 0
  completed = 0
  failed = 0
  readonly #status: Uint8Array
  readonly #openNeeds: Uint32Array
  readonly #endedIn: Uint32Array

  constructor(definition: CompiledDefinition) {
    const { graph } = definition
    this.definition = definition
    this.#status = new Uint8Array(graph.size)
    this.#openNeeds = graph.inDegrees.slice()
    this.#endedIn = new Uint32Array(graph.size)
  }

  get graph(): TaskGraph {
    return this.definition.graph
  }

  /** Whether it has not ended: it runs, or will again. */
  get isLive(): boolean {
    return isLive(this.status)
  }

  taskStatus(task: number): TaskStatus {
    return statusOfByte[this.#status[task] ?? 0] ?? 'pending'
  }

  /** Every need completed, and not ended itself: there is work to be done, once the process runs. */
  isActive(task: number): boolean {
    return this.isLive && this.#status[task] === byteOfStatus.pending && this.#openNeeds[task] === 0
  }

  /** The names of all that is active. */
  activeNames(): string[] {
    return this.graph.names.filter((_name, task) => this.isActive(task))
  }

  /** The version of the event that ended this task; 0 while it has not ended. */
  endedIn(task: number): number {
    return this.#endedIn[task] ?? 0
  }

  /** For `apply`: this task has ended in the event that makes `version`. */
  end(task: number, status: 'completed' | 'failed', version: number): void {
    this.#status[task] = byteOfStatus[status]
    this.#endedIn[task] = version
    this[status] += 1
  }

  /** For `apply`: one need of this task is done. Answers whether it was the last. */
  meetNeed(task: number): boolean {
    const open = (this.#openNeeds[task] ?? 0) - 1
    this.#openNeeds[task] = open
    return open === 0
  }

  /** For `apply`: everything that has not ended never will. */
  cancelRest(): void {
    for (let task = 0; task < this.#status.length; task += 1) {
      if (this.#status[task] === byteOfStatus.pending) this.#status[task] = byteOfStatus.cancelled
    }
  }

  /** For `apply`: what failed or was cancelled is open again. Answers which of it is active. */
  reopen(): number[] {
    const active: number[] = []
    for (let task = 0; task < this.#status.length; task += 1) {
      if (this.#status[task] === byteOfStatus.completed) continue
      this.#status[task] = byteOfStatus.pending
      this.#endedIn[task] = 0
      if (this.#openNeeds[task] === 0) active.push(task)
    }
    this.failed = 0
    return active
  }

  /** How many of its tasks have been worked on to their end. */
  get finished(): number {
    return this.completed + this.failed
  }
}

/** Whether a process in this state has not ended. */
export function isLive(status: ProcessStatus): boolean {
  return status === 'running' || status === 'paused'
}

/** `floor(100 × finished / total)` */
export function percentOf(finished: number, total: number): number {
  return Math.floor((100 * finished) / total)
}
