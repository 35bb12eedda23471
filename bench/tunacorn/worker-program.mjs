// The worker process. `begin` has it work in the background, `finish` waits until so many results are committed,
// `count` says how far it is.
import { TunaCornClient, Worker } from '../../packages/client/dist/index.js'
import { inParallel, nowMs, until } from '../lib/clock.mjs'
import { Requests } from '../lib/requests.mjs'
import { TrivialWork } from '../lib/trivial-work.mjs'
import { stepOf } from './definitions.mjs'
import { obey } from './orders.mjs'

const url = process.argv[2]
let work = new TrivialWork()
let settled
let running

obey({
  async begin({ mode, ...options }) {
    work = new TrivialWork()
    settled = { count: 0, firstCallAtMs: nowMs(), lastAtMs: nowMs(), refusal: undefined }
    running = mode === 'single' ? startSingle(options) : startWorker(options)
    return {}
  },
  async finish({ tasks }) {
    await until(() => settled.count >= tasks || settled.refusal !== undefined, 2)
    await running.stop()
    if (settled.refusal !== undefined) throw new Error(settled.refusal)
    const { firstCallAtMs, lastAtMs, count } = settled
    return { runs: work.runs, settled: count, firstCallAtMs, lastAtMs, latenciesMs: work.latenciesMs }
  },
  async count() {
    return { settled: settled.count }
  },
})

/** One `Worker` of the client, as it comes but for its concurrency. */
function startWorker({ concurrency, names }) {
  const client = new TunaCornClient({ url })
  const watched = {
    claimTasks: async (body, options) => settle(await client.claimTasks(body, options)),
    heartbeatTasks: (...args) => client.heartbeatTasks(...args),
    releaseTask: (...args) => client.releaseTask(...args),
  }
  const handle = (task) => handleTask(task)
  const handlers = names && Object.fromEntries(names.map((name) => [name, handle]))
  const worker = new Worker({
    client: watched,
    concurrency,
    ...(handlers ? { handlers } : { handler: handle }),
  })
  worker.start()
  return { stop: () => worker.stop() }
}

/**
 * The loop that a worker in any language is: one call reports one result and claims one task. So many connections, so
 * many such loops.
 */
function startSingle({ connections, names }) {
  const requests = new Requests(url)
  const state = { isStopped: false }
  const loop = async () => {
    let results = []
    while (!state.isStopped) {
      const request = {
        worker: 'single',
        names,
        max: 1,
        ...(results.length > 0 ? { results } : { wait: '1s' }),
      }
      const { tasks } = settle(await requests.post('/tasks/claim', request))
      results = tasks.map((task) => ({ task: task.id, claim: task.claim, output: handleTask(task) }))
    }
  }
  const loops = inParallel(connections, connections, loop).catch((error) => {
    settled.refusal ??= error.message
  })
  const stop = async () => {
    state.isStopped = true
    await loops
    requests.close()
  }
  return { stop }
}

function handleTask({ name, process: { id } }) {
  const step = stepOf(name)
  return step === undefined ? work.do() : work.doStep(id, step)
}

/** Counts the results that the server has answered for. */
function settle(answer) {
  for (const { task, status, code } of answer.results ?? []) {
    if (status === 200) settled.count++
    else
      settled.refusal ??= `Expected the result of ${task} to be committed, but it was answered ${status} ${code}.`
  }
  if (answer.results !== undefined) settled.lastAtMs = nowMs()
  return answer
}
