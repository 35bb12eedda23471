import type { TunaCornClient } from '@tunacorn/client'
import { completedOf } from '../processes/outcome.js'
import type { Teller } from './dev-output.js'

type HistoryEvent = Awaited<ReturnType<TunaCornClient['getHistory']>>['items'][number]

/** Tells what happens in a process, line by line, in the order in which it has happened there. */
export class ProcessStory {
  readonly #client: TunaCornClient
  readonly #id: string
  readonly #tell: Teller
  readonly #nameWidth: number
  #version = 0
  #workMs = 0
  /** One look at the history after the other, so that no event is told twice. */
  #looking: Promise<void> = Promise.resolve()

  constructor(client: TunaCornClient, id: string, tell: Teller, nameWidth: number) {
    this.#client = client
    this.#id = id
    this.#tell = tell
    this.#nameWidth = nameWidth
  }

  /** Told after what is known to have happened before it: the completion of its needs. */
  async started(name: string, signal: AbortSignal): Promise<void> {
    await this.#catchUp()
    if (!signal.aborted) this.#tell.taskStarted(name)
  }

  /** Looks for news; when the process has ended, tells how. */
  async hasEnded(): Promise<boolean> {
    const { state, startedAt, endedAt, progress } = await this.#client.getProcess(this.#id)
    await this.#catchUp()
    if (endedAt === undefined) return false
    const tookMs = Date.parse(endedAt) - Date.parse(startedAt)
    this.#tell.processEnded({ state, tasks: completedOf(progress), tookMs, workMs: this.#workMs })
    return true
  }

  #catchUp(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#tellNews())
    return this.#looking
  }

  async #tellNews(): Promise<void> {
    const { items } = await this.#client.getHistory(this.#id, { after: this.#version })
    for (const event of items) {
      this.#version = event.version
      this.#tellEvent(event)
    }
  }

  #tellEvent({ type, name = '', at, claimedAt = at, output, error }: HistoryEvent): void {
    if (type !== 'task-completed' && type !== 'task-failed') return
    const tookMs = Date.parse(at) - Date.parse(claimedAt)
    this.#workMs += tookMs
    const result = type === 'task-completed' ? output : error
    this.#tell.taskEnded({ type, name: name.padEnd(this.#nameWidth), tookMs, result })
  }
}
