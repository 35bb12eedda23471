import { inParallel, nowMs, sleep, until } from '../lib/clock.mjs'
import { levelsOf } from '../lib/corpus.mjs'
import { CannotExpress, expectCount } from '../lib/expect.mjs'
import { oneByOne, payload, TrivialWork } from '../lib/trivial-work.mjs'

const tooManySteps = 'a run has at most 1,000 steps'

/** @type {import('../lib/peers.mjs').Peer} */
export const peer = {
  id: 'openworkflow',
  title: 'openworkflow',
  packages: ['openworkflow', 'postgres'],
  needs: ['postgres'],
  settings:
    'a task is a step of a workflow; worker with concurrency 50; a fan is Promise.all over steps, a graph the same level by level',
  cannot: {
    'W1-single': 'its worker claims runs one by one always: see W1',
    W3b: tooManySteps,
    W3c: tooManySteps,
    W3d: tooManySteps,
    'W5-batch': 'starts runs one by one: there is no call for many',
    W7: 'workers are in process; there is no server that they wait at',
    W8: 'not driven here: the goal compares TunaCorn with itself',
  },
  async open({ databaseUrl }) {
    const { OpenWorkflow } = await import('openworkflow')
    const { BackendPostgres } = await import('openworkflow/postgres')
    const { default: pg } = await import('pg')
    const backend = await BackendPostgres.connect(databaseUrl)
    const database = new pg.Pool({ connectionString: databaseUrl, max: 2 })
    return new OpenWorkflowSession(new OpenWorkflow({ backend }), backend, database)
  },
}

class OpenWorkflowSession {
  #client
  #backend
  #database
  #workflows
  #work = new TrivialWork()

  constructor(client, backend, database) {
    this.#client = client
    this.#backend = backend
    this.#database = database
    const one = client.defineWorkflow({ name: 'one' }, ({ step }) =>
      step.run({ name: 'task' }, async () => this.#work.do()),
    )
    const chain = client.defineWorkflow({ name: 'chain' }, async ({ input, step }) => {
      for (let index = 0; index < input.steps; index++) {
        await step.run({ name: `step-${index}` }, async () => this.#work.doStep(input.chain, index))
      }
      return { ok: true }
    })
    const graph = client.defineWorkflow({ name: 'graph' }, async ({ input, step }) => {
      for (const level of input.levels) {
        await Promise.all(level.map((name) => step.run({ name }, async () => this.#work.do())))
      }
      return { ok: true }
    })
    this.#workflows = { one, chain, graph }
  }

  async flat({ tasks }) {
    return this.#drain('one', tasks, tasks, payload)
  }

  async chain({ processes, steps }) {
    return this.#drain('chain', processes, processes * steps, (index) => ({ chain: `chain-${index}`, steps }))
  }

  async fan({ processes, width }) {
    const middle = Array.from({ length: width }, (_, index) => `middle-${index}`)
    return this.#graphs(Array.from({ length: processes }, () => [['first'], middle, ['last']]))
  }

  async corpus({ graphs }) {
    const largest = Math.max(...graphs.map(({ tasks }) => tasks.length))
    if (largest > 1_000) throw new CannotExpress(`${tooManySteps}, and a graph has ${largest} tasks`)
    return this.#graphs(graphs.map(({ tasks }) => levelsOf(tasks)))
  }

  async latency({ chains, steps, patienceMs }) {
    this.#work = new TrivialWork()
    const worker = await this.#startWorker()
    await sleep(1_000)
    const done = await oneByOne({ chains, patienceMs }, async (chain) => {
      const expected = this.#work.runs + steps
      await this.#workflows.chain.run({ chain: `latency-${chain}`, steps })
      await until(() => this.#work.runs >= expected, 1)
    })
    await worker.stop()
    expectCount('runs of handlers', this.#work.runs, done * steps)
    return { latenciesMs: this.#work.latenciesMs, chains: done }
  }

  async starts({ starts, atOnce }) {
    const before = await this.#count('pending')
    const begunAtMs = nowMs()
    await inParallel(starts, atOnce, (index) => this.#workflows.one.run(payload(index)))
    const elapsedMs = nowMs() - begunAtMs
    expectCount('runs', (await this.#count('pending')) - before, starts)
    return { tasks: starts, elapsedMs }
  }

  async close() {
    await this.#backend.stop()
    await this.#database.end()
  }

  async #drain(workflow, count, tasks, inputOf) {
    await inParallel(count, 8, (index) => this.#workflows[workflow].run(inputOf(index)))
    const before = await this.#count('completed')
    this.#work = new TrivialWork()
    const begunAtMs = nowMs()
    const worker = await this.#startWorker()
    const elapsedMs = await this.#untilDone(before + count, tasks, begunAtMs)
    await worker.stop()
    return { tasks, elapsedMs }
  }

  /** Creation is part of it. */
  async #graphs(graphs) {
    const tasks = graphs.flat(2).length
    const before = await this.#count('completed')
    this.#work = new TrivialWork()
    const worker = await this.#startWorker()
    const begunAtMs = nowMs()
    await inParallel(graphs.length, 8, (index) => this.#workflows.graph.run({ levels: graphs[index] }))
    const elapsedMs = await this.#untilDone(before + graphs.length, tasks, begunAtMs)
    await worker.stop()
    return { tasks, elapsedMs }
  }

  async #startWorker() {
    const worker = this.#client.newWorker({ concurrency: 50 })
    await worker.start()
    return worker
  }

  async #untilDone(completed, tasks, begunAtMs) {
    await until(async () => {
      if ((await this.#count('failed')) > 0)
        throw new Error('Expected all runs to be completed, but some failed.')
      return (await this.#count('completed')) >= completed
    }, 20)
    const elapsedMs = nowMs() - begunAtMs
    expectCount('runs of handlers', this.#work.runs, tasks)
    return elapsedMs
  }

  async #count(status) {
    const sql = 'SELECT count(*)::int AS count FROM openworkflow.workflow_runs WHERE status = ANY ($1)'
    // What a completed run is called has changed between versions.
    const statuses = status === 'completed' ? ['completed', 'succeeded'] : [status]
    return (await this.#database.query(sql, [statuses])).rows[0].count
  }
}
