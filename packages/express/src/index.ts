export type { Action, Authorize } from './authorize.js'
export type { DashboardOption } from './dashboard.js'
export type { DatabaseOption } from './open-store.js'
export { problemBody, sendProblem, type ProblemBody } from './problem.js'
export { tunacorn, type TunaCornOptions, type TunaCornRouter } from './tunacorn.js'
// What a host needs to answer for itself, so that it need not depend on another package.
export { TunaCornError } from '@tunacorn/core'
