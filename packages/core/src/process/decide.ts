import type { ProcessCommand } from './commands.js'
import type { Decision } from './decision.js'
import type { ProcessState } from './state.js'
import { cancel } from './decide/cancel.js'
import { endTask } from './decide/end-task.js'
import { start } from './decide/start.js'

/** What follows from a command, by the rules: events, or the reason why not. Changes nothing. */
export function decide(state: ProcessState, command: ProcessCommand): Decision {
  switch (command.type) {
    case 'start':
      return start(state)
    case 'complete-task':
    case 'fail-task':
      return endTask(state, command)
    case 'cancel':
      return cancel(state, command.reason)
  }
}
