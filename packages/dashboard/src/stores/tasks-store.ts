import { signal } from '@preact/signals'
import type { TaskPage } from '@tunacorn/protocol'
import { poll, type Polling } from './polling.js'
import { client } from './session.js'

const everyMs = 3_000
const pageSize = 50

/** A page of the board: the tasks of one name. */
export class TasksStore {
  readonly page = signal<TaskPage | undefined>(undefined)
  readonly problem = signal<string | undefined>(undefined)
  readonly #query: { readonly name: string; readonly state?: string; readonly cursor?: string }
  #polling: Polling | undefined

  constructor(query: { readonly name: string; readonly state?: string; readonly cursor?: string }) {
    this.#query = query
  }

  start(): void {
    this.#polling = poll((aborted) => this.#load(aborted), everyMs, this.problem)
  }

  stop(): void {
    this.#polling?.stop()
  }

  async #load(aborted: AbortSignal): Promise<void> {
    const query = { ...this.#query, limit: pageSize } as Parameters<typeof client.value.listTasks>[0]
    this.page.value = await client.value.listTasks(query, { signal: aborted })
  }
}
