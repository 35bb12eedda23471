import type { ProcessState } from '../state.js'
import { accept, reject, type Decision } from '../decision.js'

/** The deadline of the whole process has passed. While it is paused, its clock stands still. */
export function timeOut(state: ProcessState): Decision {
  if (state.status !== 'running') return reject('process-ended', `The process is ${state.status}.`)
  return accept({ type: 'process-timed-out' })
}
