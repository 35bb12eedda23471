import type { ProcessState } from '../state.js'
import { reject, type Decision } from '../decision.js'

/** Why the end of a task cannot be reported; nothing when it can. */
export function rejectUnlessActive(state: ProcessState, task: number): Decision | undefined {
  const name = state.graph.names[task]
  if (name === undefined) return reject('task-not-found', `The process has no task ${task}.`)

  const status = state.taskStatus(task)
  if (status === 'completed' || status === 'failed') {
    return reject('task-ended', `Task ${JSON.stringify(name)} is ${status} already.`)
  }
  if (!state.isLive) {
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
  return undefined
}
