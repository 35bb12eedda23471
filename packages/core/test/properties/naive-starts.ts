/** What is asked for; `once` is its `Idempotency-Key`. */
export interface Start {
  readonly definition: string
  readonly input: number | string
  readonly key?: string
  readonly once?: string
}

/** A process, and what somebody with a pencil would note down about it. */
export interface NaiveRun {
  /** Chosen by who starts it; nobody has heard of it yet when absent. */
  id: string | undefined
  readonly start: Start
  state: 'running' | 'completed' | 'failed' | 'cancelled'
}

const dayMs = 86_400_000

/**
 * What starting processes of one task each comes to, said as plainly as possible: two lists, looked through each time. It
 * answers `ok` or the code of the refusal.
 */
export class NaiveStarts {
  /** All that there are. */
  runs: NaiveRun[] = []
  readonly #remembered: { readonly at: number; readonly run: NaiveRun }[] = []

  /** Answers the process that it is the start of, however often it is sent. */
  start(start: Start, now: number): NaiveRun | string {
    const before = this.#remembered.find(
      ({ at, run }) => start.once === run.start.once && now - at < dayMs && this.runs.includes(run),
    )
    if (start.once !== undefined && before !== undefined)
      return isSame(before.run.start, start) ? before.run : 'idempotency-key-reused'
    if (start.definition === 'unknown') return 'definition-not-found'
    const isInvalid = start.definition === 'numbers' && typeof start.input !== 'number'
    const isTaken = start.key !== undefined && this.#isTaken(start.definition, start.key)
    // Of two reasons: what may have been done before is looked for among the keys first.
    if (isInvalid && (start.once === undefined || !isTaken)) return 'input-invalid'
    if (isTaken) return 'key-taken'
    const run: NaiveRun = { id: undefined, start, state: 'running' }
    this.runs.push(run)
    this.#remembered.push({ at: now, run })
    return run
  }

  end(run: NaiveRun, state: 'completed' | 'failed'): string {
    if (run.state !== 'running') return 'task-ended'
    run.state = state
    return 'ok'
  }

  cancel(run: NaiveRun): string {
    if (run.state === 'running') run.state = 'cancelled'
    return run.state === 'cancelled' ? 'ok' : 'process-ended'
  }

  /** It wants its key back. */
  retry(run: NaiveRun): string {
    if (run.state === 'running') return 'process-running'
    if (run.state !== 'failed') return 'process-ended'
    const { definition, key } = run.start
    if (key !== undefined && this.#isTaken(definition, key)) return 'key-taken'
    run.state = 'running'
    return 'ok'
  }

  destroy(run: NaiveRun): string {
    if (run.state === 'running') return 'process-running'
    this.runs = this.runs.filter((one) => one !== run)
    return 'ok'
  }

  #isTaken(definition: string, key: string): boolean {
    return this.runs.some(
      ({ state, start }) => state === 'running' && start.definition === definition && start.key === key,
    )
  }
}

function isSame(one: Start, other: Start): boolean {
  return one.definition === other.definition && one.input === other.input && one.key === other.key
}
