import type { ClaimCriteria, Poll, TaskList } from '../lists/task-list.js'

/** How often the record of who asks for work is written at most: it is for people to read. */
const writtenEveryMs = 10_000

/** Remembers for which tasks workers have asked, and writes it down now and then, all at once. */
export class Polls {
  readonly #taskList: TaskList
  readonly #asked = new Map<string, Poll>()
  #writtenAt = 0

  constructor(taskList: TaskList) {
    this.#taskList = taskList
  }

  /** A claim within one process says nothing about others, and is not remembered. */
  note({ names, definition, processId }: ClaimCriteria): void {
    if (processId !== undefined) return
    for (const name of names ?? [undefined])
      this.#asked.set(JSON.stringify([name, definition]), { name, definition })
  }

  /** Called often; writes seldom. */
  async write(): Promise<void> {
    const now = Date.now()
    if (this.#asked.size === 0 || now - this.#writtenAt < writtenEveryMs) return
    this.#writtenAt = now
    const polls = [...this.#asked.values()]
    this.#asked.clear()
    await this.#taskList.notePolls(polls)
  }
}
