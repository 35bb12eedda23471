export type { ApiKey } from './api-key.js'
export type { PostgresApiKeyList } from './postgres-api-key-list.js'
export { PostgresStore, type PostgresStoreOptions } from './postgres-store.js'
export type {
  DatabaseSettings,
  InspectedTable,
  InspectedWork,
  InspectOptions,
  Inspection,
  UnclaimedTasks,
} from './inspect.js'
