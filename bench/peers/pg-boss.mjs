import { inParallel, nowMs, until } from '../lib/clock.mjs'
import { expectCount } from '../lib/expect.mjs'
import { oneByOne, payload, TrivialWork } from '../lib/trivial-work.mjs'

const insertBatch = 1_000

/** @type {import('../lib/peers.mjs').Peer} */
export const peer = {
  id: 'pg-boss',
  title: 'pg-boss',
  packages: ['pg-boss'],
  needs: ['postgres'],
  settings:
    'LISTEN/NOTIFY on, work with batchSize 500, localConcurrency 2, burstWhenBatchFull and perJobResults; one by one: 8 loops of fetch and complete; flow() for graphs, whose next steps it looks for once a second, as often as it can be set to',
  cannot: {
    W7: 'workers are in process, each with its own polling; there is no server that they wait at',
    W8: 'not driven here: the goal compares TunaCorn with itself',
  },
  open: (services) => open(services, { resolveMs: undefined }),
}

/** What it can do with graphs when somebody writes a loop for it, as none of the others needs. */
const loopMs = 2
const asAbove = 'no graph is resolved there: see above'

/** @type {import('../lib/peers.mjs').Peer} */
export const peerWithLoop = {
  ...peer,
  id: 'pg-boss-loop',
  title: `pg-boss, with a loop of ours`,
  isHelped: true,
  settings: `as above, and a loop beside it calls resolveFlow() every ${loopMs} ms and wakes the workers when that has resolved something`,
  cannot: { ...peer.cannot, W1: asAbove, 'W1-single': asAbove, W5: asAbove, 'W5-batch': asAbove },
  open: (services) => open(services, { resolveMs: loopMs }),
}

async function open({ databaseUrl }, options) {
  const { PgBoss } = await import('pg-boss')
  const { default: pg } = await import('pg')
  const database = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  const boss = new PgBoss({
    connectionString: databaseUrl,
    useListenNotify: true,
    flowIntervalSeconds: 1,
    max: 10,
  })
  boss.on('error', (error) => console.error(error))
  await boss.start()
  return new PgBossSession(boss, database, options)
}

class PgBossSession {
  #boss
  #database
  #resolveMs
  #queues = 0

  /** @param {{ resolveMs: number | undefined }} options how often a loop beside it resolves what it can; none when absent */
  constructor(boss, database, { resolveMs }) {
    this.#boss = boss
    this.#database = database
    this.#resolveMs = resolveMs
  }

  async flat({ tasks }) {
    const queue = await this.#newQueue()
    await this.#insert(queue, tasks)
    const work = new TrivialWork()
    const begunAtMs = nowMs()
    const worker = await this.#work(queue, () => work.do())
    const elapsedMs = await this.#untilCompleted(queue, work, tasks, begunAtMs)
    await worker.stop()
    return { tasks, elapsedMs }
  }

  async flatSingle({ tasks }) {
    const queue = await this.#newQueue()
    await this.#insert(queue, tasks)
    const work = new TrivialWork()
    const begunAtMs = nowMs()
    await inParallel(8, 8, async () => {
      for (;;) {
        const [job] = await this.#boss.fetch(queue)
        if (job === undefined) return
        await this.#boss.complete(queue, job.id, work.do())
      }
    })
    const elapsedMs = await this.#untilCompleted(queue, work, tasks, begunAtMs)
    return { tasks, elapsedMs }
  }

