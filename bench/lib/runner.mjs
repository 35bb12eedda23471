import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nowMs, sleep } from './clock.mjs'
import { nodeBinary } from './places.mjs'
import { Postgres } from './postgres.mjs'
import { startRedis } from './redis.mjs'
import { startRestate } from './restate.mjs'

const host = fileURLToPath(new URL('../peers/host.mjs', import.meta.url))
const endGraceMs = 3_000

/** Runs one peer at one workload, in a process of its own, on servers that nobody has used before. */
export class Runner {
  #directory
  #postgres
  #serial = 0
  #corpus
  #signal

  /** @param {{ corpus: string | undefined, dataDirectory: string | undefined, signal: AbortSignal }} options */
  constructor({ corpus, dataDirectory = tmpdir(), signal }) {
    mkdirSync(dataDirectory, { recursive: true })
    this.#directory = mkdtempSync(join(dataDirectory, 'tunacorn-bench-'))
    this.#corpus = corpus
    this.#signal = signal
    // However this process ends by itself. What other users own in there goes with its service.
    process.once('exit', () => rmSync(this.#directory, { recursive: true, force: true }))
  }

  get directory() {
    return this.#directory
  }

  /** One cluster for all, an empty database for each run. */
  async start() {
    // Who runs PostgreSQL may be somebody else, and has to pass through.
    chmodSync(this.#directory, 0o755)
    this.#postgres = await Postgres.start(join(this.#directory, 'postgres'))
  }

  describePostgres() {
    return this.#postgres.describe()
  }

  async stop() {
    await this.#postgres?.stop()
  }

  /**
   * @param {import('./peers.mjs').Peer} peer
   * @param {{ kind: string, size: object, warmUp?: object, timeoutMs: number }} work
   * @returns {Promise<{ outcome?: any, cannot?: string, failure?: string, hasTimedOut?: boolean, tookMs: number }>}
   */
  async run(peer, { kind, size, warmUp, timeoutMs }) {
    const begunAtMs = nowMs()
    const name = `run_${++this.#serial}`
    const opened = []
    let answer
    try {
      const services = await this.#open(peer, name, opened)
      this.#signal.throwIfAborted()
      answer = await this.#inChild(
        peer,
        { peerId: peer.id, kind, size, warmUp, services, corpus: this.#corpus },
        timeoutMs,
      )
    } catch (error) {
      answer = { failure: error.message }
    }
    for (const close of opened.toReversed()) await close()
    this.#signal.throwIfAborted()
    return { ...answer, tookMs: Math.round(nowMs() - begunAtMs) }
  }

  async #open(peer, name, opened) {
    const directory = join(this.#directory, name)
    mkdirSync(directory)
    opened.push(async () => rmSync(directory, { recursive: true, force: true }))
    const services = { directory, pgbench: this.#postgres.pgbench }
    if (peer.needs.includes('postgres')) {
      services.databaseUrl = await this.#postgres.freshDatabase(name)
      opened.push(() => this.#postgres.drop(name))
    }
    if (peer.needs.includes('redis')) {
      const { stop, ...redis } = await startRedis(join(directory, 'redis'))
      services.redis = redis
      opened.push(stop)
    }
    if (peer.needs.includes('restate')) {
      const { stop, ...restate } = await startRestate(join(directory, 'restate'))
      services.restate = restate
      opened.push(stop)
    }
    return services
  }

  async #inChild({ node = 24 }, order, timeoutMs) {
    const child = fork(host, {
      execPath: nodeBinary(node),
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production' },
      // A group of its own, in which everything is that it starts: what is left of it is ended as one.
      detached: true,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        said = (said + text).slice(-4_000)
      })
    }
    const settled = new AbortController()
    const { signal } = settled
    const ways = [
      once(child, 'message', { signal }).then(([answer]) => answer),
      once(child, 'exit', { signal }).then(([code, by]) => ({
        failure: `its process ended with ${by ?? code}`,
      })),
      sleep(timeoutMs, undefined, { signal }).then(() => ({
        failure: `took longer than ${timeoutMs / 1_000} s`,
        hasTimedOut: true,
      })),
      once(this.#signal, 'abort', { signal }).then(() => ({ failure: 'interrupted' })),
    ]
    for (const way of ways) way.catch(() => {})
    child.send(order)
    const answer = await Promise.race(ways)
    settled.abort()
    await end(child)
    return answer.failure === undefined ? answer : { ...answer, said }
  }
}

/** Asks it to end by hanging up, then ends what is left of its group. */
async function end(child) {
  if (child.connected) child.disconnect()
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  for (let waitedMs = 0; waitedMs < endGraceMs && !isOver(); waitedMs += 20) await sleep(20)
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nothing is left of it.
  }
}
