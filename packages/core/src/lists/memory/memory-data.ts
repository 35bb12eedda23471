import type { ProcessRecord, HistoryEvent } from '../process-list.js'
import type { StoredDefinition } from '../definition-list.js'
import type { BoardTask, TaskRef } from '../task-list.js'

export interface MemoryProcess {
  record: ProcessRecord
  readonly history: HistoryEvent[]
}

export interface MemoryBoardRow extends BoardTask {
  readonly secret: string | undefined
  readonly leaseMs: number
  /** Its turn on the board, which it gets back when it is released. */
  readonly turn: Date
}

/** What the three lists in memory share; their `store`. One thread and no await inside make it atomic. */
export class MemoryData {
  readonly definitions = new Map<string, StoredDefinition[]>()
  /** The last version number given out for each name; a number is never given out again. */
  readonly lastVersions = new Map<string, number>()
  readonly processes = new Map<string, MemoryProcess>()
  readonly board = new Map<string, MemoryBoardRow>()
  readonly now: () => Date

  constructor(now: () => number) {
    this.now = () => new Date(now())
  }
}

export function boardKey({ processId, task }: TaskRef): string {
  return `${processId}.${task}`
}
