import { fork, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { stuckProcessesSql } from '../../../packages/postgres/dist/statements/stuck-processes.js'
import { ask, call } from '../api.js'
import { anomaliesIn, gather } from './checker.js'
import { readCalls, type Call } from './record.js'
// What a worker writes with, so that all lines are of one kind.
import { oneOf, pause, post, Recorder } from './recorder.mjs'

/** How long what is left may take once nothing new is started. */
const calmMs = 120_000

const workerProgram = fileURLToPath(new URL('./worker.mjs', import.meta.url))

const needs = [[], [0], [0], [0], [1, 2, 3], [4], [4], [5, 6]]
const definition = JSON.stringify({
  name: 'storm',
  // Whatever lapses and fails is tried again: in a storm that is no reason to give up.
  defaults: { retry: { limit: 1_000, delay: '1ms', factor: 1, jitter: false } },
  tasks: needs.map((some, place) => ({ name: `t${place}`, needs: some.map((need) => `t${need}`) })),
})

export interface LoadOptions {
  /** Where workers ask. */
  readonly urls: readonly string[]
  readonly databaseUrl: string
  readonly workers: number
  readonly leaseMs: number
  /** Enough that everybody always has work. */
  readonly processesAtOnce: number
}

export interface LoadReport {
  readonly calls: number
  /** Without an answer, or with one that says that it could not be done for now: it may have been done all the same. */
  readonly unknown: number
  /** Of those, answered 503. */
  readonly unavailable: number
  readonly refused: number
  readonly starts: number
  readonly completions: number
  readonly cancellations: number
  /** What should not be. */
  readonly anomalies: readonly string[]
}

/**
 * Everything that is asked of servers, all the time and by many, until it is told to end: workers in processes of their
 * own complete, fail, give back, forget and beat; processes are started by key, cancelled, paused and resumed. Every call
 * is on record, and is held against what is stored in the end.
 */
export class Load {
  readonly #options: LoadOptions
  readonly #directory: string
  readonly #workers: ChildProcess[] = []
  readonly #records: string[] = []
  readonly #stuck: string[] = []
  readonly #going: Promise<unknown>
  #ended = 0
  #isOver = false

  private constructor(options: LoadOptions, directory: string) {
    this.#options = options
    this.#directory = directory
    for (let n = 0; n < options.workers; n += 1) this.startWorker(n)
    this.#going = Promise.all([this.#startProcesses(), this.#watch()])
  }

  static async begin(options: LoadOptions): Promise<Load> {
    await ask(oneOf(options.urls), 'POST', '/definitions', definition)
    return new Load(options, await mkdtemp(join(tmpdir(), 'tunacorn-storm-')))
  }

  get workers(): readonly ChildProcess[] {
    return this.#workers
  }

  /** A new one, in the place of the `n`th. */
  startWorker(n: number): void {
    const record = join(this.#directory, `worker-${n}-${this.#records.length}`)
    this.#records.push(record)
    // It may be killed before it has begun.
    writeFileSync(record, '')
    const { urls, leaseMs } = this.#options
    const options = { name: `worker ${n}`, urls, record, hands: 3, lease: `${leaseMs}ms` }
    this.#workers[n] = fork(workerProgram, [JSON.stringify(options)], { execArgv: [] })
  }

  /** Resolves when so many more processes have come to their end, as whoever has started them sees it. */
  async untilMoreEnded(count: number): Promise<void> {
    const enough = this.#ended + count
    while (this.#ended < enough) await pause(20)
  }

  /** Nothing new is started, and what was comes to its end; then the reckoning. */
  async finish(): Promise<LoadReport> {
    this.#isOver = true
    await this.#going
    await this.#untilCalm()
    this.#endWorkers()
    const { databaseUrl, leaseMs } = this.#options
    const calls = readCalls(this.#records)
    const evidence = await gather(databaseUrl, { calls, needs, leaseMs })
    const count = (test: (call: Call) => boolean) => calls.filter(test).length
    return {
      calls: calls.length,
      unknown: count(({ outcome }) => outcome === 'unknown'),
      unavailable: count(({ answered }) => answered?.status === 503),
      refused: count(({ outcome }) => outcome === 'refused'),
      starts: count(({ asked, outcome }) => asked.do === 'start' && outcome === 'ok'),
      completions: count(({ asked, outcome }) => asked.do === 'complete' && outcome === 'ok'),
      cancellations: count(({ asked, outcome }) => asked.do === 'cancel' && outcome === 'ok'),
      anomalies: [...this.#stuck, ...anomaliesIn(evidence)],
    }
  }

  async clearUp(): Promise<void> {
    this.#isOver = true
    this.#endWorkers()
    await this.#going.catch(() => undefined)
    await rm(this.#directory, { recursive: true, force: true })
  }

  #endWorkers(): void {
    for (const worker of this.#workers) worker.kill('SIGKILL')
  }

  /** Starts processes all the time, each until somebody says that it is started; cancels and pauses some. */
  async #startProcesses(): Promise<void> {
    const record = join(this.#directory, 'starter')
    this.#records.push(record)
    const recorder = new Recorder(record)
    let made = 0
    const one = async () => {
      while (!this.#isOver) {
        const key = `start-${(made += 1)}`
        const id = await this.#startOne(recorder, key)
        if (id === undefined) continue
        if (Math.random() < 0.04) await this.#tell(recorder, 'cancel', id)
        else if (Math.random() < 0.05) {
          await this.#tell(recorder, 'pause', id)
          await pause(Math.random() * 500)
          // Until it is sure to go on: a process that nobody resumes has come to a halt.
          while (!(await this.#tell(recorder, 'resume', id))) await pause(100)
        }
        while (!this.#isOver && !(await this.#hasEnded(id))) await pause(50)
        this.#ended += 1
      }
    }
    await Promise.all(Array.from({ length: this.#options.processesAtOnce }, one))
  }

  async #startOne(recorder: Recorder, key: string): Promise<string | undefined> {
    for (let tries = 0; tries < 50 && !this.#isOver; tries += 1) {
      const n = recorder.asked({ do: 'start', key })
      const request = { definition: 'storm', input: { key } }
      const { status, body } = await post(oneOf(this.#options.urls), '/processes', request, {
        'idempotency-key': key,
      })
      const id = body['id'] as string | undefined
      recorder.answered(n, { status, ...(id !== undefined && { process: id }) })
      if (status >= 200 && status < 300) return id
      await pause(50)
    }
    return undefined
  }

  /** @returns whether it was answered for good */
  async #tell(recorder: Recorder, what: 'cancel' | 'pause' | 'resume', id: string) {
    const n = recorder.asked({ do: what, process: id })
    const { status } = await post(oneOf(this.#options.urls), `/processes/${id}/${what}`, {})
    recorder.answered(n, { status })
    return status !== 0 && status < 500
  }

  async #hasEnded(id: string): Promise<boolean> {
    const answer = await call(oneOf(this.#options.urls), 'GET', `/processes/${id}`).catch(() => undefined)
    const { state } = (answer?.body ?? {}) as { state?: string }
    return state === 'completed' || state === 'cancelled'
  }

  /** At every moment, each running process has a task on the board: by one query, in one snapshot. */
  async #watch(): Promise<void> {
    while (!this.#isOver) {
      await pause(500)
      const client = new Client({ connectionString: this.#options.databaseUrl })
      client.on('error', () => undefined)
      try {
        await client.connect()
        const { rows } = await client.query<{ id: string }>(stuckProcessesSql('tunacorn'), [1_000])
        for (const { id } of rows) this.#stuck.push(`${id} ran with nothing on the board`)
      } catch {
        // The database is down, as it shall be now and then.
      } finally {
        await client.end().catch(() => undefined)
      }
    }
  }

  async #untilCalm(): Promise<void> {
    const { databaseUrl, urls } = this.#options
    const deadline = performance.now() + calmMs
    const client = new Client({ connectionString: databaseUrl })
    client.on('error', () => undefined)
    await client.connect()
    try {
      for (;;) {
        const { rows } = await client.query<{ open: number }>(
          `SELECT count(*)::int AS open FROM tunacorn.process WHERE state IN ('running', 'paused')`,
        )
        if (rows[0]?.open === 0 || performance.now() > deadline) return
        // A pause whose answer was lost may have come after the resumption that followed it.
        const paused = await client.query<{ id: string }>(
          `SELECT id FROM tunacorn.process WHERE state = 'paused'`,
        )
        for (const { id } of paused.rows) await post(oneOf(urls), `/processes/${id}/resume`, {})
        await pause(250)
      }
    } finally {
      await client.end()
    }
  }
}
