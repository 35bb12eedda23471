import { inParallel, nowMs, sleep, until } from '../lib/clock.mjs'
import { levelsOf } from '../lib/corpus.mjs'
import { expectCount } from '../lib/expect.mjs'
import { oneByOne, payload, TrivialWork } from '../lib/trivial-work.mjs'

const applicationVersion = '1'

/** @type {import('../lib/peers.mjs').Peer} */
export const peer = {
  id: 'dbos',
  title: 'DBOS',
  packages: ['@dbos-inc/dbos-sdk'],
  needs: ['postgres'],
  settings:
    'a task is a step of a workflow; a pool of 20 connections; queues with workerConcurrency 200 (chains: 50) that look every 10 ms; a fan is Promise.all over steps, a graph the same level by level',
  cannot: {
    'W1-single': 'its queue starts workflows one by one always: see W1',
    'W5-batch': 'enqueues one by one: there is no call for many',
    W7: 'executors are in process; there is no server that they wait at',
    W8: 'not driven here: the goal compares TunaCorn with itself',
  },
  async open({ databaseUrl }) {
    const { DBOS, DBOSClient } = await import('@dbos-inc/dbos-sdk')
    const { default: pg } = await import('pg')
    const logger = { info() {}, debug() {}, warn() {}, error: (...parts) => console.error(...parts) }
    DBOS.setConfig({
      name: 'bench',
      systemDatabaseUrl: databaseUrl,
      systemDatabasePoolSize: 20,
      logger,
      applicationVersion,
      executorID: 'bench',
    })
    const session = new DbosSession(DBOS, new pg.Pool({ connectionString: databaseUrl, max: 2 }))
    await DBOS.launch()
    session.client = await DBOSClient.create({ systemDatabaseUrl: databaseUrl, logger })
    return session
  },
}

class DbosSession {
  client
  #dbos
  #database
  #work = new TrivialWork()
  #queues = 0

  constructor(dbos, database) {
    this.#dbos = dbos
    this.#database = database
    const step = (name) => dbos.runStep(async () => this.#work.do(), { name })
    dbos.registerWorkflow(async () => step('task'), { name: 'one' })
    dbos.registerWorkflow(
      async (chain, steps) => {
        for (let index = 0; index < steps; index++) {
          await dbos.runStep(async () => this.#work.doStep(chain, index), { name: `step-${index}` })
        }
        return { ok: true }
      },
      { name: 'chain' },
    )
    dbos.registerWorkflow(
      async (levels) => {
        for (const level of levels) await Promise.all(level.map(step))
        return { ok: true }
      },
      { name: 'graph' },
    )
  }

  async flat({ tasks }) {
    return this.#drain({
      workflow: 'one',
      count: tasks,
      tasks,
      workerConcurrency: 200,
      argsOf: (index) => [payload(index)],
    })
  }

  async chain({ processes, steps }) {
    const argsOf = (index) => [`chain-${index}`, steps]
    const tasks = processes * steps
    return this.#drain({ workflow: 'chain', count: processes, tasks, workerConcurrency: 50, argsOf })
  }

  async fan({ processes, width }) {
    const middle = Array.from({ length: width }, (_, index) => `middle-${index}`)
    return this.#graphs(Array.from({ length: processes }, () => [['first'], middle, ['last']]))
  }

  async corpus({ graphs }) {
    return this.#graphs(graphs.map(({ tasks }) => levelsOf(tasks)))
  }

  async latency({ chains, steps, patienceMs }) {
    const queue = await this.#readyQueue(50)
    this.#work = new TrivialWork()
    const done = await oneByOne({ chains, patienceMs }, async (chain) => {
      const handle = await this.#enqueue('chain', queue, [`latency-${chain}`, steps])
      await handle.getResult()
    })
    expectCount('runs of handlers', this.#work.runs, done * steps)
    return { latenciesMs: this.#work.latenciesMs, chains: done }
  }

  async starts({ starts, atOnce }) {
    // Nobody takes from it.
    const queue = this.#newQueueName()
    const begunAtMs = nowMs()
    await inParallel(starts, atOnce, (index) => this.#enqueue('one', queue, [payload(index)]))
    const elapsedMs = nowMs() - begunAtMs
    expectCount('workflows', await this.#count(queue, 'ENQUEUED'), starts)
    return { tasks: starts, elapsedMs }
  }

  async close() {
    await this.client.destroy()
    await Promise.race([this.#dbos.shutdown(), sleep(3_000)])
    await this.#database.end()
  }

  /** All wait in a queue that only now is listened to. */
  async #drain({ workflow, count, tasks, workerConcurrency, argsOf }) {
    const queue = this.#newQueueName()
    await inParallel(count, 8, (index) => this.#enqueue(workflow, queue, argsOf(index)))
    this.#work = new TrivialWork()
    const begunAtMs = nowMs()
    await this.#dbos.registerQueue(queue, { workerConcurrency, minPollingIntervalMs: 10 })
    return this.#untilDone(queue, count, tasks, begunAtMs)
  }

  /** Creation is part of it. */
  async #graphs(graphs) {
    const queue = await this.#readyQueue(200)
    const tasks = graphs.flat(2).length
    this.#work = new TrivialWork()
    const begunAtMs = nowMs()
    await inParallel(graphs.length, 8, (index) => this.#enqueue('graph', queue, [graphs[index]]))
    return this.#untilDone(queue, graphs.length, tasks, begunAtMs)
  }

  async #untilDone(queue, count, tasks, begunAtMs) {
    await until(() => this.#work.runs >= tasks)
    await until(async () => (await this.#count(queue, 'SUCCESS')) >= count)
    const elapsedMs = nowMs() - begunAtMs
    expectCount('runs of handlers', this.#work.runs, tasks)
    return { tasks, elapsedMs }
  }

  #enqueue(workflowName, queueName, args) {
    return this.client.enqueue({ workflowName, queueName, appVersion: applicationVersion }, ...args)
  }

  #newQueueName() {
    return `queue-${++this.#queues}`
  }

  /** One whose listener has had the time to start. */
  async #readyQueue(workerConcurrency) {
    const queue = this.#newQueueName()
    await this.#dbos.registerQueue(queue, { workerConcurrency, minPollingIntervalMs: 10 })
    await sleep(1_500)
    return queue
  }

  async #count(queue, status) {
    const sql =
      'SELECT count(*)::int AS count FROM dbos.workflow_status WHERE queue_name = $1 AND status = $2'
    return (await this.#database.query(sql, [queue, status])).rows[0].count
  }
}
