import type { ProcessList } from '../lists/process-list.js'
import type { Payload } from '../payload.js'
import { formatTaskId } from './ids.js'
import { Recent } from './recent.js'

/** How many characters of outputs are kept at most. */
const maxKeptCharacters = 16 * 1024 * 1024

/** What tasks have put out: the latest ones at hand, the others read from the history by their version. */
export class Outputs {
  readonly #processList: ProcessList
  readonly #kept = new Recent<Kept>(maxKeptCharacters, ({ characters }) => characters)

  constructor(processList: ProcessList) {
    this.#processList = processList
  }

  keep(processId: string, task: number, output: Payload | undefined): void {
    const key = formatTaskId({ processId, task })
    this.#kept.set(key, { output, characters: key.length + (output?.text.length ?? 0) })
  }

  /**
   * The outputs of tasks that are completed, as far as they had any.
   * @throws StaleCopy when the history does not bear out that they were completed in these versions.
   */
  async of(id: string, completed: readonly CompletedTask[]): Promise<Map<number, Payload>> {
    const found = new Map<number, Payload>()
    const missing: CompletedTask[] = []
    for (const one of completed) {
      const kept = this.#kept.get(formatTaskId({ processId: id, task: one.task }))
      if (kept === undefined) missing.push(one)
      else if (kept.output !== undefined) found.set(one.task, kept.output)
    }
    if (missing.length === 0) return found
    const events = await this.#processList.events(missing.map(({ version }) => ({ id, version })))
    for (const [index, { task }] of missing.entries()) {
      const event = events[index]
      if (event?.task !== task || event.type !== 'task-completed') throw new StaleCopy()
      this.keep(id, task, event.payload)
      if (event.payload !== undefined) found.set(task, event.payload)
    }
    return found
  }
}

/** A task and the version of its process in which it was completed. */
export interface CompletedTask {
  readonly task: number
  readonly version: number
}

/** A copy was looked at while its lane had something in it that was then not committed. */
export class StaleCopy extends Error {}

interface Kept {
  readonly output: Payload | undefined
  readonly characters: number
}
