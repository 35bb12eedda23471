export {
  TunaCornClient,
  type CallOptions,
  type ClaimTaskRequest,
  type ClaimTasksRequest,
  type ClientOptions,
  type Query,
  type StartOptions,
  type WaitOptions,
} from './client.js'
export {
  ProcessNotEndedError,
  TunaCornConnectionError,
  TunaCornHttpError,
  type ConnectionErrorCode,
  type ProblemDocument,
} from './errors.js'
export type { FollowOptions } from './follow-history.js'
export type { Logger } from './logger.js'
export { ClaimLostError, WorkerStoppedError } from './worker/abort-reasons.js'
export { TaskFailure, type TaskFailureOptions } from './worker/task-failure.js'
export type { Handler, HandlerContext } from './worker/task-runner.js'
export { Worker, type StopOptions } from './worker/worker.js'
export type { WorkerClient, WorkerOptions } from './worker/worker-options.js'
