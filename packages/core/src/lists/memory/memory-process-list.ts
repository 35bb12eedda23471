import { commitChange, onceForMs, standingOnce } from './memory-commit.js'
import { processCensus } from './memory-census.js'
import type { MemoryData } from './memory-data.js'
import { MemoryTaskList } from './memory-task-list.js'
import { noTransactions } from './no-transactions.js'
import { isLive } from '../../process/state.js'
import type { Claim } from '../../process/events.js'
import type { HeldTask } from '../board.js'
import type { HandedOut, JointClaim } from '../task-list.js'
import type { ProcessCensus } from '../census.js'
import type {
  DueProcess,
  FetchedProcess,
  HistoryEvent,
  PersistResult,
  ProcessChange,
  ProcessCriteria,
  ProcessList,
  ProcessOverview,
  ProcessRecord,
  Tidied,
  TidyOptions,
} from '../process-list.js'

/** Processes in memory. */
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
    return changes.map((change) => commitChange(this.store, change))
  }

  async persistClaiming(
    changes: readonly ProcessChange[],
    { criteria, demands }: JointClaim,
  ): Promise<{ results: PersistResult[]; handedOut: HandedOut }> {
    const results = await this.persist(changes)
    const exceptSecrets = changes.flatMap(({ events }) => events.map(({ held }) => held?.secret))
    const taskList = new MemoryTaskList(this.store)
    return { results, handedOut: await taskList.claim(criteria, demands, { exceptSecrets }) }
  }

  within(): never {
    throw noTransactions()
  }

  async persistHeld(
    read: { readonly id: string; readonly afterVersion: number },
    decide: (fetched: FetchedProcess | undefined) => ProcessChange | undefined,
  ): Promise<PersistResult | undefined> {
    const change = decide(this.#read(read))
    return change === undefined ? undefined : commitChange(this.store, change)
  }

  async destroy(ids: readonly string[]): Promise<string[]> {
    const ended = ids.filter((id) => {
      const state = this.store.processes.get(id)?.record.state
      return state !== undefined && !isLive(state)
    })
    for (const id of ended) this.store.processes.delete(id)
    return ended
  }

  async findOnce(key: string): Promise<{ id: string; requestHash: string } | undefined> {
    const { id, requestHash } = standingOnce(this.store, key) ?? {}
    return id === undefined || requestHash === undefined ? undefined : { id, requestHash }
  }

  async findByKey(definition: string, key: string): Promise<string | undefined> {
    return this.#records().find(
      (record) => record.definition === definition && record.key === key && isLive(record.state),
    )?.id
  }

  async findReport({ processId, task, claim }: HeldTask): Promise<HistoryEvent | undefined> {
    return this.store.processes
      .get(processId)
      ?.history.find(
        (event) => event.type !== 'report-refused' && event.task === task && isSame(event.claim, claim),
      )
  }

  async findTraces({ processId, task, claim }: HeldTask): Promise<HistoryEvent[]> {
    const history = this.store.processes.get(processId)?.history ?? []
    return history.filter(
      (event) =>
        (event.task === task && [event.claim, ...event.lapsed].some((one) => isSame(one, claim))) ||
        event.unfinished.some((one) => one.task === task && isSame(one, claim)),
    )
  }

  async due(limit: number, after?: DueProcess): Promise<DueProcess[]> {
    const now = this.store.now()
    return this.#records()
      .filter(({ state, deadline }) => state === 'running' && deadline <= now)
      .map(({ id, deadline }) => ({ id, dueAt: deadline.getTime() }))
      .filter((process) => after === undefined || byDueTime(process, after) > 0)
      .sort(byDueTime)
      .slice(0, limit)
  }

  async tidy({ endedMsAgo, limit }: TidyOptions): Promise<Tidied> {
    const now = this.store.now().getTime()
    for (const [key, { at }] of this.store.startedOnce) {
      if (now - at.getTime() > onceForMs) this.store.startedOnce.delete(key)
    }
    if (endedMsAgo === undefined) return { destroyed: [], hasMore: false }
    const old = this.#records()
      .flatMap(({ id, endedAt }) => (endedAt === undefined ? [] : [{ id, endedMs: endedAt.getTime() }]))
      .filter(({ endedMs }) => now - endedMs > endedMsAgo)
      .sort((a, b) => a.endedMs - b.endedMs)
    const destroyed = await this.destroy(old.slice(0, limit).map(({ id }) => id))
    return { destroyed, hasMore: old.length > limit }
  }

  async overview(id: string): Promise<ProcessOverview | undefined> {
    const process = this.store.processes.get(id)
    if (process === undefined) return undefined
    const rows = [...this.store.board.values()].filter((row) => row.processId === id)
    const claimed = rows.filter((row) => row.worker !== undefined).length
    return {
      record: process.record,
      counts: { scheduled: rows.length - claimed, claimed },
      ending: isLive(process.record.state) ? undefined : process.history.at(-1),
    }
  }

  async census(): Promise<ProcessCensus> {
    return processCensus(this.store)
  }

  async list(criteria: ProcessCriteria): Promise<ProcessRecord[]> {
    const { state, definition, key, beforeId, limit } = criteria
    return this.#records()
      .filter(
        (record) =>
          (state === undefined || record.state === state) &&
          (definition === undefined || record.definition === definition) &&
          (key === undefined || record.key === key) &&
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

  #records(): ProcessRecord[] {
    return [...this.store.processes.values()].map(({ record }) => record)
  }

  #read({ id, afterVersion }: { id: string; afterVersion: number }): FetchedProcess | undefined {
    const process = this.store.processes.get(id)
    if (process === undefined) return undefined
    return {
      record: process.record,
      events: process.history.slice(afterVersion).map(({ type, task }) => ({ type, task })),
    }
  }
}

function isSame(one: Claim | undefined, other: Claim): boolean {
  return one?.attempt === other.attempt && one.secret === other.secret
}

function byDueTime(a: DueProcess, b: DueProcess): number {
  return a.dueAt - b.dueAt || (a.id < b.id ? -1 : Number(a.id > b.id))
}
