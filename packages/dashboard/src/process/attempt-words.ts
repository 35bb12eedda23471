import type { Attempt, Outcome } from './task-run.js'

export const outcomeWords: Record<Outcome, string> = {
  waiting: 'waits for a worker',
  working: 'being worked on',
  completed: 'completed',
  'will-retry': 'failed, will retry',
  retried: 'failed, tried again',
  'not-retried': 'failed, not tried again',
  failed: 'failed',
  lapsed: 'worker silent',
  unfinished: 'cut off by the end of the process',
}

/** `Attempt 1`, `Attempt 1 after the retry`, `Attempt 1 after retry 2`: they are counted anew each time. */
export function attemptName({ number, round }: Attempt): string {
  const after = round === 0 ? '' : round === 1 ? ' after the retry' : ` after retry ${round}`
  return `Attempt ${number}${after}`
}
