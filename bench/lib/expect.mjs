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

/** Thrown for a workload that this peer cannot express, when only the workload's size tells. */
export class CannotExpress extends Error {}
