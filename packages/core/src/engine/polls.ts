import type { TaskList } from '../lists/task-list.js'

/** How often the record of who asks for work is written at most: it is for people to read. */
const writtenEveryMs = 10_000

/** Remembers for which names workers have asked, and writes it down now and then, all at once. */
export class Polls {
  readonly #taskList: TaskList
  readonly #asked = new Set<string | undefined>()
  #writtenAt = 0

  constructor(taskList: TaskList) {
    this.#taskList = taskList
  }

  note(names: readonly string[] | undefined): void {
    if (names === undefined) this.#asked.add(undefined)
    else for (const name of names) this.#asked.add(name)
  }

  /** Called often; writes seldom. */
  async write(): Promise<void> {
    const now = Date.now()
    if (this.#asked.size === 0 || now - this.#writtenAt < writtenEveryMs) return
    this.#writtenAt = now
    const names = [...this.#asked]
    this.#asked.clear()
    await this.#taskList.notePolls(names)
  }
}
