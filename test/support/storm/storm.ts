import { fork, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { stuckProcessesSql } from '../../../packages/postgres/dist/statements/stuck-processes.js'
import { ThrowAwayCluster } from '../../../packages/postgres/test/support/throw-away-cluster.js'
import { call } from '../api.js'
import { TunaCornServer } from '../tunacorn-server.js'
import { anomaliesIn, gather } from './checker.js'
import { LossyProxy } from './lossy-proxy.js'
import { readCalls, type Call } from './record.js'
// What a worker writes with, so that all lines are of one kind.
import { oneOf, pause, post, Recorder } from './recorder.mjs'

const serverCount = 3
const workerCount = 6
const leaseMs = 1_000
/** Longer than a lease, so that the work of who sleeps is given to others. */
const longSleepMs = 2_500
/** How long what is left may take once the storm is over. */
const calmMs = 120_000
/** Processes under way: enough that everybody always has work. */
const processesAtOnce = 40

const workerProgram = fileURLToPath(new URL('./worker.mjs', import.meta.url))

const needs = [[], [0], [0], [0], [1, 2, 3], [4], [4], [5, 6]]
const definition = JSON.stringify({
  name: 'storm',
  // Whatever lapses and fails is tried again: in a storm that is no reason to give up.
  defaults: { retry: { limit: 1_000, delay: '1ms', factor: 1, jitter: false } },
  tasks: needs.map((some, place) => ({ name: `t${place}`, needs: some.map((need) => `t${need}`) })),
})

/** What is done to those who take part, and how often of a hundred times. */
const troubles = {
  'server kills': 32,
  'worker kills': 12,
  'database kills': 6,
  'worker pauses': 10,
  'server pauses': 10,
  'connections cut': 14,
  'answers lost': 16,
} as const

type Trouble = keyof typeof troubles

export interface StormReport {
  readonly seconds: number
  readonly troubles: Readonly<Record<Trouble, number>>
  readonly calls: number
  readonly unknown: number
  readonly refused: number
  readonly starts: number
  readonly completions: number
  readonly cancellations: number
  /** What should not be. */
  readonly anomalies: readonly string[]
}

/** Three servers, six workers and one PostgreSQL, to which everything happens that can. */
export class Storm {
  readonly #cluster: ThrowAwayCluster
  readonly #directory: string
  readonly #servers: TunaCornServer[] = []
  readonly #proxies: LossyProxy[] = []
  readonly #workers: ChildProcess[] = []
  readonly #records: string[] = []
  readonly #counts = Object.fromEntries(Object.keys(troubles).map((name) => [name, 0])) as Record<
    Trouble,
    number
  >
  readonly #stuck: string[] = []
  readonly #ids = new Set<string>()
  #isOver = false

  private constructor(cluster: ThrowAwayCluster, directory: string) {
    this.#cluster = cluster
    this.#directory = directory
  }

  static async run(
    minutes: number,
    onTrouble: (line: string) => void = () => undefined,
  ): Promise<StormReport> {
    const cluster = await ThrowAwayCluster.create()
    const storm = new Storm(cluster, await mkdtemp(join(tmpdir(), 'tunacorn-storm-')))
    try {
      return await storm.#run(minutes * 60_000, onTrouble)
    } finally {
      await storm.#clearUp()
    }
  }

  async #run(ms: number, onTrouble: (line: string) => void): Promise<StormReport> {
    const begin = performance.now()
    const database = { kind: 'postgres', url: this.#cluster.url } as const
    for (let n = 0; n < serverCount; n += 1) {
      const server = await TunaCornServer.start(database)
      this.#servers.push(server)
      this.#proxies.push(await LossyProxy.start(server.url))
    }
    await call(this.#anyServer().url, 'POST', '/definitions', definition)
    for (let n = 0; n < workerCount; n += 1) this.#startWorker(n)
    const starting = this.#startProcesses()
    const watching = this.#watch()
    const end = performance.now() + ms
    while (performance.now() < end) {
      const trouble = this.#nextTrouble()
      onTrouble(trouble)
      await this.#make(trouble)
      await pause(100 + Math.random() * 1_200)
    }
    this.#isOver = true
    await Promise.all([starting, watching])
    await this.#untilCalm()
    for (const worker of this.#workers) worker.kill('SIGKILL')
    return this.#report((performance.now() - begin) / 1_000)
  }

  #anyServer(): TunaCornServer {
    return oneOf(this.#servers)
  }

  #startWorker(n: number): void {
    const record = join(this.#directory, `worker-${n}-${this.#records.length}`)
    this.#records.push(record)
    // It may be killed before it has begun.
    writeFileSync(record, '')
    const urls = this.#proxies.map(({ url }) => url)
    const options = { name: `worker ${n}`, urls, record, hands: 3, lease: `${leaseMs}ms` }
    this.#workers[n] = fork(workerProgram, [JSON.stringify(options)], { execArgv: [] })
  }

  /** Starts processes all the time, each until somebody says that it is started; cancels and pauses some. */
  async #startProcesses(): Promise<void> {
    const record = join(this.#directory, 'starter')
    this.#records.push(record)
    const recorder = new Recorder(record)
    const urls = this.#proxies.map(({ url }) => url)
    let made = 0
    const one = async () => {
      while (!this.#isOver) {
        const key = `start-${(made += 1)}`
        const id = await this.#startOne(recorder, urls, key)
        if (id === undefined) continue
        this.#ids.add(id)
        if (Math.random() < 0.04) await this.#tell(recorder, urls, 'cancel', id)
        else if (Math.random() < 0.05) {
          await this.#tell(recorder, urls, 'pause', id)
          await pause(Math.random() * 500)
          // Until it is sure to go on: a process that nobody resumes has come to a halt.
          while (!(await this.#tell(recorder, urls, 'resume', id))) await pause(100)
        }
        while (!this.#isOver && !(await this.#hasEnded(urls, id))) await pause(50)
      }
    }
    await Promise.all(Array.from({ length: processesAtOnce }, one))
  }

  async #startOne(recorder: Recorder, urls: readonly string[], key: string): Promise<string | undefined> {
    for (let tries = 0; tries < 50; tries += 1) {
      const n = recorder.asked({ do: 'start', key })
      const request = { definition: 'storm', input: { key } }
      const { status, body } = await post(oneOf(urls), '/processes', request, { 'idempotency-key': key })
      const id = body['id'] as string | undefined
      recorder.answered(n, { status, ...(id !== undefined && { process: id }) })
      if (status >= 200 && status < 300) return id
      await pause(50)
    }
    return undefined
  }

  /** @returns whether it was answered for good */
  async #tell(recorder: Recorder, urls: readonly string[], what: 'cancel' | 'pause' | 'resume', id: string) {
    const n = recorder.asked({ do: what, process: id })
    const { status } = await post(oneOf(urls), `/processes/${id}/${what}`, {})
    recorder.answered(n, { status })
    return status !== 0 && status < 500
  }

  async #hasEnded(urls: readonly string[], id: string): Promise<boolean> {
    const answer = await call(oneOf(urls), 'GET', `/processes/${id}`).catch(() => undefined)
    const { state } = (answer?.body ?? {}) as { state?: string }
    return state === 'completed' || state === 'cancelled'
  }

  /** At every moment, each running process has a task on the board: by one query, in one snapshot. */
  async #watch(): Promise<void> {
    while (!this.#isOver) {
      await pause(500)
      const client = new Client({ connectionString: this.#cluster.url })
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

  #nextTrouble(): Trouble {
    let dice = Math.random() * Object.values(troubles).reduce((sum, share) => sum + share, 0)
    for (const [name, share] of Object.entries(troubles)) {
      dice -= share
      if (dice < 0) return name as Trouble
    }
    return 'server kills'
  }

  async #make(trouble: Trouble): Promise<void> {
    this.#counts[trouble] += 1
    const server = this.#anyServer()
    const n = Math.floor(Math.random() * workerCount)
    const worker = this.#workers[n]
    switch (trouble) {
      case 'server kills':
        await server.kill()
        return server.restart()
      case 'worker kills':
        worker?.kill('SIGKILL')
        return this.#startWorker(n)
      case 'database kills':
        await this.#cluster.kill()
        return this.#cluster.start()
      case 'worker pauses':
        worker?.kill('SIGSTOP')
        await pause(longSleepMs)
        worker?.kill('SIGCONT')
        return
      case 'server pauses':
        server.fallAsleep()
        await pause(300 + Math.random() * 2_000)
        return server.wakeUp()
      case 'connections cut':
        oneOf(this.#proxies).cut()
        return
      case 'answers lost':
        return oneOf(this.#proxies).loseAnswers(1 + Math.floor(Math.random() * 10))
    }
  }

  /** Nothing happens any more; what was started comes to its end. */
  async #untilCalm(): Promise<void> {
    const deadline = performance.now() + calmMs
    const client = new Client({ connectionString: this.#cluster.url })
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
        for (const { id } of paused.rows)
          await call(this.#anyServer().url, 'POST', `/processes/${id}/resume`, {})
        await pause(250)
      }
    } finally {
      await client.end()
    }
  }

  async #report(seconds: number): Promise<StormReport> {
    const calls = readCalls(this.#records)
    const evidence = await gather(this.#cluster.url, { calls, needs, leaseMs })
    const count = (test: (call: Call) => boolean) => calls.filter(test).length
    return {
      seconds: Math.round(seconds),
      troubles: this.#counts,
      calls: calls.length,
      unknown: count(({ outcome }) => outcome === 'unknown'),
      refused: count(({ outcome }) => outcome === 'refused'),
      starts: count(({ asked, outcome }) => asked.do === 'start' && outcome === 'ok'),
      completions: count(({ asked, outcome }) => asked.do === 'complete' && outcome === 'ok'),
      cancellations: count(({ asked, outcome }) => asked.do === 'cancel' && outcome === 'ok'),
      anomalies: [...this.#stuck, ...anomaliesIn(evidence)],
    }
  }

  async #clearUp(): Promise<void> {
    this.#isOver = true
    for (const worker of this.#workers) worker.kill('SIGKILL')
    await Promise.all(this.#servers.map((server) => server.kill()))
    await Promise.all(this.#proxies.map((proxy) => proxy.close()))
    await this.#cluster.remove()
    await rm(this.#directory, { recursive: true, force: true })
  }
}
