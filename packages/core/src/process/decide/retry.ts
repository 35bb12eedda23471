import type { Payload } from '../../payload.js'
import type { ProcessState } from '../state.js'
import { accept, reject, type Decision } from '../decision.js'

/** A failed process goes on: what failed or was cancelled is open again, what is completed stays so. */
export function retry(state: ProcessState, reason: Payload | undefined): Decision {
  if (state.status !== 'failed') {
    const code = state.isLive ? 'process-running' : 'process-ended'
    return reject(code, `The process is ${state.status}. Only a failed one can be retried.`)
  }
  return accept({ type: 'process-retried', payload: reason })
}
