import type { FailureProcess } from '../definition/definition.js'
import type { ProcessChange } from '../lists/process-list.js'
import type { KnownDefinition, KnownDefinitions } from './known-definitions.js'
import type { Logger } from './logger.js'
import type { Outputs } from './outputs.js'
import type { PlannedChange } from './plan-change.js'
import type { Payload } from '../payload.js'
import { failureInput } from './failure-input.js'
import { newId } from '../new-ids.js'
import { planStart } from './plan-change.js'

export interface FailureProcessParts {
  readonly definitions: KnownDefinitions
  readonly outputs: Outputs
  readonly maxPayloadBytes: number
  readonly logger: Logger
}

/**
 * Adds, to a change by which a process ends badly, the start of the process that its definition names for that, in the
 * same commit. A process that cleans up has none that cleans up after it.
 */
export async function planFailureProcess(
  plan: PlannedChange,
  parts: FailureProcessParts,
): Promise<PlannedChange> {
  const { record } = plan.copy
  const failureProcess = failureProcessOf(plan)
  if (failureProcess === undefined) return plan

  const known = await parts.definitions.default(failureProcess.name)
  if (known === undefined) {
    // Refused when the definition was registered, so it was removed behind our back. The failure itself must stand.
    parts.logger.error(
      { process: record.id, definition: failureProcess.name },
      'the failure process cannot be started: its definition is gone',
    )
    return plan
  }
  const change = { ...plan.change, failureProcess: await startOf(plan, known, parts) }
  return { ...plan, change }
}

/** What the change is to be followed by, if it is. */
export function failureProcessOf({
  copy: { state, record },
  change,
}: PlannedChange): FailureProcess | undefined {
  const { failureProcess } = state.definition
  const cause = state.status === 'failed' || state.status === 'cancelled' ? state.status : undefined
  const isWanted = cause !== undefined && failureProcess?.on.includes(cause) === true
  return isWanted && record.failureOf === undefined && change.events.length > 0 ? failureProcess : undefined
}

async function startOf(
  plan: PlannedChange,
  known: KnownDefinition,
  parts: FailureProcessParts,
): Promise<ProcessChange> {
  const { id, priority, traceparent } = plan.copy.record
  const start = {
    definition: known.name,
    version: undefined,
    priority,
    key: undefined,
    once: undefined,
    failureOf: id,
    traceparent,
    input: await inputOf(plan, parts),
  }
  const errand = {
    processId: besideOf(id),
    work: { kind: 'start', start },
    settle() {},
    refuse() {},
  } as const
  return planStart(errand, start, known).change
}

/** The last two bytes of an id say where it is kept: those of the parent, so that both are kept together. */
function besideOf(parentId: string): string {
  return newId().slice(0, -4) + parentId.slice(-4)
}

/** Everything that the one who cleans up may have to know. */
async function inputOf(plan: PlannedChange, parts: FailureProcessParts): Promise<Payload | undefined> {
  const { record, state } = plan.copy
  const { events } = plan.change
  const failure = events.find(({ type }) => type === 'task-failed')
  const cancellation = events.find(({ type }) => type === 'process-cancelled')
  const timedOut = events.some(({ type }) => type === 'process-timed-out')
  const told = {
    process: record.id,
    definition: record.definition,
    version: record.definitionVersion,
    failedTask: failure?.task === undefined ? undefined : state.graph.names[failure.task],
    timedOut: timedOut ? true : undefined,
    // With who wanted it and why, as they were said.
    ...(cancellation !== undefined && { cancelled: true, ...(cancellation.payload?.value() as object) }),
  }
  const error = failure?.payload ?? (failure === undefined ? undefined : { message: failure.reason })
  const large = { outputs: await outputsOf(plan, parts), input: record.input, error }
  return failureInput(told, large, parts.maxPayloadBytes)
}

const readAtOnce = 100

async function outputsOf(
  { copy, change }: PlannedChange,
  { outputs, maxPayloadBytes }: FailureProcessParts,
): Promise<Record<string, Payload> | 'too-large'> {
  const { state } = copy
  const nameOf = (task: number) => state.graph.names[task] ?? ''
  const found = new Map<string, Payload>()
  // What this very change completes is not in the store yet.
  for (const { type, task, payload } of change.events) {
    if (type === 'task-completed' && task !== undefined && payload !== undefined)
      found.set(nameOf(task), payload)
  }
  const isStored = (task: number) => state.endedIn(task) > 0 && state.endedIn(task) <= change.expectedVersion
  const stored = [...state.graph.topologicalOrder].filter(
    (task) => isStored(task) && state.taskStatus(task) === 'completed',
  )
  let characters = 0
  for (let begin = 0; begin < stored.length; begin += readAtOnce) {
    const some = stored
      .slice(begin, begin + readAtOnce)
      .map((task) => ({ task, version: state.endedIn(task) }))
    for (const [task, output] of await outputs.of(copy.record.id, some)) {
      characters += output.text.length
      found.set(nameOf(task), output)
    }
    if (characters > maxPayloadBytes) return 'too-large'
  }
  return Object.fromEntries(found)
}
