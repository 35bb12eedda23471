import type { DefinitionList } from './definition-list.js'
import type { News } from './news.js'
import type { ProcessList } from './process-list.js'
import type { TaskList } from './task-list.js'

/** The three lists of one store. */
export interface Store {
  readonly definitionList: DefinitionList
  readonly processList: ProcessList
  readonly taskList: TaskList
  /** Absent where there is one replica only. */
  readonly news?: News
  /** How its connections are used at this moment; absent for a store that has none. */
  connections?(): ConnectionUse
  /** Since when the oldest snapshot is held that keeps what has died since from being removed; absent where none can. */
  snapshotAgeMs?(): Promise<number>
  close(): Promise<void>
}

export interface ConnectionUse {
  readonly max: number
  readonly open: number
  readonly idle: number
  /** Statements that wait for a connection. */
  readonly waiting: number
}
