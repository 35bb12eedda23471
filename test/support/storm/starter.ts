import { call } from '../api.js'
import type { Control, Start } from './record.js'
import { oneOf, otherOf, pause, post, type Recorder } from './recorder.mjs'

/** What is called by a name of its own has one of so few that another often has it. */
const jobCount = 12
const batchSize = 3
const waitMs = 50
const longestWaitMs = 1_600

/** A process as who has started it knows it. */
interface Known {
  readonly id: string
  /** A version that it is known to have. */
  version: number
}

/**
 * Starts processes all the time, by key, by name and in batches, each until somebody says that it is started; cancels,
 * pauses and resumes some, and has some that failed tried again. Each call is on record.
 */
export class Starter {
  readonly #urls: readonly string[]
  readonly #recorder: Recorder
  #isOver = false
  #made = 0
  #ended = 0

  constructor(urls: readonly string[], recorder: Recorder) {
    this.#urls = urls
    this.#recorder = recorder
  }

  /** How many it has seen come to their end. */
  get ended(): number {
    return this.#ended
  }

  /** Nothing new is started, and nothing more done with what was. */
  end(): void {
    this.#isOver = true
  }

  /** So many at a time, until it is told to end. */
  async run(atOnce: number): Promise<void> {
    const one = async () => {
      while (!this.#isOver) {
        const started = Math.random() < 0.05 ? await this.#startBatch() : await this.#startOne()
        await Promise.all(started.map((process) => this.#follow(process)))
        // What it wanted to be called another is called.
        if (started.length === 0) await pause(waitMs)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, one))
  }

  /** One that is found to be paused. */
  async resume(id: string): Promise<void> {
    await this.#tell('resume', { id, version: 1 })
  }

  async #follow(process: Known): Promise<void> {
    if (Math.random() < 0.04) await this.#tell('cancel', process)
    else if (Math.random() < 0.05) {
      await this.#tell('pause', process)
      await pause(Math.random() * 500)
      // Until it is sure to go on: a process that nobody resumes has come to a halt.
      await this.#tell('resume', process, Infinity)
    }
    for (;;) {
      const state = await this.#untilEnded(process)
      if (state !== 'failed' || Math.random() < 0.3) break
      await this.#tell('retry', process)
    }
    // Nobody can do anything about most of what has ended.
    if (Math.random() < 0.1) await this.#tell(oneOf(['cancel', 'pause', 'resume', 'retry']), process)
    this.#ended += 1
  }

  #next(once: boolean): Start {
    return {
      do: 'start',
      key: `start-${(this.#made += 1)}`,
      once,
      definition: Math.random() < 0.7 ? 'storm' : 'storm-undone',
      ...(Math.random() < 0.15 && { job: `job ${Math.floor(Math.random() * jobCount)}` }),
    }
  }

  async #startOne(): Promise<Known[]> {
    const start = this.#next(true)
    let url = oneOf(this.#urls)
    for (let tries = 0; tries < 50 && !this.#isOver; tries += 1) {
      const n = this.#recorder.asked(start)
      const { status, body } = await post(url, '/processes', requestOf(start), {
        'idempotency-key': start.key,
      })
      const id = this.#answered(n, status, status < 300 ? { process: body } : { problem: body })
      if (id !== undefined) return [{ id, version: 1 }]
      if (status >= 400 && status < 500 && body['code'] !== 'start-in-flight') return []
      await pause(waitMs)
      url = otherOf(this.#urls, url)
    }
    return []
  }

  /** Without an answer nobody knows what became of it, and it is not sent again: that would be another. */
  async #startBatch(): Promise<Known[]> {
    const starts = Array.from({ length: batchSize }, () => this.#next(false))
    const asked = starts.map((start) => this.#recorder.asked(start))
    const request = { processes: starts.map(requestOf) }
    const { status, body } = await post(oneOf(this.#urls), '/processes/batch', request)
    const items = (body['items'] ?? []) as StartItem[]
    return asked.flatMap((n, place) => {
      const item: StartItem = items[place] ?? { problem: body }
      const id = this.#answered(n, item.status ?? status, item)
      return id === undefined ? [] : [{ id, version: 1 }]
    })
  }

  /** @returns what was started */
  #answered(n: number, status: number, { process, problem }: StartItem): string | undefined {
    const id = process?.id
    this.#recorder.answered(n, {
      status,
      ...(problem?.code !== undefined && { code: problem.code }),
      ...(problem?.process !== undefined && { takenBy: problem.process }),
      ...(id !== undefined && { process: id, version: 1 }),
    })
    return id
  }

  async #tell(what: Control, process: Known, most = 10): Promise<void> {
    let url = oneOf(this.#urls)
    for (let tries = 1; tries <= most; tries += 1) {
      const n = this.#recorder.asked({ do: what, process: process.id, since: process.version })
      const { status, body } = await post(url, `/processes/${process.id}/${what}`, {})
      const {
        code,
        version,
        process: takenBy,
      } = body as { code?: string; version?: number; process?: string }
      this.#recorder.answered(n, {
        status,
        ...(code !== undefined && { code }),
        ...(takenBy !== undefined && { takenBy }),
        ...(version !== undefined && { version }),
      })
      process.version = Math.max(process.version, version ?? 1)
      if (status !== 0 && status < 500 && code !== 'start-in-flight') return
      await pause(Math.min(waitMs * tries, longestWaitMs))
      url = otherOf(this.#urls, url)
    }
  }

  async #untilEnded(process: Known): Promise<string | undefined> {
    while (!this.#isOver) {
      const answer = await call(oneOf(this.#urls), 'GET', `/processes/${process.id}`).catch(() => undefined)
      const { state, version = 1 } = (answer?.body ?? {}) as { state?: string; version?: number }
      process.version = Math.max(process.version, version)
      if (state === 'completed' || state === 'failed' || state === 'cancelled') return state
      await pause(waitMs)
    }
    return undefined
  }
}

interface StartItem {
  readonly status?: number
  readonly process?: { readonly id?: string }
  readonly problem?: { readonly code?: string; readonly process?: string }
}

function requestOf({ key, definition, job }: Start): object {
  return { definition, input: { key }, ...(job !== undefined && { key: job }) }
}
