import type { ProcessRecord } from '../lists/process-list.js'
import type { ProcessState } from '../process/state.js'
import { Recent } from './recent.js'

/** What a replica knows of a process: as it was at `state.version`, perhaps behind, never ahead of a commit. */
export interface ProcessCopy {
  /** Its parts that never change are right; `state` knows better about the rest. */
  readonly record: ProcessRecord
  readonly state: ProcessState
}

/**
 * Copies of processes, so that a report costs no read. Bounded by the tasks in them; who was not used for longest goes
 * first. Only who has the process in hand, a lane or `Apart`, changes its copy, and throws it away when a commit failed or is
 * in doubt.
 */
export class ProcessCache {
  readonly #copies: Recent<ProcessCopy>

  /** @param maxTasks how many tasks the copies may have in all; nine bytes each, and their processes' input. */
  constructor(maxTasks: number) {
    this.#copies = new Recent(maxTasks, weightOf)
  }

  get(id: string): ProcessCopy | undefined {
    return this.#copies.get(id)
  }

  put(id: string, copy: ProcessCopy): void {
    this.#copies.set(id, copy)
  }

  drop(id: string): void {
    this.#copies.delete(id)
  }
}

/** In tasks; a process itself and each kilobyte of its input weigh about as much as a hundred of them. */
function weightOf({ record, state }: ProcessCopy): number {
  return state.graph.size + 100 + 100 * Math.ceil((record.input?.text.length ?? 0) / 1024)
}
