import type { FailTask } from '../commands.js'
import type { ProcessState } from '../state.js'
import { accept, type Decision } from '../decision.js'
import { retryInMs } from '../next-attempt.js'
import { rejectUnlessActive } from './open-task.js'

/** A worker could not do it: another attempt, if the policy has one left, else the task has failed for good. */
export function failTask(state: ProcessState, command: FailTask): Decision {
  const rejected = rejectUnlessActive(state, command.task)
  if (rejected !== undefined) return rejected

  const { task, payload, claim, retry, elapsedMs = 0, random = 0 } = command
  const failed = { task, reason: 'reported', payload, claim } as const
  // Without a claim there are no attempts: nobody counts them, and the word is final.
  if (claim === undefined || retry === false) return accept({ type: 'task-failed', ...failed })
  const policy = state.definition.policyOf(task).retry
  const inMs = retryInMs(policy, { attempt: claim.attempt, elapsedMs, random, wantedMs: retry })
  return inMs === undefined
    ? accept({ type: 'task-failed', ...failed })
    : accept({ type: 'attempt-failed', ...failed, retryInMs: inMs })
}
