import type { JudgeTask } from '../commands.js'
import type { ProcessState } from '../state.js'
import { accept, type Decision } from '../decision.js'
import { retryInMs } from '../next-attempt.js'
import { rejectUnlessActive } from './open-task.js'

/**
 * Time is up for a task. An attempt that lapsed or took too long is followed by another, if the policy has one left; at
 * once, as it is when a worker takes the task over before the timekeeper comes: delays are for reported failures.
 * A task that nobody has claimed in time has failed for good: putting it on the same board again would help nobody.
 */
export function judgeTask(state: ProcessState, command: JudgeTask): Decision {
  const rejected = rejectUnlessActive(state, command.task)
  if (rejected !== undefined) return rejected

  const { task, reason, attempt, secret, elapsedMs } = command
  const claim = { attempt, secret: secret ?? '' }
  if (reason === 'not-claimed') return accept({ type: 'task-failed', task, reason, claim })
  const policy = state.definition.policyOf(task).retry
  const inMs = retryInMs(policy, { attempt, elapsedMs, wantedMs: 0 })
  return inMs === undefined
    ? accept({ type: 'task-failed', task, reason, claim })
    : accept({ type: 'attempt-failed', task, reason, claim, retryInMs: inMs })
}
