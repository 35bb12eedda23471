import type { EndTask } from '../commands.js'
import type { ProcessState } from '../state.js'
import { accept, reject, type Decision } from '../decision.js'

/** A worker reports: the task is completed, or has failed for good and takes its process with it. */
export function endTask(state: ProcessState, command: EndTask): Decision {
  const { task, payload, claim } = command
  const name = state.graph.names[task]
  if (name === undefined) return reject('task-not-found', `The process has no task ${task}.`)

  const status = state.taskStatus(task)
  if (status === 'completed' || status === 'failed') {
    return reject('task-ended', `Task ${JSON.stringify(name)} is ${status} already.`)
  }
  if (state.status !== 'running') {
    return reject(
      'process-ended',
      `The process is ${state.status}, so nothing of it can be reported any more.`,
    )
  }
  if (!state.isActive(task)) {
    return reject(
      'task-not-active',
      `Task ${JSON.stringify(name)} still waits for others, so it cannot be reported.`,
    )
  }
  return accept({
    type: command.type === 'complete-task' ? 'task-completed' : 'task-failed',
    task,
    payload,
    claim,
  })
}
