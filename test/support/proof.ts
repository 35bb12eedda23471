// The one place where tests read how much is asked of them.

/** Whether much is tried, as for `pnpm proof`, rather than what `npm test` has time for. */
export const isProof = process.env['TUNACORN_PROOF'] === '1'

/** What chance begins with: printed by the tests that use it, and given to have the same run again. */
export const chanceSeed = Number(process.env['TUNACORN_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

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
