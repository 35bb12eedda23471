import { inParallel, nowMs, until } from '../lib/clock.mjs'
import { expectCount } from '../lib/expect.mjs'
import { oneByOne, payload, TrivialWork } from '../lib/trivial-work.mjs'

const insertBatch = 1_000
const noGraphs = 'it has jobs, but no dependencies between them'

/** Many jobs fetched and completed together, as its page on performance has it. */
const batched = {
  concurrentJobs: 24,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
}
const single = { concurrentJobs: 10 }

/** @type {import('../lib/peers.mjs').Peer} */
export const peer = {
  id: 'graphile-worker',
  title: 'graphile-worker',
  packages: ['graphile-worker'],
  needs: ['postgres'],
  settings:
    'maxPoolSize 25, prepared statements; batched: concurrentJobs 24, localQueue of 500, completeJobBatchDelay 0; one by one: concurrentJobs 10 and no local queue. A chain is made by hand: each handler adds the next job, in a transaction of its own',
  cannot: {
    W3: noGraphs,
    W3b: noGraphs,
    W3c: noGraphs,
    W3d: noGraphs,
    W6: noGraphs,
    W7: 'workers are in process; there is no server that they wait at',
    W8: 'not driven here: the goal compares TunaCorn with itself',
  },
  async open({ databaseUrl }) {
    const { Logger, makeWorkerUtils, run } = await import('graphile-worker')
    const { default: pg } = await import('pg')
    const logger = new Logger(() => (level, message) => {
      if (level === 'error') console.error(message)
    })
    const utils = await makeWorkerUtils({ connectionString: databaseUrl, logger })
    await utils.migrate()
    const database = new pg.Pool({ connectionString: databaseUrl, max: 2 })
    const worker = {
      connectionString: databaseUrl,
      maxPoolSize: 25,
      pollInterval: 2_000,
      preparedStatements: true,
    }
    const start = (options, taskList) =>
      run({ preset: { worker: { ...worker, logger, ...options } }, taskList })
    return new GraphileSession(utils, database, start)
  },
}

class GraphileSession {
  #utils
  #database
  #start

  constructor(utils, database, start) {
    this.#utils = utils
    this.#database = database
    this.#start = start
  }

  async flat({ tasks }) {
    return this.#drain(tasks, batched)
  }

  async flatSingle({ tasks }) {
    return this.#drain(tasks, single)
  }

  async chain({ processes, steps }) {
    await this.#add(processes, (chain) => ({ identifier: 'step', payload: { chain, step: 0, steps } }))
    const work = new TrivialWork()
    const begunAtMs = nowMs()
    const runner = await this.#start(batched, { step: nextStep((chain, step) => work.doStep(chain, step)) })
    const elapsedMs = await this.#untilDone(work, processes * steps, begunAtMs)
    await runner.stop()
    return { tasks: processes * steps, elapsedMs }
  }

  async latency({ chains, steps, patienceMs }) {
    const work = new TrivialWork()
    // The local queue would only make an idle system slower to begin.
    const runner = await this.#start(single, { step: nextStep((chain, step) => work.doStep(chain, step)) })
    const done = await oneByOne({ chains, patienceMs }, async (chain) => {
      const expected = work.runs + steps
      await this.#utils.addJob('step', { chain, step: 0, steps })
      await until(() => work.runs >= expected, 1)
    })
    await this.#untilDone(work, done * steps, nowMs())
    await runner.stop()
    return { latenciesMs: work.latenciesMs, chains: done }
  }

  async starts({ starts, atOnce }) {
    const begunAtMs = nowMs()
    await inParallel(starts, atOnce, (index) => this.#utils.addJob('start', payload(index)))
    return this.#started(starts, begunAtMs)
  }

  async startsInBatches({ starts, batch, atOnce }) {
    const begunAtMs = nowMs()
    const jobs = Array.from({ length: batch }, (_, index) => ({
      identifier: 'start',
      payload: payload(index),
    }))
    await inParallel(starts / batch, atOnce, () => this.#utils.addJobs(jobs))
    return this.#started(starts, begunAtMs)
  }

  async close() {
    await this.#utils.release()
    await this.#database.end()
  }

  async #drain(tasks, options) {
    await this.#add(tasks, (index) => ({ identifier: 'task', payload: payload(index) }))
    const work = new TrivialWork()
    const begunAtMs = nowMs()
    const runner = await this.#start(options, { task: async () => void work.do() })
    const elapsedMs = await this.#untilDone(work, tasks, begunAtMs)
    await runner.stop()
    return { tasks, elapsedMs }
  }

  async #add(count, jobOf) {
    for (let done = 0; done < count; done += insertBatch) {
      const size = Math.min(insertBatch, count - done)
      await this.#utils.addJobs(Array.from({ length: size }, (_, index) => jobOf(done + index)))
    }
  }

  /** A job that is done is gone. */
  async #untilDone(work, tasks, begunAtMs) {
    await until(() => work.runs >= tasks)
    await until(async () => (await this.#jobsLeft()) === 0)
    const elapsedMs = nowMs() - begunAtMs
    expectCount('runs of handlers', work.runs, tasks)
    return elapsedMs
  }

  async #started(starts, begunAtMs) {
    const elapsedMs = nowMs() - begunAtMs
    expectCount('jobs', await this.#jobsLeft(), starts)
    await this.#database.query('DELETE FROM graphile_worker._private_jobs')
    return { tasks: starts, elapsedMs }
  }

  async #jobsLeft() {
    const sql = 'SELECT count(*)::int AS count FROM graphile_worker._private_jobs'
    return (await this.#database.query(sql)).rows[0].count
  }
}

function nextStep(doStep) {
  return async ({ chain, step, steps }, helpers) => {
    doStep(chain, step)
    if (step + 1 < steps) await helpers.addJob('step', { chain, step: step + 1, steps })
  }
}
