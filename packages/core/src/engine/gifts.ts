import type { ClaimedBoardTask } from '../lists/task-list.js'
import type { PlannedChange } from './plan-change.js'
import type { Gift, Waiter } from './waiter.js'
import type { WantedTask } from './waiting-line.js'

/**
 * Gives what a change brings onto the board to those who wait for it: with the same commit, so that a step of a chain
 * costs one, and not a second one for its claim. Nobody gets what may not begin yet.
 */
export function withGifts(
  plan: PlannedChange,
  reserve: (task: WantedTask) => Waiter | undefined,
): PlannedChange {
  const { id: processId, definition, state } = plan.change
  if (state !== 'running') return plan
  const gifts: Gift[] = []
  const enter = plan.change.enter.map((task) => {
    const waiter = task.delayMs > 0 ? undefined : reserve({ processId, definition, name: task.name })
    if (waiter === undefined) return task
    const given = { ...task, holder: waiter.reserve() }
    gifts.push({ waiter, task: given })
    return given
  })
  return gifts.length === 0 ? plan : { ...plan, change: { ...plan.change, enter }, gifts }
}

/** @param at when they were committed; nothing when they were not. */
export function settleGifts({ change, gifts }: PlannedChange, at: Date | undefined): void {
  for (const { waiter, task } of gifts)
    waiter.settle(at === undefined ? undefined : claimedTask(change.id, task, at))
}

function claimedTask(
  processId: string,
  { task, name, holder, ...limits }: Gift['task'],
  at: Date,
): ClaimedBoardTask {
  const leaseMs = Math.min(holder.leaseMs, limits.heartbeatMs, limits.timeoutMs)
  const claim = { attempt: 1, secret: holder.secret }
  const leaseExpiresAt = new Date(at.getTime() + leaseMs)
  return { processId, task, name, claim, leaseExpiresAt, leaseMs, takenFrom: undefined }
}
