export { thrown, TunaCornError } from './errors.js'
export { parseJson, refuseTooDeep } from './parse-json.js'
export { defaultMaxPayloadBytes, Payload } from './payload.js'

export { checkDefinition, type CheckOptions, type CheckResult } from './definition/check-definition.js'
export {
  DEFAULT_DEFINITION_LIMITS,
  type Definition,
  type DefinitionLimits,
  type TaskDefinition,
} from './definition/definition.js'
export { parseDefinition, type ParseOptions } from './definition/parse-definition.js'
export { DefinitionError, type Problem, type ProblemCode } from './definition/problem.js'
export { DefinitionReadError } from './definition/parse-queue.js'
export { readDefinition } from './definition/read-definition.js'
export { compileDefinition, type CompiledDefinition } from './definition/compiled-definition.js'
export { toSource, type DefinitionSource } from './definition/definition-source.js'
export { retryPolicy } from './definition/retry-policy.js'
export { Suggester } from './definition/suggest.js'
export { describeWorstCase, worstCaseEnd, type WorstCase } from './definition/worst-case.js'
export { TaskGraph } from './definition/task-graph.js'
export { engineDefaults, type EngineDefaults, type TaskPolicy } from './definition/task-settings.js'

export { apply } from './process/apply.js'
export type { CompleteTask, FailTask, JudgeTask, ProcessCommand } from './process/commands.js'
export { decide } from './process/decide.js'
export type { Decision, Rejection } from './process/decision.js'
export type {
  AttemptFailed,
  Claim,
  FailureReason,
  ProcessEvent,
  ProcessEventType,
  TaskCompleted,
  TaskFailed,
} from './process/events.js'
export { isLive, percentOf, ProcessState, type ProcessStatus, type TaskStatus } from './process/state.js'
export { Process, type ActiveTask, type ExportedEvent, type ExportedProcess } from './standalone/process.js'

export type {
  DefinitionList,
  DefinitionSummary,
  NewDefinition,
  SourceFormat,
  StoredDefinition,
} from './lists/definition-list.js'
export type {
  DueProcess,
  EventBones,
  FetchedProcess,
  HistoryEvent,
  NewEvent,
  NewProcess,
  PersistResult,
  ProcessChange,
  ProcessCounts,
  ProcessCriteria,
  ProcessList,
  ProcessOverview,
  ProcessRecord,
  StartOnce,
  Tidied,
  TidyOptions,
} from './lists/process-list.js'
export type {
  HeldBy,
  HeldTask,
  Holder,
  LapsedAttempt,
  NewBoardTask,
  TaskRef,
  UnfinishedAttempt,
} from './lists/board.js'
export { maxPolls, pollsKeptMs } from './lists/poll-limits.js'
export {
  endingsCountedForMs,
  maxNamesCounted,
  maxProcessesCounted,
  maxTasksCounted,
  type BoardCensus,
  type EndedInMinute,
  type NameOnBoard,
  type ProcessCensus,
  type WorkerSeen,
} from './lists/census.js'
export { awayAfterMs, beatEveryMs } from './lists/beats.js'
export type { News } from './lists/news.js'
export type { ConnectionUse, Store } from './lists/store.js'
export type {
  BoardCriteria,
  BoardTask,
  ClaimCriteria,
  ClaimDemand,
  ClaimedBoardTask,
  ClaimRequest,
  DuePlace,
  DueTask,
  HandedOut,
  JointClaim,
  Poll,
  ScheduledTask,
  TaskList,
} from './lists/task-list.js'
export { MemoryStore } from './lists/memory/memory-store.js'

export type { Call, TracedCall } from './engine/call.js'
export type { Cause, Explanation, ProcessExplanation } from './engine/explain.js'
export type { RegisteredDefinition, ValidDefinition } from './engine/definitions.js'
export { Engine } from './engine/engine.js'
export { failureProcessFault, type OtherDefinitions } from './engine/failure-process-fault.js'
export { formatTaskId, isProcessId, parseTaskId } from './engine/ids.js'
export type { Logger } from './engine/logger.js'
export type {
  AttemptOutcome,
  ClaimStatement,
  Commit,
  EngineLoad,
  LaneBatch,
  Observer,
} from './engine/observer.js'
export type { EngineOptions } from './engine/options.js'
export type { Overview } from './engine/overview.js'
export type { Page, PageRequest } from './engine/page.js'
export type {
  Grounds,
  HistoryPage,
  NamedEvent,
  HistoryRequest,
  ProcessFilters,
  ProcessView,
  StartManyOptions,
  StartOptions,
  StartRequest,
  StartResult,
} from './engine/processes.js'
export { refusalOf, type Refusal } from './engine/refusal.js'
export type { ReportResult } from './engine/reports.js'
export type { ClaimedTask, TaskAttributes } from './engine/task-context.js'
export type { TaskView, TaskViewState } from './engine/task-views.js'
export type {
  AcceptedReport,
  BoardFilters,
  ClaimTaskRequest,
  ClaimTasksRequest,
  ClaimTasksResult,
  HeldTaskId,
  ProcessTaskFilters,
  TaskResult,
} from './engine/tasks.js'
