import {
  formatTaskId,
  percentOf,
  type Definition,
  type DefinitionSummary,
  type Engine,
  type HistoryEvent,
  type Payload,
  type ProcessOverview,
  type ProcessRecord,
  type ReportResult,
} from '@tunacorn/core'
import { errorRegistry } from '@tunacorn/protocol'

// From the house's own shapes to the wire's. What is undefined is left out; dates and payloads print themselves.

export function presentDefinition(summary: DefinitionSummary, { tasks }: Definition) {
  return { ...presentSummary(summary), tasks }
}

export function presentSummary(summary: DefinitionSummary) {
  const { name, version, description, taskCount, createdAt, registeredAt } = summary
  return { name, version, description, taskCount, createdAt, registeredAt }
}

export function presentProcess(record: ProcessRecord) {
  const { id, definition, definitionVersion, state, version, priority, startedAt, endedAt } = record
  const finished = record.completed + record.failed
  const progress = { percent: percentOf(finished, record.total), total: record.total, finished }
  return { id, definition, definitionVersion, state, version, priority, progress, startedAt, endedAt }
}

export function presentOverview(overview: ProcessOverview & { readonly failedTask: string | undefined }) {
  const { record, ending, failedTask } = overview
  const shown = presentProcess(record)
  return {
    ...shown,
    progress: { ...shown.progress, counts: countsOf(overview) },
    input: record.input,
    failedTask,
    error: ending?.type === 'task-failed' ? ending.payload : undefined,
    reason: ending?.type === 'process-cancelled' ? ending.payload : undefined,
  }
}

function countsOf({ record, counts: { scheduled, claimed } }: ProcessOverview) {
  const { total, completed, failed, state } = record
  const open = total - completed - failed
  const isRunning = state === 'running'
  return {
    pending: isRunning ? open - scheduled - claimed : 0,
    scheduled,
    claimed,
    completed,
    failed,
    cancelled: isRunning ? 0 : open,
  }
}

/** A history event; its claim's secret stays here. */
export function presentEvent(
  processId: string,
  event: HistoryEvent & { readonly name: string | undefined },
  input: Payload | undefined,
) {
  const { version, type, at, task, name, claim, worker, scheduledAt, claimedAt, lapsed, payload } = event
  return {
    version,
    type,
    at,
    task: task === undefined ? undefined : formatTaskId({ processId, task }),
    name,
    attempt: claim?.attempt,
    worker,
    scheduledAt,
    claimedAt,
    lapsed: lapsed.length > 0 ? lapsed : undefined,
    ...(type === 'process-started' ? { input } : { [payloadNames[type]]: payload }),
  }
}

const payloadNames = {
  'task-completed': 'output',
  'task-failed': 'error',
  'process-cancelled': 'reason',
} as const satisfies Record<Exclude<HistoryEvent['type'], 'process-started'>, string>

export function presentTask(view: Awaited<ReturnType<Engine['fetchTask']>>) {
  return { ...view, lapsed: view.lapsed === undefined || view.lapsed.length === 0 ? undefined : view.lapsed }
}

/** One of many reports: the status that it would have been answered by itself. */
export function presentReport({ task, refusal }: ReportResult & { readonly task: string }) {
  return refusal === undefined
    ? { task, status: 200 }
    : { task, status: errorRegistry[refusal.code].status, code: refusal.code }
}
