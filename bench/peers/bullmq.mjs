import { inParallel, nowMs, until } from '../lib/clock.mjs'
import { expectCount } from '../lib/expect.mjs'
import { oneByOne, payload, TrivialWork } from '../lib/trivial-work.mjs'

const insertBatch = 1_000

export const cannot = {
  'W1-single': 'its workers take and finish jobs one by one always: see W1',
  W6: 'a flow is a tree: a job has one parent, so what two jobs need cannot be said',
  W7: 'workers are in process; there is no server that they wait at',
  W8: 'not driven here: the goal compares TunaCorn with itself',
}

export const settings =
  'concurrency 100 (10 for latency), addBulk for many jobs, FlowProducer for graphs. A fan is 1, whose handler adds the flow width → 1, since a tree cannot begin with one job'

/** BullMQ, on whatever its classes and connection are made for. */
export class BullSession {
  #classes
  #connection
  #flows
  #queues = 0
  #opened = []

  /**
   * @param {Record<'Queue' | 'Worker' | 'FlowProducer', any>} classes
   * @param {object} connection
   */
  constructor(classes, connection) {
    this.#classes = classes
    this.#connection = connection
    this.#flows = new classes.FlowProducer({ connection })
    this.#flows.on('error', (error) => console.error(error))
  }

  async flat({ tasks }) {
    const queue = this.#newQueue()
    for (let done = 0; done < tasks; done += insertBatch) {
      await queue.addBulk(jobs(Math.min(insertBatch, tasks - done)))
    }
    const work = new TrivialWork()
    const begunAtMs = nowMs()
    const worker = this.#work(queue, 100, () => work.do())
    const elapsedMs = await untilCompleted(queue, work, tasks, begunAtMs)
    await worker.close()
    return { tasks, elapsedMs }
  }

  async chain({ processes, steps }) {
    const queue = this.#newQueue()
    const chains = Array.from({ length: processes }, (_, chain) =>
      chainOf(queue.name, `chain-${chain}`, steps),
    )
    await this.#flows.addBulk(chains)
    const work = new TrivialWork()
    const begunAtMs = nowMs()
    const worker = this.#work(queue, 100, () => work.do())
    const elapsedMs = await untilCompleted(queue, work, processes * steps, begunAtMs)
    await worker.close()
    return { tasks: processes * steps, elapsedMs }
  }

  async fan({ processes, width }) {
    const queue = this.#newQueue()
    const tasks = processes * (width + 2)
    const work = new TrivialWork()
    const worker = this.#work(queue, 100, async (job) => {
      if (job.name === 'first') await this.#flows.add(fanOf(queue.name, width))
      return work.do()
    })
    await worker.waitUntilReady()
    const begunAtMs = nowMs()
    await queue.addBulk(
      Array.from({ length: processes }, (_, index) => ({ name: 'first', data: payload(index) })),
    )
    const elapsedMs = await untilCompleted(queue, work, tasks, begunAtMs)
    await worker.close()
    return { tasks, elapsedMs }
  }

  async latency({ chains, steps, patienceMs }) {
    const queue = this.#newQueue()
    const work = new TrivialWork()
    const worker = this.#work(queue, 10, ({ data }) => work.doStep(data.chain, data.step))
    await worker.waitUntilReady()
    const done = await oneByOne({ chains, patienceMs }, async (chain) => {
      const expected = work.runs + steps
      await this.#flows.add(chainOf(queue.name, String(chain), steps))
      await until(() => work.runs >= expected, 1)
    })
    await untilCompleted(queue, work, done * steps, nowMs())
    await worker.close()
    return { latenciesMs: work.latenciesMs, chains: done }
  }

  async starts({ starts, atOnce }) {
    const queue = this.#newQueue()
    const begunAtMs = nowMs()
    await inParallel(starts, atOnce, (index) => queue.add('job', payload(index)))
    return started(queue, starts, begunAtMs)
  }

  async startsInBatches({ starts, batch, atOnce }) {
    const queue = this.#newQueue()
    const begunAtMs = nowMs()
    await inParallel(starts / batch, atOnce, () => queue.addBulk(jobs(batch)))
    return started(queue, starts, begunAtMs)
  }

  async close() {
    await Promise.all(this.#opened.map((one) => one.close()))
    await this.#flows.close()
  }

  #newQueue() {
    const queue = new this.#classes.Queue(`queue-${++this.#queues}`, { connection: this.#connection })
    queue.on('error', (error) => console.error(error))
    this.#opened.push(queue)
    return queue
  }

  #work(queue, concurrency, handle) {
    const options = { connection: this.#connection, concurrency }
    const worker = new this.#classes.Worker(queue.name, async (job) => handle(job), options)
    worker.on('error', (error) => console.error(error))
    return worker
  }
}

async function untilCompleted(queue, work, tasks, begunAtMs) {
  await until(() => work.runs >= tasks)
  await until(async () => (await queue.getJobCounts('completed')).completed >= tasks)
  const elapsedMs = nowMs() - begunAtMs
  expectCount('runs of handlers', work.runs, tasks)
  return elapsedMs
}

async function started(queue, starts, begunAtMs) {
  const elapsedMs = nowMs() - begunAtMs
  expectCount('jobs', (await queue.getJobCounts('waiting')).waiting, starts)
  return { tasks: starts, elapsedMs }
}

function jobs(count) {
  return Array.from({ length: count }, (_, index) => ({ name: 'job', data: payload(index) }))
}

/** The last step is the root; each has the one before it as its child. */
function chainOf(queueName, chain, steps) {
  let job
  for (let step = 0; step < steps; step++) {
    job = { name: 'step', queueName, data: { chain, step }, ...(job && { children: [job] }) }
  }
  return job
}

function fanOf(queueName, width) {
  const children = Array.from({ length: width }, (_, index) => ({
    name: 'middle',
    queueName,
    data: payload(index),
  }))
  return { name: 'last', queueName, data: payload(0), children }
}
