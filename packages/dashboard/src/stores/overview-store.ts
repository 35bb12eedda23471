import { signal } from '@preact/signals'
import type { Overview, ProcessSummary } from '@tunacorn/protocol'
import { poll, type Polling } from './polling.js'
import { client } from './session.js'

const everyMs = 2_000
const failedShown = 6

/** How all stands: the counts, the board by task name, who works, and what failed last. */
export class OverviewStore {
  readonly overview = signal<Overview | undefined>(undefined)
  readonly failed = signal<readonly ProcessSummary[]>([])
  readonly problem = signal<string | undefined>(undefined)
  #polling: Polling | undefined

  start(): void {
    this.#polling = poll((aborted) => this.#load(aborted), everyMs, this.problem)
  }

  stop(): void {
    this.#polling?.stop()
  }

  async #load(aborted: AbortSignal): Promise<void> {
    const [overview, { items }] = await Promise.all([
      client.value.getOverview({ signal: aborted }),
      client.value.listProcesses({ state: 'failed', limit: failedShown }, { signal: aborted }),
    ])
    this.overview.value = overview
    this.failed.value = items
  }
}
