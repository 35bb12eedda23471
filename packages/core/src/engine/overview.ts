import type { BoardCensus, ProcessCensus } from '../lists/census.js'
import type { ProcessList } from '../lists/process-list.js'
import type { TaskList } from '../lists/task-list.js'

/** What there is of everything. */
export interface Overview extends ProcessCensus, BoardCensus {}

/** However many look, it is counted no more often than this. */
const keptForMs = 2_000
/** And what takes long is kept for longer: counting is a small part of what the store does, whatever there is to count. */
const shareOfTime = 1 / 20
const keptAtMostForMs = 30_000

/** Counts what there is of everything, once for all who ask at about the same time. */
export class Overviews {
  readonly #processList: ProcessList
  readonly #taskList: TaskList
  #latest: Promise<Overview> | undefined

  constructor(processList: ProcessList, taskList: TaskList) {
    this.#processList = processList
    this.#taskList = taskList
  }

  read(): Promise<Overview> {
    this.#latest ??= this.#count()
    return this.#latest
  }

  async #count(): Promise<Overview> {
    const begunMs = performance.now()
    let keptMs = keptForMs
    try {
      const [processes, board] = await Promise.all([this.#processList.census(), this.#taskList.census()])
      const tookMs = performance.now() - begunMs
      keptMs = Math.min(keptAtMostForMs, Math.max(keptForMs, tookMs / shareOfTime))
      return { ...processes, ...board }
    } finally {
      // A failure, too, is told to all who ask meanwhile.
      setTimeout(() => (this.#latest = undefined), keptMs).unref()
    }
  }
}
