import { nowMs, sleep } from './clock.mjs'

/** What every handler of every peer does: next to nothing, counted. */
export class TrivialWork {
  runs = 0
  /** from the end of one step's handler to the beginning of the next one's */
  latenciesMs = []
  #endedAtMs = new Map()

  do() {
    return { ok: true, n: ++this.runs }
  }

  /**
   * The same as a step of a chain, whose times are kept.
   *
   * @param {string} chain
   * @param {number} step from 0
   */
  doStep(chain, step) {
    const begunAtMs = nowMs()
    const endedAtMs = this.#endedAtMs.get(chain)
    if (step > 0 && endedAtMs !== undefined) this.latenciesMs.push(begunAtMs - endedAtMs)
    const answer = this.do()
    this.#endedAtMs.set(chain, nowMs())
    return answer
  }
}

/** What goes with every job, task or workflow. */
export function payload(order) {
  return { order, customer: 'abcdef', amount: 99.5 }
}

/** Chains are given up after the time that they may take, but never before so many have run. */
const fewestChains = 3

/**
 * One chain after the other on an otherwise idle system.
 *
 * @param {{ chains: number, patienceMs: number }} size
 * @param {(chain: number) => Promise<void>} runOne resolves when the chain has ended
 */
export async function oneByOne({ chains, patienceMs }, runOne) {
  const begunAtMs = nowMs()
  let done = 0
  while (done < chains && (done < fewestChains || nowMs() - begunAtMs < patienceMs)) {
    await runOne(done++)
    await sleep(50)
  }
  return done
}
