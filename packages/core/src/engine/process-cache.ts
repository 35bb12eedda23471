import type { ProcessRecord } from '../lists/process-list.js'
import type { ProcessState } from '../process/state.js'

/** What a replica knows of a process: as it was at `state.version`, perhaps behind, never ahead of a commit. */
export interface ProcessCopy {
  /** Its parts that never change are right; `state` knows better about the rest. */
  readonly record: ProcessRecord
  readonly state: ProcessState
}

/**
 * Copies of processes, so that a report costs no read. Bounded by the tasks in them; who was used longest ago goes
 * first. Only the lane of a process changes its copy, and throws it away when a commit failed or is in doubt.
 */
export class ProcessCache {
  readonly #copies = new Map<string, ProcessCopy>()
  readonly #maxTasks: number
  #tasks = 0

  /** @param maxTasks how many tasks the copies may have in all; nine bytes each, and their processes' input. */
  constructor(maxTasks: number) {
    this.#maxTasks = maxTasks
  }

  get(id: string): ProcessCopy | undefined {
    const copy = this.#copies.get(id)
    if (copy === undefined) return undefined
    this.#copies.delete(id)
    this.#copies.set(id, copy)
    return copy
  }

  put(id: string, copy: ProcessCopy): void {
    this.drop(id)
    this.#copies.set(id, copy)
    this.#tasks += weightOf(copy)
    for (const oldest of this.#copies.keys()) {
      if (this.#tasks <= this.#maxTasks || oldest === id) return
      this.drop(oldest)
    }
  }

  drop(id: string): void {
    const copy = this.#copies.get(id)
    if (copy === undefined) return
    this.#copies.delete(id)
    this.#tasks -= weightOf(copy)
  }
}

/** In tasks; a process itself and each kilobyte of its input weigh about as much as a hundred of them. */
function weightOf({ record, state }: ProcessCopy): number {
  return state.graph.size + 100 + 100 * Math.ceil((record.input?.text.length ?? 0) / 1024)
}
