import type { Payload } from '../../payload.js'
import type { ProcessState } from '../state.js'
import { accept, reject, type Decision } from '../decision.js'

/** Resuming what runs changes nothing and is no mistake. */
export function resume(state: ProcessState, reason: Payload | undefined): Decision {
  if (state.status === 'running') return accept()
  if (state.status !== 'paused') {
    return reject('process-ended', `The process is ${state.status}, so it cannot be resumed.`)
  }
  return accept({ type: 'process-resumed', payload: reason })
}
