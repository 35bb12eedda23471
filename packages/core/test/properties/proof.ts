/**
 * How many times as much as usual is tried. `TUNACORN_PROOF_FACTOR=100` makes of every property here a proof of some
 * minutes; absent, it is 1, for `npm test`.
 */
const factor = Number(process.env['TUNACORN_PROOF_FACTOR'] ?? 1)

/** For vitest. */
export const proofTimeout = { timeout: 120_000 * factor }

/**
 * For fast-check, which prints the seed and the path of what has failed. Where the machine is slow, fewer runs are made
 * rather than none reported: also what has failed is then shown as small as it has become by then.
 */
export function proof(runs: number): {
  readonly numRuns: number
  readonly timeout: number
  readonly interruptAfterTimeLimit: number
} {
  return { numRuns: runs * factor, timeout: 60_000, interruptAfterTimeLimit: 90_000 * factor }
}
