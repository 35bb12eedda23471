import type { Process } from '@tunacorn/protocol'
import { exitCodes } from '../failures.js'
import { countOf, printable, roughly, shortJson } from '../wording.js'

/** What a command ends with that has waited for the end of a process. */
export function exitCodeOfOutcome({ state }: Pick<Process, 'state'>): number {
  return state === 'completed' ? exitCodes.success : exitCodes.failure
}

/** How a process has ended, in a line. */
export function outcomeText(process: Process): string {
  const { definition, state, progress, startedAt, endedAt = startedAt, failureProcess } = process
  const time = roughly(Date.parse(endedAt) - Date.parse(startedAt))
  const followed = failureProcess === undefined ? '' : ` Process ${failureProcess} cleans up after it.`
  const because = whyEnded(process)
  return `${printable(definition)} is ${state} after ${time}, ${progressText(progress)}${because === '' ? '.' : `: ${because}.`}${followed}`
}

/** How many tasks are completed: those that failed are finished as well, but not done. */
export function completedOf({ finished, failed = 0 }: Process['progress']): number {
  return finished - failed
}

export function progressText(progress: Process['progress']): string {
  return `${completedOf(progress)} of ${countOf(progress.total, 'task')} completed`
}

const whatHappened = {
  reported: 'failed',
  lapsed: 'failed, since its worker went silent',
  'timed-out': 'failed, since it took too long',
  'not-claimed': 'failed, since nobody claimed it in time',
} as const

/** Why it failed or was cancelled; nothing where there is nothing to say. */
export function whyEnded({ failedTask, cause, error, timedOut, by, reason }: Process): string {
  if (timedOut === true) return 'its time was up'
  if (failedTask !== undefined) {
    const said = error === undefined ? '' : `: ${shortJson(error, 200)}`
    return `${printable(failedTask)} ${whatHappened[cause ?? 'reported']}${said}`
  }
  const who = by === undefined ? '' : `by ${printable(by)}`
  return [who, reason === undefined ? '' : printable(reason)].filter((part) => part !== '').join(', ')
}
