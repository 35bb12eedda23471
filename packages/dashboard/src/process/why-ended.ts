import type { Process } from '@tunacorn/protocol'
import { causeWords } from './cause-words.js'
import type { TaskRun } from './task-run.js'

type Ended = Pick<
  Process,
  'state' | 'endedAt' | 'failedTask' | 'cause' | 'error' | 'timedOut' | 'by' | 'reason'
>

/** Why a task of a process that has ended is not done: `Its process failed with "Pack" first.` */
export function whyEnded(process: Ended, { name, look, ending }: TaskRun): string | undefined {
  if (process.endedAt === undefined || look === 'completed') return undefined
  const { state, failedTask, timedOut, by, reason } = process
  if (look === 'failed') {
    const cause = ending?.cause
    return `It failed${cause === undefined ? '' : `: ${causeWords[cause] ?? cause}`}.`
  }
  if (state === 'cancelled') {
    return `Its process was cancelled${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '.' : `: ${reason}`}`
  }
  if (timedOut === true) return 'The time of its process was up first.'
  if (failedTask === undefined || failedTask === name) return 'Its process ended first.'
  return `Its process failed with "${failedTask}" first.`
}
