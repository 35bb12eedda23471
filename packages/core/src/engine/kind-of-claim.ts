import type { ClaimCriteria } from '../lists/task-list.js'

/** The same for claims that the same tasks are for. */
export function kindOf({ names, definition, processId, task }: ClaimCriteria): string {
  return JSON.stringify([names, definition, processId, task])
}
