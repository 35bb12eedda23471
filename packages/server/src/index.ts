export { Failure } from './failures.js'
export type { DatabaseChoice } from './open-database.js'
export { serve, type RunningServer, type ServeOptions } from './serve.js'
