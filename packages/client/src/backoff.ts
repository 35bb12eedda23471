export interface BackoffLimits {
  readonly baseMs: number
  readonly maxMs: number
}

/**
 * How long to wait after the nth failure in a row (from 1): doubled each time up to `maxMs`, of which a
 * random half is taken off, so that many clients of one server do not come back in step.
 */
export function backoffMs(failures: number, { baseMs, maxMs }: BackoffLimits): number {
  const full = Math.min(maxMs, baseMs * 2 ** (failures - 1))
  return Math.round(full * (0.5 + Math.random() / 2))
}

/** Waits, or rejects with the signal's reason as soon as it is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
  signal?.throwIfAborted()
}
