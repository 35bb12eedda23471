import type { RefuseReport } from '../commands.js'
import type { ProcessState } from '../state.js'
import { accept, reject, type Decision } from '../decision.js'

/** Keeps what a late worker said of an attempt that had been given up, while the process has not ended. */
export function refuseReport(state: ProcessState, { task, payload, claim }: RefuseReport): Decision {
  if (!state.isLive) return reject('process-ended', `The process is ${state.status}.`)
  return accept({ type: 'report-refused', task, payload, claim })
}
