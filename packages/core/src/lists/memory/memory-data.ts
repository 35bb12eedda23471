import type { HistoryEvent, ProcessRecord, StartOnce } from '../process-list.js'
import type { StoredDefinition } from '../definition-list.js'
import type { TaskRef } from '../board.js'
import type { BoardTask } from '../task-list.js'

export interface MemoryProcess {
  record: ProcessRecord
  /** Since when its deadline stands still. */
  pausedAt: Date | undefined
  readonly history: HistoryEvent[]
}

export interface MemoryBoardRow extends Omit<BoardTask, 'readAt'> {
  readonly secret: string | undefined
  readonly leaseMs: number
  /** Its turn on the board, which it gets back when it is released. */
  readonly turn: Date
  readonly timeoutMs: number
  readonly heartbeatMs: number
  readonly scheduleTimeoutMs: number
  readonly withinMs: number | undefined
}

/** What the three lists in memory share; their `store`. One thread and no await inside make it atomic. */
export class MemoryData {
  readonly definitions = new Map<string, StoredDefinition[]>()
  /** The last version number given out for each name; a number is never given out again. */
  readonly lastVersions = new Map<string, number>()
  readonly processes = new Map<string, MemoryProcess>()
  readonly board = new Map<string, MemoryBoardRow>()
  readonly startedOnce = new Map<string, StartOnce & { readonly id: string; readonly at: Date }>()
  /** By name and definition, each empty where any will do. */
  readonly polls = new Map<string, Date>()
  /** By name: when they last asked for tasks. */
  readonly workers = new Map<string, Date>()
  /** When whoever is to change definitions undisturbed has done so. */
  definitionsAreFree: Promise<unknown> = Promise.resolve()
  readonly #clock: () => number
  #moment: Date | undefined

  constructor(clock: () => number) {
    this.#clock = clock
  }

  now(): Date {
    return this.#moment ?? new Date(this.#clock())
  }

  /** As in a transaction, all that `run` does happens at one and the same moment. */
  atOnce<T>(run: () => T): T {
    const outer = this.#moment
    this.#moment = this.now()
    try {
      return run()
    } finally {
      this.#moment = outer
    }
  }
}

export function boardKey({ processId, task }: TaskRef): string {
  return `${processId}.${task}`
}

export function later(than: Date, byMs: number): Date {
  return new Date(than.getTime() + byMs)
}

export function earliest(...dates: readonly Date[]): Date {
  return new Date(Math.min(...dates.map((date) => date.getTime())))
}
