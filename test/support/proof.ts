// The one place where tests read how much is asked of them.

/** Whether much is tried, as for `pnpm proof`, rather than what `npm test` has time for. */
export const isProof = process.env['TUNACORN_PROOF'] === '1'

/** What chance begins with: printed by the tests that use it, and given to have the same run again. */
export const chanceSeed = Number(process.env['TUNACORN_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
