import {
  formatTaskId,
  isLive,
  percentOf,
  toSource,
  type Definition,
  type DefinitionSummary,
  type LapsedAttempt,
  type NamedEvent,
  type Payload,
  type ProcessOverview,
  type ProcessRecord,
  type ProcessView,
  type ReportResult,
  type TaskView,
} from '@tunacorn/core'
import { errorRegistry } from '@tunacorn/protocol'
import { moment } from './moment.js'

// From the house's own shapes to the wire's. What is undefined is left out; dates and payloads print themselves.

export function presentDefinition(summary: DefinitionSummary, definition: Definition): object {
  return { ...toSource(definition), ...presentSummary(summary) }
}

export function presentSummary(summary: DefinitionSummary) {
  const { name, version, description, taskCount, createdAt, registeredAt } = summary
  return { name, version, description, taskCount, createdAt, registeredAt }
}

export function presentProcess(record: ProcessRecord) {
  const { id, definition, definitionVersion, state, version, priority, key, startedAt, deadline } = record
  const { total, completed, failed, endedAt, failureOf, failureProcess } = record
  const finished = completed + failed
  const progress = {
    percent: percentOf(finished, total),
    total,
    finished,
    failed: failed > 0 ? failed : undefined,
  }
  const identity = { id, definition, definitionVersion, state, version, priority, progress, key }
  return {
    ...identity,
    startedAt: moment(startedAt),
    deadline: moment(deadline),
    endedAt: endedAt && moment(endedAt),
    failureOf,
    failureProcess,
  }
}

export function presentOverview(overview: ProcessView) {
  const { record, ending, failedTask } = overview
  const shown = presentProcess(record)
  return {
    ...shown,
    progress: { ...shown.progress, counts: countsOf(overview) },
    input: record.input,
    failedTask,
    ...(ending?.type === 'task-failed' && { cause: ending.reason, error: ending.payload }),
    timedOut: ending?.type === 'process-timed-out' ? true : undefined,
    ...(ending?.type === 'process-cancelled' && groundsOf(ending.payload)),
  }
}

/** Who wanted it and why, as `Grounds` were stored. */
function groundsOf(payload: Payload | undefined): { by?: unknown; reason?: unknown } {
  const { by, reason } = (payload?.value() ?? {}) as { by?: unknown; reason?: unknown }
  return { by, reason }
}

function countsOf({ record, counts: { scheduled, claimed } }: ProcessOverview) {
  const { total, completed, failed, state } = record
  const open = total - completed - failed
  const isRunning = isLive(state)
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
export function presentEvent(processId: string, event: NamedEvent, input: Payload | undefined) {
  const { version, type, at, task, name, claim, worker, scheduledAt, claimedAt } = event
  const { lapsed, reason, retryAt, unfinished, failureProcess } = event
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
    lapsed: presentLapsed(lapsed),
    cause: reason,
    retryAt,
    unfinished: presentUnfinished(processId, unfinished),
    failureProcess,
    ...carried(event, input),
  }
}

/** What an event carries, under the name that it has there. */
function carried({ type, payload }: NamedEvent, input: Payload | undefined): object {
  switch (type) {
    case 'process-started':
      return { input }
    case 'task-completed':
      return { output: payload }
    case 'task-failed':
    case 'attempt-failed':
      return { error: payload }
    case 'report-refused':
      return { lateReport: payload }
    case 'process-paused':
    case 'process-resumed':
    case 'process-cancelled':
    case 'process-retried':
      return groundsOf(payload)
    case 'process-timed-out':
      return {}
  }
}

/** Without the secrets. */
function presentLapsed(lapsed: readonly LapsedAttempt[] | undefined) {
  if (lapsed === undefined || lapsed.length === 0) return undefined
  return lapsed.map(({ secret: _secret, ...shown }) => shown)
}

/** Without the secrets. */
function presentUnfinished(processId: string, unfinished: NamedEvent['unfinished']) {
  if (unfinished.length === 0) return undefined
  return unfinished.map(({ task, name, attempt, worker, claimedAt, leaseExpiredAt }) => {
    return { task: formatTaskId({ processId, task }), name, attempt, worker, claimedAt, leaseExpiredAt }
  })
}

export function presentTask(view: TaskView) {
  return { ...view, lapsed: presentLapsed(view.lapsed) }
}

/** One of many reports: the status that it would have been answered by itself. */
export function presentReport(result: ReportResult & { readonly task: string }) {
  const { task, refusal } = result
  return refusal === undefined
    ? { task, status: 200, state: result.state }
    : { task, status: errorRegistry[refusal.code].status, code: refusal.code }
}
