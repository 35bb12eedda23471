export {
  aDefinition,
  aTask,
  boardTasks,
  newProcessId,
  newSecret,
  startOf,
  taskNames,
  type DefinitionOptions,
  type KnownDefinition,
  type StartOptions,
  type TaskSettings,
} from './builders.js'
export {
  attemptFailureOf,
  cancellationOf,
  completionOf,
  failureOf,
  judgementOf,
  pauseOf,
  refusalOf,
  resumptionOf,
  retryOf,
  timeOutOf,
  type Report,
} from './changes.js'
export { describeStoreConformance } from './conformance.js'
export { ManualClock } from './manual-clock.js'
export { aDemand, claim as claimTasks, claimOne } from './steps.js'
export type { StoreWorld, TestApi } from './store-world.js'
