import { computed, signal } from '@preact/signals'
import type { ProcessPage, ProcessState } from '@tunacorn/protocol'
import { poll, type Polling } from './polling.js'
import { client } from './session.js'

const everyMs = 3_000
const pageSize = 50

export interface ProcessFilter {
  readonly state?: string | undefined
  readonly definition?: string | undefined
  readonly key?: string | undefined
  readonly cursor?: string | undefined
}

/** A page of processes, and which of them are selected. */
export class ProcessesStore {
  readonly page = signal<ProcessPage | undefined>(undefined)
  readonly problem = signal<string | undefined>(undefined)
  readonly selected = signal<ReadonlySet<string>>(new Set())
  readonly selection = computed(() =>
    (this.page.value?.items ?? []).filter(({ id }) => this.selected.value.has(id)),
  )
  readonly #filter: ProcessFilter
  #polling: Polling | undefined

  constructor(filter: ProcessFilter) {
    this.#filter = filter
  }

  start(): void {
    this.#polling = poll((aborted) => this.#load(aborted), everyMs, this.problem)
  }

  stop(): void {
    this.#polling?.stop()
  }

  refresh(): void {
    this.#polling?.now()
  }

  select(id: string, isSelected: boolean): void {
    const selected = new Set(this.selected.value)
    if (isSelected) selected.add(id)
    else selected.delete(id)
    this.selected.value = selected
  }

  selectAll(isSelected: boolean): void {
    this.selected.value = new Set(isSelected ? this.page.value?.items.map(({ id }) => id) : [])
  }

  async #load(aborted: AbortSignal): Promise<void> {
    const { state, definition, key, cursor } = this.#filter
    const query = {
      limit: pageSize,
      ...(state !== undefined && { state: state as ProcessState }),
      ...(definition !== undefined && { definition }),
      ...(key !== undefined && { key }),
      ...(cursor !== undefined && { cursor }),
    }
    this.page.value = await client.value.listProcesses(query, { signal: aborted })
  }
}
