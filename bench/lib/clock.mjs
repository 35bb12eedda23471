import { setTimeout as sleep } from 'node:timers/promises'

export { sleep }

/** Milliseconds of the machine's monotonic clock, which all processes share: `performance.now()` is each one's own. */
export function nowMs() {
  return Number(process.hrtime.bigint()) / 1e6
}

/**
 * Looks again and again until it is so. Without a limit of its own: who runs a workload sets the time it may take.
 *
 * @param {() => boolean | Promise<boolean>} isSo
 */
export async function until(isSo, everyMs = 5) {
  while (!(await isSo())) await sleep(everyMs)
}

/**
 * Runs `work(0)` to `work(count - 1)`, so many at a time.
 *
 * @param {number} count
 * @param {number} atOnce
 * @param {(index: number) => Promise<unknown>} work
 */
export async function inParallel(count, atOnce, work) {
  let next = 0
  const line = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, line))
}
