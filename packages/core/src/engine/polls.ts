import type { ClaimCriteria, Poll, TaskList } from '../lists/task-list.js'
import type { Logger } from './logger.js'

/** How often the record of who asks for work is written at most: it is for people to read. */
const writtenEveryMs = 10_000
/** After the first to ask, others are waited for so long. */
const gatheredForMs = 1_000
/** How many are remembered until then; of more, those that were asked for last. */
const maxAsked = 1_000

/** Remembers who has asked, and for which tasks, and writes it down now and then, all at once; no timer without. */
export class Polls {
  readonly #taskList: TaskList
  readonly #logger: Logger
  readonly #asked = new Map<string, Poll>()
  readonly #workers = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #writtenAt = -Infinity

  constructor(taskList: TaskList, logger: Logger) {
    this.#taskList = taskList
    this.#logger = logger
  }

  /** For what is asked within one process says nothing about others, and is not remembered. */
  note(worker: string, { names, definition, processId }: ClaimCriteria): void {
    remember(this.#workers, worker, worker)
    for (const name of processId === undefined ? (names ?? [undefined]) : []) {
      // No name holds a line break, nor does '' name anything.
      remember(this.#asked, `${name ?? ''}\n${definition ?? ''}`, { name, definition })
    }
    this.#schedule()
  }

  /** Writes down what is left. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#writing
    await this.#write()
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#workers.size === 0) return
    const inMs = Math.max(gatheredForMs, this.#writtenAt + writtenEveryMs - performance.now())
    this.#timer = setTimeout(() => {
      this.#writing = this.#write().finally(() => {
        this.#timer = undefined
        this.#schedule()
      })
    }, inMs)
    this.#timer.unref()
  }

  async #write(): Promise<void> {
    if (this.#workers.size === 0) return
    this.#writtenAt = performance.now()
    const polls = [...this.#asked.values()]
    const workers = [...this.#workers.values()]
    this.#asked.clear()
    this.#workers.clear()
    try {
      await this.#taskList.notePolls(polls, workers)
    } catch (error) {
      // Who still wants work asks again.
      this.#logger.debug({ err: error }, 'could not write down who asks for work')
    }
  }
}

/** As the last one; of too many, the first is forgotten. */
function remember<T>(kept: Map<string, T>, key: string, value: T): void {
  kept.delete(key)
  kept.set(key, value)
  const [first] = kept.keys()
  if (kept.size > maxAsked && first !== undefined) kept.delete(first)
}
