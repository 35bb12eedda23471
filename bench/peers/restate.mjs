import http2 from 'node:http2'
import { inParallel, nowMs, until } from '../lib/clock.mjs'
import { levelsOf } from '../lib/corpus.mjs'
import { expectCount } from '../lib/expect.mjs'
import { Requests } from '../lib/requests.mjs'
import { oneByOne, payload, TrivialWork } from '../lib/trivial-work.mjs'

/** @type {import('../lib/peers.mjs').Peer} */
export const peer = {
  id: 'restate',
  title: 'Restate',
  packages: ['@restatedev/restate-sdk', '@restatedev/restate-server-linux-x64'],
  needs: ['restate'],
  settings:
    'its server as it comes; handlers in this process over HTTP/2; a task is a ctx.run, in a fan and in graphs (level by level) a call of another handler. It hands work out as it comes, so W1 and W2 include the sending (32 at a time), and W5 the running of what was started',
  cannot: {
    'W1-single': 'it hands work out itself, one by one: see W1',
    'W5-batch': 'takes invocations one by one: there is no call for many',
    W7: 'it calls its workers; they do not wait at it',
    W8: 'it calls its workers; nobody claims',
  },
  async open({ restate: { ingress, admin } }) {
    const restate = await import('@restatedev/restate-sdk')
    const session = new RestateSession(restate, { ingress, admin })
    await session.register()
    return session
  },
}

class RestateSession {
  #restate
  #ingress
  #admin
  #server
  #work = new TrivialWork()
  #ended = 0

  constructor(restate, { ingress, admin }) {
    this.#restate = restate
    this.#ingress = new Requests(ingress)
    this.#admin = new Requests(admin)
  }

  async register() {
    const { endpoint, RestatePromise, service } = this.#restate
    const end = (answer) => {
      this.#ended++
      return answer
    }
    const workflows = service({
      name: 'bench',
      handlers: {
        one: async (context) => end(await context.run('task', async () => this.#work.do())),
        task: async () => this.#work.do(),
        chain: async (context, { chain, steps }) => {
          for (let index = 0; index < steps; index++) {
            await context.run(`step-${index}`, async () => this.#work.doStep(chain, index))
          }
          return end({ ok: true })
        },
        graph: async (context, { levels }) => {
          for (const level of levels) {
            await RestatePromise.all(level.map((name) => context.serviceClient(workflows).task({ name })))
          }
          return end({ ok: true })
        },
      },
    })
    const listener = endpoint()
      .setLogger(() => {})
      .bind(workflows)
    this.#server = http2.createServer(listener.http2Handler())
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const uri = `http://127.0.0.1:${this.#server.address().port}`
    await this.#admin.post('/deployments', { uri, force: true })
  }

  async flat({ tasks }) {
    return this.#run('one', tasks, tasks, payload)
  }

  async chain({ processes, steps }) {
    return this.#run('chain', processes, processes * steps, (index) => ({ chain: `chain-${index}`, steps }))
  }

  async fan({ processes, width }) {
    const middle = Array.from({ length: width }, (_, index) => `middle-${index}`)
    const levels = [['first'], middle, ['last']]
    return this.#run('graph', processes, processes * (width + 2), () => ({ levels }))
  }

  async corpus({ graphs }) {
    const tasks = graphs.flatMap((graph) => graph.tasks).length
    return this.#run('graph', graphs.length, tasks, (index) => ({ levels: levelsOf(graphs[index].tasks) }))
  }

  async latency({ chains, steps, patienceMs }) {
    this.#begin()
    const done = await oneByOne({ chains, patienceMs }, (chain) =>
      this.#ingress.post('/bench/chain', { chain: `latency-${chain}`, steps }),
    )
    expectCount('runs of handlers', this.#work.runs, done * steps)
    return { latenciesMs: this.#work.latenciesMs, chains: done }
  }

  async starts({ starts, atOnce }) {
    this.#begin()
    const begunAtMs = nowMs()
    await inParallel(starts, atOnce, (index) => this.#ingress.post('/bench/one/send', payload(index)))
    const elapsedMs = nowMs() - begunAtMs
    await until(() => this.#ended >= starts)
    expectCount('runs of handlers', this.#work.runs, starts)
    return { tasks: starts, elapsedMs }
  }

  async close() {
    this.#ingress.close()
    this.#admin.close()
    this.#server.close()
  }

  #begin() {
    this.#work = new TrivialWork()
    this.#ended = 0
  }

  async #run(handler, count, tasks, inputOf) {
    this.#begin()
    const begunAtMs = nowMs()
    await inParallel(count, 32, (index) => this.#ingress.post(`/bench/${handler}/send`, inputOf(index)))
    await until(() => this.#ended >= count)
    const elapsedMs = nowMs() - begunAtMs
    expectCount('runs of handlers', this.#work.runs, tasks)
    expectCount('handlers at their end', this.#ended, count)
    return { tasks, elapsedMs }
  }
}
