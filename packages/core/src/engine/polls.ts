import type { ClaimCriteria, Poll, TaskList } from '../lists/task-list.js'
import type { Logger } from './logger.js'

/** How often the record of who asks for work is written at most: it is for people to read. */
const writtenEveryMs = 10_000
/** After the first to ask, others are waited for so long. */
const gatheredForMs = 1_000
/** How many are remembered until then; of more, those that were asked for last. */
const maxAsked = 1_000

/** Remembers for which tasks workers have asked, and writes it down now and then, all at once; no timer without. */
export class Polls {
  readonly #taskList: TaskList
  readonly #logger: Logger
  readonly #asked = new Map<string, Poll>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #writtenAt = 0

  constructor(taskList: TaskList, logger: Logger) {
    this.#taskList = taskList
    this.#logger = logger
  }

  /** A claim within one process says nothing about others, and is not remembered. */
  note({ names, definition, processId }: ClaimCriteria): void {
    if (processId !== undefined) return
    for (const name of names ?? [undefined]) this.#remember({ name, definition })
    this.#schedule()
  }

  /** Writes down what is left. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#writing
    await this.#write()
  }

  #remember(poll: Poll): void {
    const key = JSON.stringify([poll.name, poll.definition])
    this.#asked.delete(key)
    this.#asked.set(key, poll)
    const [first] = this.#asked.keys()
    if (this.#asked.size > maxAsked && first !== undefined) this.#asked.delete(first)
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#asked.size === 0) return
    const inMs = Math.max(gatheredForMs, this.#writtenAt + writtenEveryMs - Date.now())
    this.#timer = setTimeout(() => {
      this.#writing = this.#write().finally(() => {
        this.#timer = undefined
        this.#schedule()
      })
    }, inMs)
    this.#timer.unref()
  }

  async #write(): Promise<void> {
    if (this.#asked.size === 0) return
    this.#writtenAt = Date.now()
    const polls = [...this.#asked.values()]
    this.#asked.clear()
    try {
      await this.#taskList.notePolls(polls)
    } catch (error) {
      // Who still wants work asks again.
      this.#logger.debug({ err: error }, 'could not write down who asks for work')
    }
  }
}
