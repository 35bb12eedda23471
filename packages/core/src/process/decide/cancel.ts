import type { Payload } from '../../payload.js'
import type { ProcessState } from '../state.js'
import { accept, reject, type Decision } from '../decision.js'

/** Cancelling again changes nothing and is no mistake. */
export function cancel(state: ProcessState, reason: Payload | undefined): Decision {
  if (state.status === 'cancelled') return accept()
  if (!state.isLive) {
    return reject('process-ended', `The process is ${state.status}, so it cannot be cancelled any more.`)
  }
  return accept({ type: 'process-cancelled', payload: reason })
}
