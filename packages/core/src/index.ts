export { TunaCornError } from './errors.js'
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
export { TaskGraph } from './definition/task-graph.js'

export { apply } from './process/apply.js'
export type { EndTask, ProcessCommand } from './process/commands.js'
export { decide } from './process/decide.js'
export type { Decision, Rejection } from './process/decision.js'
export type { Claim, ProcessEvent, ProcessEventType, TaskEnded } from './process/events.js'
export { percentOf, ProcessState, type ProcessStatus, type TaskStatus } from './process/state.js'
export { Process, type ActiveTask, type ExportedEvent, type ExportedProcess } from './standalone/process.js'

export type {
  DefinitionList,
  DefinitionSummary,
  NewDefinition,
  SourceFormat,
  StoredDefinition,
} from './lists/definition-list.js'
export type {
  EventBones,
  FetchedProcess,
  HistoryEvent,
  LapsedAttempt,
  NewBoardTask,
  NewEvent,
  NewProcess,
  PersistResult,
  ProcessChange,
  ProcessCounts,
  ProcessCriteria,
  ProcessList,
  ProcessOverview,
  ProcessRecord,
} from './lists/process-list.js'
export type { Store } from './lists/store.js'
export type {
  BoardCriteria,
  BoardTask,
  ClaimCriteria,
  ClaimedBoardTask,
  ClaimRequest,
  HeldTask,
  ScheduledTask,
  TaskList,
  TaskRef,
} from './lists/task-list.js'
export { MemoryStore } from './lists/memory/memory-store.js'

export type { RegisteredDefinition } from './engine/definitions.js'
export { Engine } from './engine/engine.js'
export { formatClaim, formatTaskId, isProcessId, parseClaim, parseTaskId } from './engine/ids.js'
export type { Logger } from './engine/logger.js'
export type { EngineOptions } from './engine/options.js'
export type { Page, PageRequest } from './engine/page.js'
export type {
  HistoryPage,
  HistoryRequest,
  ProcessFilters,
  ProcessView,
  StartRequest,
  StartResult,
} from './engine/processes.js'
export type { Refusal } from './engine/refusal.js'
export type { ReportResult } from './engine/reports.js'
export type { ClaimedTask, TaskAttributes } from './engine/task-context.js'
export type { TaskView, TaskViewState } from './engine/task-views.js'
export type {
  BoardFilters,
  ClaimTaskRequest,
  ClaimTasksRequest,
  ClaimTasksResult,
  HeldTaskId,
  ProcessTaskFilters,
  TaskResult,
} from './engine/tasks.js'
