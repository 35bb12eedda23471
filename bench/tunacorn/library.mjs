import { inParallel, nowMs, until } from '../lib/clock.mjs'
import { expectCount } from '../lib/expect.mjs'
import { oneByOne, TrivialWork } from '../lib/trivial-work.mjs'
import { chainDefinition, fanDefinition, flatDefinition, namesOf, startOf, stepOf } from './definitions.mjs'

const startBatch = 100
const overHttp = 'measured over HTTP'

/** As many and as large as pgbench's, for the comparison with it. */
const batchedWork = { loops: 8, max: 100 }
const singleWork = { loops: 32, max: 1 }

/** @type {import('../lib/peers.mjs').Peer} */
export const peer = {
  id: 'tunacorn-library',
  title: 'TunaCorn as a library',
  packages: [],
  needs: ['postgres'],
  isOurs: true,
  settings:
    'Engine and PostgresStore in this process, as they come; 8 loops of claimTasks, each reporting and claiming up to 100; one by one: 32 loops, one task each',
  cannot: { W7: overHttp, W8: overHttp },
  async open({ databaseUrl }) {
    const { Engine } = await import('../../packages/core/dist/index.js')
    const { PostgresStore } = await import('../../packages/postgres/dist/index.js')
    const store = new PostgresStore(databaseUrl)
    await store.migrate()
    const { definitionList, processList, taskList } = store
    return new LibrarySession(new Engine({ definitionList, processList, taskList }), store)
  },
}

class LibrarySession {
  #engine
  #store
  #serial = 0

  constructor(engine, store) {
    this.#engine = engine
    this.#store = store
  }

  async flat({ tasks }) {
    return this.#drain(flatDefinition(this.#newName()), tasks, batchedWork)
  }

  async flatSingle({ tasks }) {
    return this.#drain(flatDefinition(this.#newName()), tasks, singleWork)
  }

  async chain({ processes, steps }) {
    return this.#drain(chainDefinition(this.#newName(), steps), processes, batchedWork)
  }

