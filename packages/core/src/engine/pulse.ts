import type { TaskList } from '../lists/task-list.js'
import type { Logger } from './logger.js'
import { beatEveryMs } from '../lists/beats.js'

/**
 * Says about each second that time is being kept. By a timer of its own: were it a part of the timekeeper's turn, a turn
 * with much to do would look like an outage.
 */
export class Pulse {
  readonly #taskList: TaskList
  readonly #logger: Logger
  #timer: NodeJS.Timeout | undefined
  #beating: Promise<void> | undefined
  #isStopped = true
  #hasFailed = false

  constructor(taskList: TaskList, logger: Logger) {
    this.#taskList = taskList
    this.#logger = logger
  }

  start(): void {
    if (!this.#isStopped) return
    this.#isStopped = false
    this.#beating = this.#beatAndGoOn()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#beating
  }

  /** The next one is only thought of after this one, so that they never pile up. */
  async #beatAndGoOn(): Promise<void> {
    const begin = performance.now()
    try {
      await this.#taskList.beat()
      this.#hasFailed = false
    } catch (error) {
      // Once is enough while the store is away.
      if (!this.#hasFailed) this.#logger.warn({ err: error }, 'could not say that time is kept; trying again')
      this.#hasFailed = true
    }
    if (this.#isStopped) return
    const inMs = Math.max(0, begin + beatEveryMs - performance.now())
    this.#timer = setTimeout(() => {
      this.#beating = this.#beatAndGoOn()
    }, inMs)
    this.#timer.unref()
  }
}
