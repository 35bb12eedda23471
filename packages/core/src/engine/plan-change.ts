import type { NewBoardTask } from '../lists/board.js'
import type { NewEvent, ProcessChange, ProcessRecord } from '../lists/process-list.js'
import type { ProcessCommand } from '../process/commands.js'
import type { Rejection } from '../process/decision.js'
import type { ProcessEvent } from '../process/events.js'
import type { Gift } from './waiter.js'
import type { Errand, StartPlan } from './work.js'
import type { KnownDefinition } from './known-definitions.js'
import type { ProcessCopy } from './process-cache.js'
import { apply } from '../process/apply.js'
import { decide } from '../process/decide.js'
import { isLive, ProcessState, type ProcessStatus } from '../process/state.js'

/** What follows, for one process, from everything that waits for it. Its copy is already there; the store not yet. */
export interface PlannedChange {
  readonly copy: ProcessCopy
  readonly change: ProcessChange
  readonly accepted: readonly { readonly errand: Errand; readonly version: number }[]
  readonly rejected: readonly {
    readonly errand: Errand
    readonly rejection: Rejection
    readonly endedIn: number
  }[]
  /** Errands that cannot go into the same commit as those before them. */
  readonly postponed: readonly Errand[]
  /** What of it comes onto the board in somebody's hands. */
  readonly gifts: readonly Gift[]
}

/** Decides each command in turn, each seeing what the ones before it did to the copy. */
export function planChange(copy: ProcessCopy, errands: readonly Errand[]): PlannedChange {
  const { state } = copy
  const before = { version: state.version, status: state.status }
  const accepted: { errand: Errand; version: number }[] = []
  const rejected: { errand: Errand; rejection: Rejection; endedIn: number }[] = []
  const postponed: Errand[] = []
  const events: NewEvent[] = []
  const activated: number[] = []
  const reported = new Set<number>()
  let isDue = false

  for (const errand of errands) {
    const command = commandOf(errand)
    if (command === undefined) continue
    if (mustWait(command, { events, postponed, reported })) {
      postponed.push(errand)
      continue
    }
    const decision = decide(state, command)
    if (decision.rejection !== undefined) {
      const endedIn = 'task' in command ? state.endedIn(command.task) : 0
      rejected.push({ errand, rejection: decision.rejection, endedIn })
      continue
    }
    for (const event of decision.events) {
      for (const task of apply(state, event)) activated.push(task)
      events.push(newEvent(event, command))
    }
    if ('task' in command) reported.add(command.task)
    isDue ||= command.type === 'time-out'
    accepted.push({ errand, version: state.version })
  }

  const change = { ...changeOf(copy, before, events, activated), isDue }
  return { copy, change, accepted, rejected, postponed, gifts: [] }
}

function commandOf({ work }: Errand): ProcessCommand | undefined {
  if (work.kind === 'look') return undefined
  return work.kind === 'start' ? { type: 'start' } : work.command
}

/**
 * What concerns the whole process has a commit to itself, and what came after it follows after it. Two reports of one
 * task do not go together: only the board knows which of them holds it.
 */
function mustWait(
  command: ProcessCommand,
  { events, postponed, reported }: { events: NewEvent[]; postponed: Errand[]; reported: Set<number> },
): boolean {
  if (postponed.length > 0) return true
  if ('task' in command) return reported.has(command.task) || events.some(({ type }) => isOfProcess(type))
  return events.length > 0
}

function isOfProcess(type: ProcessEvent['type']): boolean {
  return type.startsWith('process-')
}

function newEvent(event: ProcessEvent, command: ProcessCommand): NewEvent {
  const { type } = event
  if (!('task' in event)) return { type, payload: 'payload' in event ? event.payload : undefined }
  const { task, payload } = event
  if (event.type === 'report-refused') return { type, task, payload, claim: event.claim }
  const isDue = command.type === 'judge-task'
  const secret = isDue ? command.secret : event.claim?.secret
  const held = event.claim === undefined ? undefined : { attempt: event.claim.attempt, secret, isDue }
  if (event.type === 'task-completed') return { type, task, payload, held }
  const retryInMs = event.type === 'attempt-failed' ? event.retryInMs : undefined
  return { type, task, payload, held, reason: event.reason, retryInMs }
}

function changeOf(
  { record, state }: ProcessCopy,
  before: { readonly version: number; readonly status: ProcessStatus },
  events: readonly NewEvent[],
  activated: readonly number[],
): ProcessChange {
  return {
    id: record.id,
    definition: record.definition,
    expectedVersion: before.version,
    started: undefined,
    startedAt: record.startedAt,
    state: state.status,
    completed: state.completed,
    failed: state.failed,
    events,
    clock: clockOf(before.status, state.status, events),
    timeoutMs: state.definition.timeoutMs,
    isDue: false,
    failureProcess: undefined,
    enter: activated
      .filter((task) => state.isActive(task))
      .map((task) => newBoardTask(state, task, record.priority)),
  }
}

function clockOf(
  before: ProcessStatus,
  after: ProcessStatus,
  events: readonly NewEvent[],
): ProcessChange['clock'] {
  if (events.some(({ type }) => type === 'process-retried')) return 'anew'
  if (before === 'running' && after === 'paused') return 'stops'
  if (before === 'paused' && after === 'running') return 'goes-on'
  return 'runs'
}

function newBoardTask(state: ProcessState, task: number, processPriority: number): NewBoardTask {
  const { retry, timeoutMs, heartbeatMs, scheduleTimeoutMs, delayMs, priority } =
    state.definition.policyOf(task)
  return {
    task,
    name: state.graph.names[task] ?? '',
    priority: priority ?? processPriority,
    delayMs,
    maxAttempts: retry.limit + 1,
    timeoutMs,
    heartbeatMs,
    scheduleTimeoutMs,
    withinMs: retry.withinMs,
    holder: undefined,
  }
}

/** The first change of a process, from its definition. */
export function planStart(errand: Errand, start: StartPlan, known: KnownDefinition): PlannedChange {
  const { definition, version, input, priority, key, once, failureOf, traceparent } = start
  const state = new ProcessState(known)
  const never = new Date(0)
  const record: ProcessRecord = {
    id: errand.processId,
    definition,
    definitionVersion: known.version,
    state: state.status,
    version: 0,
    total: known.graph.size,
    completed: 0,
    failed: 0,
    priority,
    key,
    input,
    startedAt: never,
    deadline: never,
    endedAt: undefined,
    failureOf,
    failureProcess: undefined,
    traceparent,
  }
  const planned = planChange({ record, state }, [errand])
  const started = {
    definitionVersion: known.version,
    isDefaultVersion: version === undefined,
    total: known.graph.size,
    input,
    priority,
    key,
    failureOf,
    traceparent,
    once,
  }
  return { ...planned, change: { ...planned.change, clock: 'anew', started, startedAt: undefined } }
}

/** The copy as it stands once the store has said when the change was committed. */
export function settledCopy({ copy: { record, state }, change }: PlannedChange, at: Date): ProcessCopy {
  const { status, version, completed, failed } = state
  const startedAt = change.started === undefined ? record.startedAt : at
  const deadline = change.clock === 'anew' ? new Date(at.getTime() + change.timeoutMs) : record.deadline
  const endedAt = isLive(status) ? undefined : (record.endedAt ?? at)
  const failureProcess = change.failureProcess?.id ?? record.failureProcess
  return {
    state,
    record: {
      ...record,
      state: status,
      version,
      completed,
      failed,
      startedAt,
      deadline,
      endedAt,
      failureProcess,
    },
  }
}