  async fan({ processes, width }) {
    const definition = fanDefinition(this.#newName(), width)
    return this.#together(Array.from({ length: processes }, () => definition))
  }

  async corpus({ graphs }) {
    return this.#together(graphs.map(({ tasks }) => ({ name: this.#newName(), tasks })))
  }

  async latency({ chains, steps, patienceMs }) {
    const definition = chainDefinition(this.#newName(), steps)
    await this.#register(definition)
    const workers = this.#work({ loops: 1, max: 10 }, definition)
    const done = await oneByOne({ chains, patienceMs }, async () => {
      const expected = workers.settled + steps
      await this.#engine.startProcess(startOf(definition, 0))
      await until(() => workers.settled >= expected, 1)
    })
    await workers.finish(done * steps)
    return { latenciesMs: workers.work.latenciesMs, chains: done }
  }

  async starts({ starts, atOnce }) {
    const definition = flatDefinition(this.#newName())
    await this.#register(definition)
    const begunAtMs = nowMs()
    await inParallel(starts, atOnce, (index) => this.#engine.startProcess(startOf(definition, index)))
    const elapsedMs = nowMs() - begunAtMs
    expectCount('running processes', await this.#count(definition, 'running'), starts)
    return { tasks: starts, elapsedMs }
  }

  async startsInBatches({ starts, batch, atOnce }) {
    const definition = flatDefinition(this.#newName())
    await this.#register(definition)
    const begunAtMs = nowMs()
    await this.#start(definition, starts, batch, atOnce)
    const elapsedMs = nowMs() - begunAtMs
    expectCount('running processes', await this.#count(definition, 'running'), starts)
    return { tasks: starts, elapsedMs }
  }

  async close() {
    await this.#engine.close()
    await this.#store.close()
  }

  async #drain(definition, processes, size) {
    await this.#register(definition)
    await this.#start(definition, processes, startBatch, 8)
    const tasks = processes * definition.tasks.length
    const begunAtMs = nowMs()
    const workers = this.#work(size, definition)
    const lastAtMs = await workers.finish(tasks)
    expectCount('completed processes', await this.#count(definition, 'completed'), processes)
    return { tasks, elapsedMs: lastAtMs - begunAtMs }
  }

  async #together(definitions) {
    const kinds = [...new Set(definitions)]
    for (const definition of kinds) await this.#register(definition)
    const tasks = definitions.reduce((sum, definition) => sum + definition.tasks.length, 0)
    const workers = this.#work(batchedWork)
    const begunAtMs = nowMs()
    await inParallel(definitions.length, 8, (index) =>
      this.#engine.startProcess(startOf(definitions[index], index)),
    )
    const lastAtMs = await workers.finish(tasks)
    for (const kind of kinds) {
      const started = definitions.filter((definition) => definition === kind).length
      expectCount('completed processes', await this.#count(kind, 'completed'), started)
    }
    return { tasks, elapsedMs: lastAtMs - begunAtMs }
  }

  /** @param {object} [definition] whose tasks they do; any when absent */
  #work(size, definition) {
    return new LibraryWorkers(this.#engine, { ...size, names: definition && namesOf(definition) })
  }

  async #register(definition) {
    await this.#engine.registerDefinition(JSON.stringify(definition), 'json')
  }

  async #start(definition, processes, batch, atOnce) {
    await inParallel(Math.ceil(processes / batch), atOnce, async (number) => {
      const size = Math.min(batch, processes - number * batch)
      const requests = Array.from({ length: size }, (_, index) => startOf(definition, number * batch + index))
      const refused = (await this.#engine.startProcesses(requests)).find(
        ({ refusal }) => refusal !== undefined,
      )
      if (refused !== undefined)
        throw new Error(`Expected all processes to start, but: ${refused.refusal.code}`)
    })
  }

  async #count(definition, state) {
    let count = 0
    let cursor
    do {
      const page = await this.#engine.listProcesses({
        definition: definition.name,
        state,
        limit: 1_000,
        cursor,
      })
      count += page.items.length
      cursor = page.next
    } while (cursor !== undefined)
    return count
  }

  #newName() {
    return `definition-${++this.#serial}`
  }
}

/** Loops that claim, do and report, all in one call of the engine each time. */
class LibraryWorkers {
  work = new TrivialWork()
  settled = 0
  #engine
  #lastAtMs = nowMs()
  #isStopped = false
  #failure
  #loops

  constructor(engine, { loops, max, names }) {
    this.#engine = engine
    this.#loops = inParallel(loops, loops, () => this.#loop(max, names)).catch((error) => {
      this.#failure = error
    })
  }

  /** @returns when the last result was committed */
  async finish(tasks) {
    await until(() => this.settled >= tasks || this.#failure !== undefined, 2)
    this.#isStopped = true
    await this.#loops
    if (this.#failure !== undefined) throw this.#failure
    expectCount('runs of handlers', this.work.runs, tasks)
    expectCount('committed results', this.settled, tasks)
    return this.#lastAtMs
  }

  async #loop(max, names) {
    let results = []
    while (!this.#isStopped) {
      const answer = await this.#engine.claimTasks({ worker: 'bench', names, max, waitMs: 200, results })
      const refused = answer.results.find(({ refusal }) => refusal !== undefined)
      if (refused !== undefined) {
        throw new Error(
          `Expected the result of ${refused.task} to be committed, but: ${refused.refusal.code}`,
        )
      }
      this.settled += answer.results.length
      if (answer.results.length > 0) this.#lastAtMs = nowMs()
      results = answer.tasks.map((task) => ({ task: task.id, claim: task.claim, output: this.#handle(task) }))
    }
  }

  #handle({ name, process: { id } }) {
    const step = stepOf(name)
    return step === undefined ? this.work.do() : this.work.doStep(id, step)
  }
}
