import { appendFileSync, existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { benchDirectory } from './places.mjs'

/**
 * What was measured, a JSON line for each run, so that nothing is lost with a run that is cut short.
 *
 * @typedef {object} RunResult
 * @property {'run'} type
 * @property {number} round
 * @property {string} workload
 * @property {string} peer
 * @property {any} [outcome]
 * @property {string} [failure]
 * @property {string} [cannot] why the peer cannot express it
 * @property {boolean} [hasTimedOut]
 * @property {number} tookMs
 */
export class Results {
  isQuick
  #file
  #lines

  /** @param {{ isQuick: boolean }} size results of different sizes are kept apart */
  constructor({ isQuick }) {
    this.isQuick = isQuick
    this.#file = join(benchDirectory, isQuick ? 'results.quick.jsonl' : 'results.jsonl')
    this.#lines = existsSync(this.#file) ? readLines(this.#file) : []
  }

  /** Those from before are set aside; a soak, which is long, stays. */
  beginAnew() {
    if (existsSync(this.#file)) renameSync(this.#file, this.#file.replace('.jsonl', '.previous.jsonl'))
    const kept = this.#lines.filter(({ type }) => type === 'soak')
    this.#lines = []
    for (const line of kept) this.add(line)
  }

  add(line) {
    this.#lines.push(line)
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`)
  }

  get isEmpty() {
    return this.runs.length === 0 && this.soak === undefined
  }

  /** @returns {RunResult[]} */
  get runs() {
    return this.#lines.filter(({ type }) => type === 'run')
  }

  /** The last one. */
  get machine() {
    return this.#lines.findLast(({ type }) => type === 'machine')
  }

  get soak() {
    return this.#lines.findLast(({ type }) => type === 'soak')
  }

  of(peer, workload) {
    return this.runs.filter((run) => run.peer === peer && run.workload === workload)
  }
}

/** A line cut short by the end of its writer is left out. */
function readLines(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line)]
      } catch {
        return []
      }
    })
}
