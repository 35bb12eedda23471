/**
 * A workload whose result is not what it has to be was not measured, it went wrong.
 *
 * @param {string} what
 * @param {number} found
 * @param {number} expected
 */
export function expectCount(what, found, expected) {
  if (found !== expected) {
    throw new Error(
      `Expected ${expected} ${what}, but found ${found}: this run proves nothing. Run it again.`,
    )
  }
}
