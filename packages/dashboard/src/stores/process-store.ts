import { computed, signal } from '@preact/signals'
import type { TunaCornClient } from '@tunacorn/client'
import type { Definition, HistoryEvent, Process, ProcessExplanation, Task } from '@tunacorn/protocol'
import { countDue, taskRuns } from '../process/task-run.js'
import { nowMs } from './clock.js'
import { poll, type Polling } from './polling.js'
import { client, messageOf, noteRefusal } from './session.js'

const everyMs = 2_000
const pageSize = 1_000
/** A long history comes in many events at once: they are shown together. */
const restMs = 30

/** One process: followed by its history, event by event; the board, which has no events, is polled beside. */
export class ProcessStore {
  readonly process = signal<Process | undefined>(undefined)
  readonly definition = signal<Definition | undefined>(undefined)
  readonly events = signal<readonly HistoryEvent[]>([])
  readonly board = signal<readonly Task[]>([])
  readonly explanation = signal<ProcessExplanation | undefined>(undefined)
  readonly problem = signal<string | undefined>(undefined)
  readonly isFollowed = signal(false)
  readonly #id: string
  /** The place of the task that is looked at closely. */
  #openTask: number | undefined
  #polling: Polling | undefined
  #following: AbortController | undefined
  /** With whose key it could not be followed. */
  #refused: TunaCornClient | undefined

  /** Of how many tasks on the board the time has come, or the lease is over: nothing else changes with the clock. */
  readonly #due = computed(() =>
    this.process.value?.endedAt === undefined ? countDue(this.board.value, nowMs.value) : 0,
  )

  readonly runs = computed(() => {
    void this.#due.value
    const [process, definition] = [this.process.value, this.definition.value]
    if (process === undefined || definition === undefined) return []
    const now = process.endedAt === undefined ? nowMs.peek() : Date.parse(process.endedAt)
    return taskRuns({ process, definition, events: this.events.value, board: this.board.value, nowMs: now })
  })

  constructor(id: string) {
    this.#id = id
  }

  start(): void {
    this.#polling = poll((aborted) => this.#load(aborted), everyMs, this.problem)
  }

  stop(): void {
    this.#polling?.stop()
    this.#following?.abort()
  }

  /** Explains a task, from now on, or none. */
  lookAt(task: number | undefined): void {
    this.#openTask = task
    this.refresh()
  }

  refresh(): void {
    this.#polling?.now()
  }

  async #load(aborted: AbortSignal): Promise<void> {
    const options = { signal: aborted }
    const before = this.process.peek()
    const process = await client.value.getProcess(this.#id, undefined, options)
    const { definition, definitionVersion } = process
    this.definition.value ??= await client.value.getDefinitionVersion(definition, definitionVersion, options)
    const isLive = process.endedAt === undefined
    if (isLive || before?.version !== process.version) {
      this.board.value = isLive ? await this.#loadBoard(options) : []
      // Of use to who looks at a task only, and no small matter with thousands of them.
      this.explanation.value =
        this.#openTask === undefined ? undefined : await client.value.explainProcess(this.#id, options)
    }
    this.process.value = process
    const isBehind = this.events.peek().length < process.version
    const isNewAsker = isLive && this.#refused !== undefined && this.#refused !== client.peek()
    if (!this.isFollowed.peek() && (isBehind || isNewAsker)) void this.#follow()
  }

  async #loadBoard(options: { signal: AbortSignal }): Promise<Task[]> {
    const rows: Task[] = []
    let cursor: string | undefined
    do {
      const query = { process: this.#id, limit: pageSize, ...(cursor !== undefined && { cursor }) }
      const page = await client.value.listTasks(query, options)
      rows.push(...page.items)
      cursor = page.nextCursor
    } while (cursor !== undefined)
    return rows
  }

  /** Until the process ends; when it is retried, the next look at it sees that there is more. */
  async #follow(): Promise<void> {
    this.#following?.abort()
    const following = (this.#following = new AbortController())
    const fresh: HistoryEvent[] = []
    const show = () => {
      timer = undefined
      this.events.value = [...this.events.peek(), ...fresh.splice(0)]
      this.refresh()
    }
    let timer: number | undefined
    this.isFollowed.value = true
    const asker = client.peek()
    this.#refused = undefined
    try {
      const after = this.events.peek().at(-1)?.version ?? 0
      for await (const event of asker.followHistory(this.#id, { after, signal: following.signal })) {
        fresh.push(event)
        timer ??= window.setTimeout(show, restMs)
      }
    } catch (error) {
      if (following.signal.aborted) return
      this.#refused = asker
      if (asker === client.peek()) noteRefusal(error)
      this.problem.value = messageOf(error)
    } finally {
      window.clearTimeout(timer)
      if (!following.signal.aborted) {
        if (fresh.length > 0) show()
        this.isFollowed.value = false
      }
    }
  }
}
