export {
  aDefinition,
  aTask,
  boardTasks,
  cancellationOf,
  completionOf,
  failureOf,
  newProcessId,
  newSecret,
  startOf,
  taskNames,
  type DefinitionOptions,
  type KnownDefinition,
  type Report,
  type StartOptions,
} from './builders.js'
export { describeStoreConformance } from './conformance.js'
export { ManualClock } from './manual-clock.js'
export type { StoreWorld, TestApi } from './store-world.js'
