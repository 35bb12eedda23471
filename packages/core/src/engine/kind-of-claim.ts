import type { ClaimCriteria } from '../lists/task-list.js'

/** Of one request it is asked for several times in a row. */
let last: { readonly criteria: ClaimCriteria; readonly kind: string } | undefined

/** The same for claims that the same tasks are for. */
export function kindOf(criteria: ClaimCriteria): string {
  if (last?.criteria !== criteria) {
    const { names, definition, processId, task } = criteria
    last = { criteria, kind: JSON.stringify([names, definition, processId, task]) }
  }
  return last.kind
}
