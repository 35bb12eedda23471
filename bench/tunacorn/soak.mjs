import { nowMs, sleep } from '../lib/clock.mjs'
import { residentBytes } from '../lib/memory.mjs'
import { chainDefinition, fanDefinition, startOf } from './definitions.mjs'
import { batchedWork } from './work.mjs'

const chainsAtOnce = 200
const fansAtOnce = 2

/**
 * W2 and W3 without end, as much as goes through: whenever a process has ended, another is started. During the first
 * half, somebody holds a transaction open with a snapshot, so that no dead row can be removed.
 *
 * @param {import('./http-session.mjs').HttpSession} session
 * @param {{ durationMs: number, everyMs: number }} size
 */
export async function soak(session, { durationMs, everyMs }) {
  const { default: pg } = await import('pg')
  const [watcher, holder] = [1, 2].map(() => new pg.Client({ connectionString: session.databaseUrl }))
  await Promise.all([watcher.connect(), holder.connect()])
  await session.worker.ask({ verb: 'begin', ...batchedWork })
  await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await holder.query('SELECT count(*) FROM tunacorn.process')
  const load = new Load(session)
  await load.start()

  const samples = []
  const begunAtMs = nowMs()
  let before = { atMs: begunAtMs, settled: 0 }
  let isHeld = true
  while (nowMs() - begunAtMs < durationMs) {
    await sleep(everyMs)
    if (isHeld && nowMs() - begunAtMs >= durationMs / 2) {
      await holder.query('COMMIT')
      isHeld = false
    }
    const { settled } = await session.worker.ask({ verb: 'count' })
    const atMs = nowMs()
    samples.push({
      seconds: Math.round((atMs - begunAtMs) / 1_000),
      isHeld,
      tasksPerSecond: Math.round(((settled - before.settled) / (atMs - before.atMs)) * 1_000),
      ...(await watch(watcher)),
      serverBytes: residentBytes(session.server.pid),
      workerBytes: residentBytes(session.worker.pid),
    })
    before = { atMs, settled }
    load.check()
  }
  const { started } = await load.stop()
  await session.worker.ask({ verb: 'finish', tasks: load.tasks })
  await Promise.all([watcher.end(), holder.end()])
  return { samples, started, tasks: load.tasks }
}

/** Processes that follow one another, so many lines of them. */
class Load {
  #session
  #isStopped = false
  #lines
  #failure
  #started = 0
  tasks = 0

  constructor(session) {
    this.#session = session
  }

  async start() {
    const chain = chainDefinition(this.#session.newName('chain'), 20)
    const fan = fanDefinition(this.#session.newName('fan'), 500)
    await this.#session.register(chain)
    await this.#session.register(fan)
    const lines = [...Array(chainsAtOnce).fill(chain), ...Array(fansAtOnce).fill(fan)]
    this.#lines = Promise.all(lines.map((definition) => this.#line(definition))).catch((error) => {
      this.#failure = error
    })
  }

  check() {
    if (this.#failure !== undefined) throw this.#failure
  }

  async stop() {
    this.#isStopped = true
    await this.#lines
    this.check()
    return { started: this.#started }
  }

  async #line(definition) {
    const { requests } = this.#session
    while (!this.#isStopped) {
      const { id } = await requests.post('/processes', startOf(definition, this.#started++))
      this.tasks += definition.tasks.length
      await this.#untilCompleted(id)
    }
  }

  async #untilCompleted(id) {
    for (;;) {
      const { state } = await this.#session.requests.get(`/processes/${id}?wait=30s`)
      if (state === 'completed') return
      if (state !== 'running') throw new Error(`Expected process ${id} to be completed, but it is ${state}.`)
    }
  }
}

async function watch(client) {
  const tables = await client.query(
    `SELECT relname AS name, n_dead_tup::int AS dead FROM pg_stat_user_tables WHERE schemaname = 'tunacorn'`,
  )
  const oldest = await client.query(
    `SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)::float AS seconds
     FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()`,
  )
  return {
    deadTuples: Object.fromEntries(tables.rows.map(({ name, dead }) => [name, dead])),
    oldestSnapshotSeconds: Math.round(oldest.rows[0].seconds),
  }
}
