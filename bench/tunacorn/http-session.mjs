import { inParallel, nowMs, sleep } from '../lib/clock.mjs'
import { expectCount } from '../lib/expect.mjs'
import { MemoryWatch } from '../lib/memory.mjs'
import { Requests } from '../lib/requests.mjs'
import { oneByOne } from '../lib/trivial-work.mjs'
import { Backlog } from './backlog.mjs'
import { Crowd } from './crowd.mjs'
import { chainDefinition, fanDefinition, flatDefinition, namesOf, startOf } from './definitions.mjs'
import { Program } from './program.mjs'
import { Server } from './server.mjs'
import { soak } from './soak.mjs'
import { batchedWork, singleWork } from './work.mjs'

const startBatch = 100
const largestPage = 1_000

/** A text that took longer to register was read in a thread, whose memory Node 24 gives back after 8 s. */
const quicklyRegisteredMs = 500
const givenBackMs = 10_000

/** TunaCorn as its users run it: a server process, a worker process, HTTP between them. */
export class HttpSession {
  #server
  #worker
  #requests
  #databaseUrl
  #serial = 0

  constructor(server, databaseUrl) {
    this.#server = server
    this.#worker = new Program('worker-program.mjs', server.url)
    this.#requests = new Requests(server.url)
    this.#databaseUrl = databaseUrl
  }

  /** @param {{ databaseUrl?: string, dataDirectory?: string }} database */
  static async open(database) {
    return new HttpSession(await Server.start(database), database.databaseUrl)
  }

  get requests() {
    return this.#requests
  }

  get databaseUrl() {
    return this.#databaseUrl
  }

  get worker() {
    return this.#worker
  }

  get server() {
    return this.#server
  }

  async flat({ tasks }) {
    return this.#drain(flatDefinition(this.newName('flat')), tasks, batchedWork)
  }

  async flatSingle({ tasks }) {
    return this.#drain(flatDefinition(this.newName('flat')), tasks, singleWork)
  }

  async chain({ processes, steps }) {
    return this.#drain(chainDefinition(this.newName('chain'), steps), processes, batchedWork)
  }

  async fan({ processes, width }) {
    const definition = fanDefinition(this.newName('fan'), width)
    return this.#together(Array.from({ length: processes }, () => definition))
  }

  async corpus({ graphs }) {
    return this.#together(graphs.map(({ tasks }) => ({ name: this.newName('corpus'), tasks })))
  }

  async latency({ chains, steps, patienceMs }) {
    const definition = chainDefinition(this.newName('chain'), steps)
    await this.register(definition)
    await this.#worker.ask({ verb: 'begin', mode: 'worker', concurrency: 10, names: namesOf(definition) })
    await sleep(500)
    const done = await oneByOne({ chains, patienceMs }, async () => {
      const { id } = await this.#requests.post('/processes', startOf(definition, 0))
      const { state } = await this.#requests.get(`/processes/${id}?wait=30s`)
      if (state !== 'completed')
        throw new Error(`Expected process ${id} to be completed, but it is ${state}.`)
    })
    const { runs, latenciesMs } = await this.#worker.ask({ verb: 'finish', tasks: done * steps })
    expectCount('runs of handlers', runs, done * steps)
    return { latenciesMs, chains: done }
  }

  async starts({ starts, atOnce }) {
    const definition = flatDefinition(this.newName('flat'))
    await this.register(definition)
    const begunAtMs = nowMs()
    await inParallel(starts, atOnce, (index) => this.#requests.post('/processes', startOf(definition, index)))
    const elapsedMs = nowMs() - begunAtMs
    expectCount('running processes', await this.#count(definition, 'running'), starts)
    return { tasks: starts, elapsedMs }
  }

  async startsInBatches({ starts, batch, atOnce }) {
    const definition = flatDefinition(this.newName('flat'))
    await this.register(definition)
    const begunAtMs = nowMs()
    await this.#start(definition, starts, batch, atOnce)
    const elapsedMs = nowMs() - begunAtMs
    expectCount('running processes', await this.#count(definition, 'running'), starts)
    return { tasks: starts, elapsedMs }
  }

  async crowd(size) {
    return new Crowd(this).measure(size)
  }

  async backlog(size) {
    return new Backlog(this).measure(size)
  }

  async soak(size) {
    return soak(this, size)
  }

  async close() {
    await this.#worker.end()
    this.#requests.close()
    await this.#server.stop()
  }

  /** @returns a name of its own, so that nothing that ran before is in the way */
  newName(kind) {
    return `${kind}-${++this.#serial}`
  }

  async register(definition) {
    await this.#requests.post('/definitions', definition)
  }

  /** Everything is started, then the worker comes: from its first call to its last answer. */
  async #drain(definition, processes, work) {
    await this.register(definition)
    await this.#start(definition, processes, startBatch, 8)
    const tasks = processes * definition.tasks.length
    await this.#worker.ask({ verb: 'begin', ...work, names: namesOf(definition) })
    const { firstCallAtMs, lastAtMs } = await this.#finish(tasks)
    expectCount('completed processes', await this.#count(definition, 'completed'), processes)
    return { tasks, elapsedMs: lastAtMs - firstCallAtMs }
  }

  /** The worker waits, then everything is started: from the first start to the last answer. */
  async #together(definitions) {
    const kinds = [...new Set(definitions)]
    const memory = new MemoryWatch(this.#server.pid)
    const registeredFromMs = nowMs()
    for (const definition of kinds) await this.register(definition)
    const registerMs = nowMs() - registeredFromMs
    const tasks = definitions.reduce((sum, definition) => sum + definition.tasks.length, 0)
    await this.#worker.ask({ verb: 'begin', ...batchedWork })
    await sleep(registerMs > quicklyRegisteredMs ? givenBackMs : 500)
    const registeredBytes = memory.look()
    const registeringBytes = memory.nextPart()
    const begunAtMs = nowMs()
    await inParallel(definitions.length, 8, (index) =>
      this.#requests.post('/processes', startOf(definitions[index], index)),
    )
    const { lastAtMs } = await this.#finish(tasks)
    const serverMemory = { ...memory.stop(), registeringBytes, registeredBytes }
    for (const kind of kinds) {
      const started = definitions.filter((definition) => definition === kind).length
      expectCount('completed processes', await this.#count(kind, 'completed'), started)
    }
    return { tasks, elapsedMs: lastAtMs - begunAtMs, registerMs, serverMemory }
  }

  async #finish(tasks) {
    const finished = await this.#worker.ask({ verb: 'finish', tasks })
    expectCount('runs of handlers', finished.runs, tasks)
    expectCount('committed results', finished.settled, tasks)
    return finished
  }

  async #start(definition, processes, batch, atOnce) {
    await inParallel(Math.ceil(processes / batch), atOnce, async (number) => {
      const size = Math.min(batch, processes - number * batch)
      const requests = Array.from({ length: size }, (_, index) => startOf(definition, number * batch + index))
      const { items } = await this.#requests.post('/processes/batch', { processes: requests })
      const refused = items.find(({ status }) => status !== 201)
      if (refused !== undefined)
        throw new Error(`Expected all processes to start, but: ${JSON.stringify(refused)}`)
    })
  }

  async #count(definition, state) {
    let count = 0
    let cursor = ''
    do {
      const query = `definition=${definition.name}&state=${state}&limit=${largestPage}`
      const page = await this.#requests.get(`/processes?${query}${cursor && `&cursor=${cursor}`}`)
      count += page.items.length
      cursor = page.nextCursor ?? ''
    } while (cursor !== '')
    return count
  }
}
