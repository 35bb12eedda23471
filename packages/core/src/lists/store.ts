import type { DefinitionList } from './definition-list.js'
import type { ProcessList } from './process-list.js'
import type { TaskList } from './task-list.js'

/** The three lists of one store. */
export interface Store {
  readonly definitionList: DefinitionList
  readonly processList: ProcessList
  readonly taskList: TaskList
  close(): Promise<void>
}