  async chain({ processes, steps }) {
    const queue = await this.#newQueue()
    await inParallel(processes, 8, () => this.#boss.flow(chainOf(queue, steps, payload)))
    const work = new TrivialWork()
    const begunAtMs = nowMs()
    const worker = await this.#work(queue, () => work.do())
    const elapsedMs = await this.#untilCompleted(queue, work, processes * steps, begunAtMs)
    await worker.stop()
    return { tasks: processes * steps, elapsedMs }
  }

  async fan({ processes, width }) {
    const graph = [
      { name: 'first', needs: [] },
      ...Array.from({ length: width }, (_, index) => ({ name: `middle-${index}`, needs: ['first'] })),
      { name: 'last', needs: Array.from({ length: width }, (_, index) => `middle-${index}`) },
    ]
    return this.#graphs(Array.from({ length: processes }, () => graph))
  }

  async corpus({ graphs }) {
    return this.#graphs(graphs.map(({ tasks }) => tasks))
  }

  async latency({ chains, steps, patienceMs }) {
    const queue = await this.#newQueue()
    const work = new TrivialWork()
    const worker = await this.#work(queue, ({ chain, step }) => work.doStep(chain, step))
    const done = await oneByOne({ chains, patienceMs }, async (chain) => {
      const expected = work.runs + steps
      await this.#boss.flow(chainOf(queue, steps, (step) => ({ chain: String(chain), step })))
      await until(() => work.runs >= expected, 1)
    })
    await this.#untilCompleted(queue, work, done * steps, nowMs())
    await worker.stop()
    return { latenciesMs: work.latenciesMs, chains: done }
  }

  async starts({ starts, atOnce }) {
    const queue = await this.#newQueue()
    const begunAtMs = nowMs()
    await inParallel(starts, atOnce, (index) => this.#boss.send(queue, payload(index)))
    const elapsedMs = nowMs() - begunAtMs
    expectCount('jobs', await this.#count(queue, 'created'), starts)
    return { tasks: starts, elapsedMs }
  }

  async startsInBatches({ starts, batch, atOnce }) {
    const queue = await this.#newQueue()
    const begunAtMs = nowMs()
    await inParallel(starts / batch, atOnce, () => this.#boss.insert(queue, jobs(batch)))
    const elapsedMs = nowMs() - begunAtMs
    expectCount('jobs', await this.#count(queue, 'created'), starts)
    return { tasks: starts, elapsedMs }
  }

  async close() {
    await this.#boss.stop({ graceful: false })
    await this.#database.end()
  }

  /** Creation is part of it. */
  async #graphs(graphs) {
    const queue = await this.#newQueue()
    const tasks = graphs.reduce((sum, graph) => sum + graph.length, 0)
    const work = new TrivialWork()
    const worker = await this.#work(queue, () => work.do())
    const begunAtMs = nowMs()
    await inParallel(graphs.length, 4, (index) => this.#boss.flow(flowOf(queue, graphs[index])))
    const elapsedMs = await this.#untilCompleted(queue, work, tasks, begunAtMs)
    await worker.stop()
    return { tasks, elapsedMs }
  }

  async #newQueue() {
    const name = `queue-${++this.#queues}`
    await this.#boss.createQueue(name, { notify: true })
    return name
  }

  async #insert(queue, count) {
    for (let done = 0; done < count; done += insertBatch) {
      await this.#boss.insert(queue, jobs(Math.min(insertBatch, count - done)))
    }
  }

  async #work(queue, handle) {
    const options = {
      batchSize: 500,
      localConcurrency: 2,
      burstWhenBatchFull: true,
      pollingIntervalSeconds: 0.5,
      notifyPollingIntervalSeconds: 0.5,
      perJobResults: true,
    }
    const id = await this.#boss.work(queue, options, (batch) =>
      batch.map((job) => ({ id: job.id, status: 'completed', output: handle(job.data) })),
    )
    const loop =
      this.#resolveMs === undefined
        ? undefined
        : this.#resolveFlows(this.#resolveMs, () => this.#boss.notifyWorker(id))
    const stop = async () => {
      await loop?.stop()
      await this.#boss.offWork(queue)
    }
    return { stop }
  }

  #resolveFlows(everyMs, onResolved) {
    let isStopped = false
    this.#boss.on('flow', onResolved)
    const running = until(async () => {
      await this.#boss.resolveFlow()
      return isStopped
    }, everyMs)
    const stop = async () => {
      isStopped = true
      await running
      this.#boss.off('flow', onResolved)
    }
    return { stop }
  }

  /** @returns how long it took, to the moment at which the database said so. */
  async #untilCompleted(queue, work, tasks, begunAtMs) {
    await until(() => work.runs >= tasks)
    await until(async () => (await this.#count(queue, 'completed')) >= tasks)
    const elapsedMs = nowMs() - begunAtMs
    expectCount('runs of handlers', work.runs, tasks)
    return elapsedMs
  }

  async #count(queue, state) {
    const sql = 'SELECT count(*)::int AS count FROM pgboss.job WHERE name = $1 AND state = $2'
    return (await this.#database.query(sql, [queue, state])).rows[0].count
  }
}

function jobs(count) {
  return Array.from({ length: count }, (_, index) => ({ data: payload(index) }))
}

function chainOf(queue, steps, dataOf) {
  return Array.from({ length: steps }, (_, step) => ({
    ref: String(step),
    name: queue,
    data: dataOf(step),
    ...(step > 0 && { dependsOn: [String(step - 1)] }),
  }))
}

function flowOf(queue, graph) {
  return graph.map(({ name, needs }, index) => ({
    ref: name,
    name: queue,
    data: payload(index),
    ...(needs.length > 0 && { dependsOn: [...needs] }),
  }))
}
