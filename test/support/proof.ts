/** Whether there is time to prove more than `npm test` does (TUNACORN_PROOF=1). */
export const isProof = process.env['TUNACORN_PROOF'] === '1'

/** Whether nothing may be skipped, as in CI. */
const mustRun = process.env['TUNACORN_REQUIRE_POSTGRES'] === '1'

/**
 * Whether what a test needs is there. Where nothing may be skipped its absence is an error; elsewhere one line says so.
 *
 * @param missing.what and how to come by it.
 * @param missing.mayMiss it cannot be come by here, so it may be skipped in any case.
 */
export function isThere(
  found: boolean,
  { what, mayMiss = false }: { what: string; mayMiss?: boolean },
): boolean {
  if (!found && mustRun && !mayMiss) throw new Error(`Expected all tests to run, but there is no ${what}`)
  if (!found) process.stderr.write(`\n!!! SKIPPED: there is no ${what}\n\n`)
  return found
}
