import type { ProcessEvent } from './events.js'
import type { ProcessState, ProcessStatus } from './state.js'
import { TunaCornError } from '../errors.js'

const none: readonly number[] = []

/**
 * Lets one event happen: the only place where a process changes. Costs O(dependents of the task).
 *
 * @returns the tasks that this event has made active, by index.
 * @throws TunaCornError `history-unknown` for an event that this version of the code does not know: a process
 *   with such an event is refused, not guessed at.
 */
export function apply(state: ProcessState, event: ProcessEvent): readonly number[] {
  const version = state.version + 1
  const activated = happen(state, event, version)
  state.version = version
  return activated
}

function happen(state: ProcessState, event: ProcessEvent, version: number): readonly number[] {
  switch (event.type) {
    case 'process-started':
      return Array.from(state.graph.roots)
    case 'task-completed':
      return completeTask(state, event.task, version)
    case 'task-failed':
      state.end(event.task, 'failed', version)
      return stop(state, 'failed')
    case 'process-timed-out':
      return stop(state, 'failed')
    case 'process-cancelled':
      return stop(state, 'cancelled')
    case 'process-paused':
      return turn(state, 'paused')
    case 'process-resumed':
      return turn(state, 'running')
    case 'process-retried':
      state.status = 'running'
      return state.reopen()
    case 'attempt-failed':
    case 'report-refused':
      // The board has to do with it; the process is as it was.
      return none
    default:
      return refuse(event)
  }
}

function completeTask(state: ProcessState, task: number, version: number): readonly number[] {
  state.end(task, 'completed', version)
  if (state.completed === state.graph.size) state.status = 'completed'
  return Array.from(state.graph.dependentsOf(task)).filter((dependent) => state.meetNeed(dependent))
}

function stop(state: ProcessState, status: 'failed' | 'cancelled'): readonly number[] {
  state.status = status
  state.cancelRest()
  return none
}

function turn(state: ProcessState, status: ProcessStatus): readonly number[] {
  state.status = status
  return none
}

function refuse(event: never): never {
  const { type } = event as { type: unknown }
  throw new TunaCornError(
    'history-unknown',
    `Expected an event that this version of TunaCorn knows, but found ${JSON.stringify(type)}. A newer version wrote it: run that one.`,
  )
}
