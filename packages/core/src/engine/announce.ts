import type { NewEvent } from '../lists/process-list.js'
import type { Logger } from './logger.js'
import type { AttemptOutcome, Observer } from './observer.js'
import type { PlannedChange } from './plan-change.js'
import { isLive } from '../process/state.js'
import { formatTaskId } from './ids.js'

export interface Listeners {
  readonly logger: Logger
  readonly observer: Observer | undefined
}

/** Tells what a change has brought about, once it is committed: attempts that are over, processes that began or ended. */
export function announce({ change, copy }: PlannedChange, { logger, observer }: Listeners): void {
  if (observer !== undefined) observe(change.events, copy.state.graph.names, observer)
  const { id, definition, state, started, failureProcess } = change
  if (started !== undefined) observer?.processStarted(definition)
  if (failureProcess !== undefined) {
    const fields = { process: failureProcess.id, definition: failureProcess.definition, failureOf: id }
    logger.info(fields, 'process started')
    observer?.processStarted(failureProcess.definition)
  }
  if (isLive(state)) return
  observer?.processEnded(definition, state)
  // Who cancels it says so, with who wanted it and why.
  if (state === 'completed') logger.info({ process: id, definition }, 'process completed')
  if (state === 'failed')
    logger.info({ process: id, definition, ...causeOf(change.events, copy) }, 'process failed')
}

function observe(events: readonly NewEvent[], names: readonly string[], observer: Observer): void {
  for (const event of events) {
    const outcome = outcomeOf(event)
    if (outcome !== undefined) observer.attemptEnded(names[event.task ?? -1] ?? '', outcome)
  }
}

function outcomeOf({ type, reason }: NewEvent): AttemptOutcome | undefined {
  switch (type) {
    case 'task-completed':
      return 'completed'
    case 'attempt-failed':
    case 'task-failed':
      return reason === undefined || reason === 'reported' ? 'failed' : reason
    default:
      return undefined
  }
}

function causeOf(events: readonly NewEvent[], { record, state }: PlannedChange['copy']): object {
  const failure = events.find(({ type }) => type === 'task-failed')
  if (failure?.task === undefined) return { cause: 'timed-out' }
  const { task, reason: cause } = failure
  return { task: formatTaskId({ processId: record.id, task }), name: state.graph.names[task], cause }
}
