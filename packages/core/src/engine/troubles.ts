import type { HistoryEvent } from '../lists/process-list.js'
import type { Payload } from '../payload.js'

/** What holds a process up, as its history has it, in words. */
export interface Troubles {
  /** Why somebody has paused it. */
  readonly pausedFor: string | undefined
  /** Why the last attempt of a task has failed, by its place in the definition. */
  readonly failures: ReadonlyMap<number, string>
}

export const noTroubles: Troubles = { pausedFor: undefined, failures: new Map() }

/** @param events the last ones of a process, in order */
export function troublesIn(events: readonly HistoryEvent[]): Troubles {
  let pausedFor: string | undefined
  const failures = new Map<number, string>()
  for (const { type, task, claim, reason, payload } of events) {
    if (type === 'process-paused') pausedFor = textOf(payload, 'reason')
    // All that is open begins anew.
    if (type === 'process-retried') failures.clear()
    if (type !== 'attempt-failed' || task === undefined) continue
    const which = claim === undefined ? 'the last attempt' : `attempt ${claim.attempt}`
    const what = reason === undefined || reason === 'reported' ? 'failed' : `failed (${reason})`
    const message = textOf(payload, 'message')
    failures.set(task, `${which} ${what}${message === undefined ? '' : `: ${message}`}`)
  }
  return { pausedFor, failures }
}

const maxCharacters = 200

/** Of an error or of grounds: what people have written. */
function textOf(payload: Payload | undefined, field: 'message' | 'reason'): string | undefined {
  const value = payload?.value()
  const text =
    typeof value === 'string' ? value : (value as Record<string, unknown> | null | undefined)?.[field]
  return typeof text === 'string' ? JSON.stringify(text.slice(0, maxCharacters)) : undefined
}
