import type { MemoryData, MemoryProcess } from './memory-data.js'
import type {
  FetchedProcess,
  HistoryEvent,
  NewEvent,
  PersistResult,
  ProcessChange,
  ProcessCriteria,
  ProcessList,
  ProcessOverview,
  ProcessRecord,
} from '../process-list.js'
import { boardKey, type MemoryBoardRow } from './memory-data.js'
import { clearBoard, liveRow, scheduleOn } from './memory-task-list.js'

/** Processes in memory. Each change is checked in full before anything of it is done. */
export class MemoryProcessList implements ProcessList {
  readonly store: MemoryData

  constructor(store: MemoryData) {
    this.store = store
  }

  async fetch(
    reads: readonly { readonly id: string; readonly afterVersion: number }[],
  ): Promise<(FetchedProcess | undefined)[]> {
    return reads.map((read) => this.#read(read))
  }

  async persist(changes: readonly ProcessChange[]): Promise<PersistResult[]> {
    return changes.map((change) => this.#commit(change))
  }

  async persistHeld(
    read: { readonly id: string; readonly afterVersion: number },
    decide: (fetched: FetchedProcess | undefined) => ProcessChange | undefined,
  ): Promise<PersistResult | undefined> {
    const change = decide(this.#read(read))
    return change === undefined ? undefined : this.#commit(change)
  }

  async destroy(ids: readonly string[]): Promise<string[]> {
    const ended = ids.filter((id) => {
      const state = this.store.processes.get(id)?.record.state
      return state !== undefined && state !== 'running'
    })
    for (const id of ended) this.store.processes.delete(id)
    return ended
  }

  async overview(id: string): Promise<ProcessOverview | undefined> {
    const process = this.store.processes.get(id)
    if (process === undefined) return undefined
    const rows = [...this.store.board.values()].filter((row) => row.processId === id)
    const claimed = rows.filter((row) => row.worker !== undefined).length
    return {
      record: process.record,
      counts: { scheduled: rows.length - claimed, claimed },
      ending: process.record.state === 'running' ? undefined : process.history.at(-1),
    }
  }

  async list(criteria: ProcessCriteria): Promise<ProcessRecord[]> {
    const { state, definition, beforeId, limit } = criteria
    return [...this.store.processes.values()]
      .map(({ record }) => record)
      .filter(
        (record) =>
          (state === undefined || record.state === state) &&
          (definition === undefined || record.definition === definition) &&
          (beforeId === undefined || record.id < beforeId),
      )
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, limit)
  }

  async history(id: string, afterVersion: number, limit: number): Promise<HistoryEvent[]> {
    return this.store.processes.get(id)?.history.slice(afterVersion, afterVersion + limit) ?? []
  }

  async events(
    reads: readonly { readonly id: string; readonly version: number }[],
  ): Promise<(HistoryEvent | undefined)[]> {
    return reads.map(({ id, version }) => this.store.processes.get(id)?.history[version - 1])
  }

  #read({ id, afterVersion }: { id: string; afterVersion: number }): FetchedProcess | undefined {
    const process = this.store.processes.get(id)
    if (process === undefined) return undefined
    return {
      record: process.record,
      events: process.history.slice(afterVersion).map(({ type, task }) => ({ type, task })),
    }
  }

  #commit(change: ProcessChange): PersistResult {
    const process = this.#processFor(change)
    if (process === undefined) return { status: 'moved' }
    const lost = this.#lostClaims(change)
    if (lost.length > 0) return { status: 'claims-lost', tasks: lost }

    const now = this.store.now()
    for (const event of change.events) this.#append(process, change.id, event, now)
    this.#updateBoard(change, process.record.startedAt)
    process.record = {
      ...process.record,
      state: change.state,
      version: process.history.length,
      completed: change.completed,
      failed: change.failed,
      endedAt: change.state === 'running' ? undefined : now,
    }
    this.store.processes.set(change.id, process)
    return { status: 'committed', at: now }
  }

  /** The process at the version that the change expects; a new one when it is to start. */
  #processFor(change: ProcessChange): MemoryProcess | undefined {
    const known = this.store.processes.get(change.id)
    const { started } = change
    if (started === undefined) return known?.record.version === change.expectedVersion ? known : undefined
    if (known !== undefined || !this.#definitionStands(change)) return undefined
    return {
      history: [],
      record: {
        id: change.id,
        definition: change.definition,
        definitionVersion: started.definitionVersion,
        state: change.state,
        version: 0,
        total: started.total,
        completed: 0,
        failed: 0,
        priority: change.priority,
        input: started.input,
        startedAt: this.store.now(),
        endedAt: undefined,
      },
    }
  }

  #definitionStands({ definition, started }: ProcessChange): boolean {
    const versions = this.store.definitions.get(definition) ?? []
    const named = versions.find(({ version }) => version === started?.definitionVersion)
    return named !== undefined && (!started?.isDefaultVersion || named === versions.at(-1))
  }

  #lostClaims(change: ProcessChange): number[] {
    return change.events.flatMap(({ task, claim }) => {
      if (task === undefined || claim === undefined) return []
      return liveRow(this.store, { processId: change.id, task, claim }) === undefined ? [task] : []
    })
  }

  #append(process: MemoryProcess, processId: string, event: NewEvent, at: Date): void {
    const row = this.#rowOf(processId, event)
    process.history.push({
      version: process.history.length + 1,
      type: event.type,
      at,
      task: event.task,
      claim: event.claim,
      worker: row?.worker,
      scheduledAt: row?.scheduledAt,
      claimedAt: row?.claimedAt,
      lapsed: row?.lapsed ?? [],
      payload: event.payload,
    })
  }

  #rowOf(processId: string, { task, claim }: NewEvent): MemoryBoardRow | undefined {
    if (task === undefined || claim === undefined) return undefined
    return this.store.board.get(boardKey({ processId, task }))
  }

  #updateBoard(change: ProcessChange, startedAt: Date): void {
    const { id: processId, definition, priority } = change
    for (const { task, claim } of change.events) {
      if (task !== undefined && claim !== undefined) this.store.board.delete(boardKey({ processId, task }))
    }
    for (const { task, name } of change.enter) {
      scheduleOn(this.store, { processId, task, name, definition, priority, claimableAt: startedAt })
    }
    if (change.state === 'failed' || change.state === 'cancelled') clearBoard(this.store, processId)
  }
}
