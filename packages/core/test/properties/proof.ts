import fc from 'fast-check'
import { expect } from 'vitest'
import { isProof } from '../../../../test/support/proof.js'

/** How many times as much as for `npm test` is tried, where that takes no more than some minutes. */
const factor = isProof ? 100 : 1

/** For vitest. Each ends within some twenty minutes of two cores; slow machines have some hours. */
export const proofTimeout = { timeout: 240_000 * factor }

/** How much of something is tried, of which `npm test` tries so much. */
export function proofSize(normal: number, times = 100): number {
  return isProof ? normal * times : normal
}

/**
 * Lets a property hold for so many runs; of what has failed it prints the seed and the path. Where the machine is slow,
 * `npm test` makes fewer runs rather than report none, and says so: also what has failed is then shown as small as it has
 * become by then. A proof that is cut off has failed.
 *
 * @param times how many times as many runs a proof makes
 */
export async function prove<T>(property: fc.IAsyncProperty<T>, runs: number, times?: number): Promise<void> {
  const numRuns = proofSize(runs, times)
  const details = await fc.check(property, {
    numRuns,
    timeout: 60_000,
    interruptAfterTimeLimit: 90_000 * factor,
    markInterruptAsFailure: isProof,
  })
  if (isProof || details.interrupted)
    process.stdout.write(`${expect.getState().currentTestName}: ${details.numRuns} of ${numRuns} runs\n`)
  if (details.failed)
    throw new Error(await fc.asyncDefaultReportMessage(details), { cause: details.errorInstance })
}
