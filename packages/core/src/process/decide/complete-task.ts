import type { CompleteTask } from '../commands.js'
import type { ProcessState } from '../state.js'
import { accept, type Decision } from '../decision.js'
import { rejectUnlessActive } from './open-task.js'

export function completeTask(state: ProcessState, { task, payload, claim }: CompleteTask): Decision {
  return rejectUnlessActive(state, task) ?? accept({ type: 'task-completed', task, payload, claim })
}
