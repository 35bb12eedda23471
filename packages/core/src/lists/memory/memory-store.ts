import type { Store } from '../store.js'
import { MemoryData } from './memory-data.js'
import { MemoryDefinitionList } from './memory-definition-list.js'
import { MemoryProcessList } from './memory-process-list.js'
import { MemoryTaskList } from './memory-task-list.js'

/** Everything in memory: for tests, for trying things out, and as the reference for other stores. */
export class MemoryStore implements Store {
  readonly definitionList: MemoryDefinitionList
  readonly processList: MemoryProcessList
  readonly taskList: MemoryTaskList

  /** @param options.now milliseconds since 1970; the wall clock when absent. */
  constructor(options: { readonly now?: () => number } = {}) {
    const data = new MemoryData(options.now ?? Date.now)
    this.definitionList = new MemoryDefinitionList(data)
    this.processList = new MemoryProcessList(data)
    this.taskList = new MemoryTaskList(data)
  }

  async close(): Promise<void> {}
}
