import type { NewEvent, ProcessChange, ProcessRecord } from '../lists/process-list.js'
import type { Rejection } from '../process/decision.js'
import type { Errand } from './work.js'
import type { KnownDefinition } from './known-definitions.js'
import type { ProcessCopy } from './process-cache.js'
import { apply } from '../process/apply.js'
import { decide } from '../process/decide.js'
import { ProcessState } from '../process/state.js'

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
  /** Names of the tasks that come onto the board. */
  readonly entering: readonly string[]
}

/** Decides each command in turn, each seeing what the ones before it did to the copy. */
export function planChange(copy: ProcessCopy, errands: readonly Errand[]): PlannedChange {
  const { state, record } = copy
  const expectedVersion = state.version
  const accepted: { errand: Errand; version: number }[] = []
  const rejected: { errand: Errand; rejection: Rejection; endedIn: number }[] = []
  const events: NewEvent[] = []
  const activated: number[] = []

  for (const errand of errands) {
    const { work } = errand
    if (work.kind === 'look') continue
    const command = work.kind === 'start' ? ({ type: 'start' } as const) : work.command
    const decision = decide(state, command)
    if (decision.rejection !== undefined) {
      const endedIn = 'task' in command ? state.endedIn(command.task) : 0
      rejected.push({ errand, rejection: decision.rejection, endedIn })
      continue
    }
    for (const event of decision.events) {
      for (const task of apply(state, event)) activated.push(task)
      events.push(event)
    }
    accepted.push({ errand, version: state.version })
  }

  const enter = activated
    .filter((task) => state.isActive(task))
    .map((task) => ({ task, name: state.graph.names[task] ?? '' }))
  const change: ProcessChange = {
    id: record.id,
    definition: record.definition,
    priority: record.priority,
    expectedVersion,
    started: undefined,
    startedAt: record.startedAt,
    state: state.status,
    completed: state.completed,
    failed: state.failed,
    events,
    enter,
  }
  return { copy, change, accepted, rejected, entering: enter.map(({ name }) => name) }
}

/** The first change of a process, from its definition. */
export function planStart(errand: Errand, known: KnownDefinition): PlannedChange | undefined {
  const { processId, work } = errand
  if (work.kind !== 'start') return undefined
  const { definition, version, input, priority } = work.start
  const record: ProcessRecord = {
    id: processId,
    definition,
    definitionVersion: known.version,
    state: 'running',
    version: 0,
    total: known.graph.size,
    completed: 0,
    failed: 0,
    priority,
    input,
    startedAt: new Date(0),
    endedAt: undefined,
  }
  const planned = planChange({ record, state: new ProcessState(known.graph) }, [errand])
  const started = {
    definitionVersion: known.version,
    isDefaultVersion: version === undefined,
    total: known.graph.size,
    input,
  }
  return { ...planned, change: { ...planned.change, started, startedAt: undefined } }
}

/** The copy as it stands once the store has said when the change was committed. */
export function settledCopy({ copy: { record, state }, change }: PlannedChange, at: Date): ProcessCopy {
  const endedAt = state.status === 'running' ? undefined : (record.endedAt ?? at)
  return {
    state,
    record: {
      ...record,
      state: state.status,
      version: state.version,
      completed: state.completed,
      failed: state.failed,
      startedAt: change.started === undefined ? record.startedAt : at,
      endedAt,
    },
  }
}
