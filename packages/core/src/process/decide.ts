import type { ProcessCommand } from './commands.js'
import type { Decision } from './decision.js'
import type { ProcessState } from './state.js'
import { cancel } from './decide/cancel.js'
import { completeTask } from './decide/complete-task.js'
import { failTask } from './decide/fail-task.js'
import { judgeTask } from './decide/judge-task.js'
import { pause } from './decide/pause.js'
import { refuseReport } from './decide/refuse-report.js'
import { resume } from './decide/resume.js'
import { retry } from './decide/retry.js'
import { start } from './decide/start.js'
import { timeOut } from './decide/time-out.js'

/** What follows from a command, by the rules: events, or the reason why not. Changes nothing. */
export function decide(state: ProcessState, command: ProcessCommand): Decision {
  switch (command.type) {
    case 'start':
      return start(state)
    case 'complete-task':
      return completeTask(state, command)
    case 'fail-task':
      return failTask(state, command)
    case 'judge-task':
      return judgeTask(state, command)
    case 'refuse-report':
      return refuseReport(state, command)
    case 'time-out':
      return timeOut(state)
    case 'pause':
      return pause(state, command.reason)
    case 'resume':
      return resume(state, command.reason)
    case 'cancel':
      return cancel(state, command.reason)
    case 'retry':
      return retry(state, command.reason)
  }
}
