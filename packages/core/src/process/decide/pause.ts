import type { Payload } from '../../payload.js'
import type { ProcessState } from '../state.js'
import { accept, reject, type Decision } from '../decision.js'

/** Nothing new is handed out; what is held may be finished. Pausing again changes nothing and is no mistake. */
export function pause(state: ProcessState, reason: Payload | undefined): Decision {
  if (state.status === 'paused') return accept()
  if (state.status !== 'running') {
    return reject('process-ended', `The process is ${state.status}, so it cannot be paused.`)
  }
  return accept({ type: 'process-paused', payload: reason })
}
