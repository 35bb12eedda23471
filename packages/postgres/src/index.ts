export { PostgresStore, type PostgresStoreOptions } from './postgres-store.js'
export type {
  DatabaseSettings,
  InspectedTable,
  InspectedWork,
  InspectOptions,
  Inspection,
  UnclaimedTasks,
} from './inspect.js'
