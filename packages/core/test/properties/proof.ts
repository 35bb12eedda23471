import { isProof } from '../../../../test/support/proof.js'

/** How many times as much as for `npm test` is tried: each property then takes some minutes. */
const factor = isProof ? 100 : 1

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
