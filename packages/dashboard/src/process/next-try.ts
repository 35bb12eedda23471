import type { HistoryEvent } from '@tunacorn/protocol'

interface Since {
  /** Whether its process has ended. */
  readonly isEnded: boolean
  readonly events: readonly HistoryEvent[]
  readonly nowMs: number
}

/** Whether an attempt that failed is still to be followed by the one that was promised then. */
export function isRetryPromised(
  { retryAt, version }: HistoryEvent,
  { isEnded, events, nowMs }: Since,
): boolean {
  if (retryAt === undefined || isEnded || Date.parse(retryAt) <= nowMs) return false
  // With a retry of the process all begins anew.
  return !events.some((event) => event.type === 'process-retried' && event.version > version)
}
