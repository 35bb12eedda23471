import type { ProcessState } from '../state.js'
import { accept, reject, type Decision } from '../decision.js'

export function start(state: ProcessState): Decision {
  if (state.version > 0) return reject('process-running', 'The process has been started already.')
  return accept({ type: 'process-started' })
}
