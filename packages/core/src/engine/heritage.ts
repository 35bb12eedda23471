import type { Payload } from '../payload.js'
import { formatTaskId } from './ids.js'
import { Recent } from './recent.js'

/** How many characters are kept at most. */
const maxKeptCharacters = 16 * 1024 * 1024

/** The attributes of a task, and what they were made of. */
export interface Heritage {
  readonly merged: Payload
  /** How many tasks may have added to it. */
  readonly ancestors: number
  /** How long the input and all their outputs are, also where later ones took their place. */
  readonly characters: number
}

/**
 * What a task leaves to those that need it and nothing else: the attributes that it had, and its output. So along a chain
 * each step adds one output to what it was left, where it would put together those of all steps before it; and all tasks
 * of a fan share one. It is kept of completed tasks alone: all that they needed is completed too, and stays as it is, also
 * when their process is tried again.
 */
export class Heritages {
  readonly #kept = new Recent<Heritage>(maxKeptCharacters, ({ merged }) => merged.text.length + 100)

  of(processId: string, task: number): Heritage | undefined {
    return this.#kept.get(formatTaskId({ processId, task }))
  }

  keep(processId: string, task: number, heritage: Heritage): void {
    this.#kept.set(formatTaskId({ processId, task }), heritage)
  }
}
