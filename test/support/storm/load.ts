import { fork, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { stuckProcessesSql } from '../../../packages/postgres/dist/statements/stuck-processes.js'
import { ask } from '../api.js'
import { anomaliesIn } from './checker.js'
import { gather } from './checker/evidence.js'
import { stormDefinitions, taskNames, textOf } from './definitions.js'
import { readCalls, type Call } from './record.js'
// What a worker writes with, so that all lines are of one kind.
import { oneOf, pause, Recorder } from './recorder.mjs'
import { Starter } from './starter.js'

/** How long what is left may take once nothing new is started. */
const calmMs = 120_000

const workerProgram = fileURLToPath(new URL('./worker.mjs', import.meta.url))

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
  readonly failures: number
  readonly cancellations: number
  /** Of failed processes. */
  readonly retries: number
  /** Processes that were started because another had failed or was cancelled. */
  readonly cleanUps: number
  /** Refused, since another live process had the name. */
  readonly namesTaken: number
  /** What should not be. */
  readonly anomalies: readonly string[]
}

/**
 * Everything that is asked of servers, all the time and by many, until it is told to end: workers in processes of their
 * own complete, fail, give back, forget and beat; processes are started by key, by name and in batches, cancelled, paused,
 * resumed, and tried again when they have failed. Every call is on record, and is held against what is stored in the end.
 */
export class Load {
  readonly #options: LoadOptions
  readonly #directory: string
  readonly #workers: ChildProcess[] = []
  readonly #records: string[] = []
  readonly #stuck: string[] = []
  readonly #starter: Starter
  readonly #going: Promise<unknown>
  #isOver = false

  private constructor(options: LoadOptions, directory: string) {
    this.#options = options
    this.#directory = directory
    for (let n = 0; n < options.workers; n += 1) this.startWorker(n)
    const record = join(directory, 'starter')
    this.#records.push(record)
    this.#starter = new Starter(options.urls, new Recorder(record))
    this.#going = Promise.all([this.#starter.run(options.processesAtOnce), this.#watch()])
  }

  static async begin(options: LoadOptions): Promise<Load> {
    for (const [name, definition] of stormDefinitions)
      await ask(oneOf(options.urls), 'POST', '/definitions', textOf(name, definition))
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
    const options = {
      name: `worker ${n}`,
      urls,
      record,
      hands: 3,
      lease: `${leaseMs}ms`,
      definition: 'storm',
      names: taskNames,
    }
    this.#workers[n] = fork(workerProgram, [JSON.stringify(options)], { execArgv: [] })
  }

  /** Resolves when so many more processes have come to their end, as whoever has started them sees it. */
  async untilMoreEnded(count: number): Promise<void> {
    const enough = this.#starter.ended + count
    while (this.#starter.ended < enough) await pause(20)
  }

  /** Nothing new is started, and what was comes to its end; then the reckoning. */
  async finish(): Promise<LoadReport> {
    this.#end()
    await this.#going
    await this.#untilCalm()
    this.#endWorkers()
    const { databaseUrl, leaseMs } = this.#options
    const calls = readCalls(this.#records)
    const evidence = await gather(databaseUrl, { calls, definitions: stormDefinitions, leaseMs })
    const count = (test: (call: Call) => boolean) => calls.filter(test).length
    return {
      calls: calls.length,
      unknown: count(({ outcome }) => outcome === 'unknown'),
      unavailable: count(({ answered }) => answered?.status === 503),
      refused: count(({ outcome }) => outcome === 'refused'),
      starts: count(({ asked, outcome }) => asked.do === 'start' && outcome === 'ok'),
      completions: count(({ asked, outcome }) => asked.do === 'complete' && outcome === 'ok'),
      failures: count(({ asked, outcome }) => asked.do === 'fail' && outcome === 'ok'),
      cancellations: count(({ asked, outcome }) => asked.do === 'cancel' && outcome === 'ok'),
      retries: count(({ asked, outcome }) => asked.do === 'retry' && outcome === 'ok'),
      cleanUps: evidence.processes.filter(({ failureOf }) => failureOf !== undefined).length,
      namesTaken: count(({ answered }) => answered?.code === 'key-taken'),
      anomalies: [...this.#stuck, ...anomaliesIn(evidence)],
    }
  }

  async clearUp(): Promise<void> {
    this.#end()
    this.#endWorkers()
    await this.#going.catch(() => undefined)
    await rm(this.#directory, { recursive: true, force: true })
  }

  #end(): void {
    this.#isOver = true
    this.#starter.end()
  }

  #endWorkers(): void {
    for (const worker of this.#workers) worker.kill('SIGKILL')
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
    const { databaseUrl } = this.#options
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
        for (const { id } of paused.rows) await this.#starter.resume(id)
        await pause(250)
      }
    } finally {
      await client.end()
    }
  }
}
