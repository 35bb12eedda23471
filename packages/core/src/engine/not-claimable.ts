import type { TaskView } from './task-views.js'
import { TunaCornError } from '../errors.js'

/** Why a task cannot be claimed, and what it waits for. */
export function notClaimable(task: TaskView): TunaCornError {
  const what = `Task ${JSON.stringify(task.name)} (${task.id}) is ${task.state}`
  switch (task.state) {
    case 'pending':
      return new TunaCornError('task-not-active', `${what}: it waits for others.`)
    case 'scheduled':
      return new TunaCornError('task-not-claimable', `${what}, but ${whyNotYet(task)}.`)
    case 'claimed':
      return new TunaCornError('task-held', `${what}: ${heldBy(task)}, so it cannot be claimed now.`)
    case 'completed':
    case 'failed':
    case 'cancelled':
      return new TunaCornError('task-ended', `${what}, so it cannot be claimed any more.`)
  }
}

/** The store's clock tells whether a time has come, and has done so: here they are only named. */
function whyNotYet({ isPaused, attempt = 0, claimableAt, expiresAt }: TaskView): string {
  if (isPaused === true) return 'its process is paused: it can be claimed once that is resumed'
  const what = attempt > 0 ? `waits for attempt ${attempt + 1}` : 'waits for its time'
  return `${what}: it can be claimed from ${shown(claimableAt)} until ${shown(expiresAt)}`
}

function heldBy({ worker, leaseExpiresAt }: TaskView): string {
  return `${JSON.stringify(worker)} has it until ${shown(leaseExpiresAt)}`
}

function shown(date: Date | undefined): string {
  return date?.toISOString() ?? 'some time'
}
