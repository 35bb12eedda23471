import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  formatDuration,
  parseDuration,
  type ClaimedTask,
  type ClaimedTasks,
  type ClaimTasks,
  type HeartbeatResults,
  type HeartbeatTasks,
  type ItemStatus,
  type ReleaseTask,
  type TaskResult,
} from '@tunacorn/protocol'
import { answer, problem, textOf } from './json-http.js'

/** What may happen to a request: nothing done and no answer, done and no answer, "not now", or too large. */
export type Fault = 'drop-before' | 'drop-after' | 'not-now' | 'too-large'

export interface FakeTask {
  readonly id: string
  readonly name: string
  state: 'scheduled' | 'claimed' | 'completed' | 'failed'
  attempt: number
  claim: string
  leaseMs: number
  leaseExpiresAt: number
  result?: TaskResult
}

/** A request as it arrived, whatever became of it. */
export interface Arrival {
  readonly path: string
  readonly claim: ClaimTasks | undefined
}

interface Waiter {
  readonly claim: ClaimTasks
  readonly answer: (tasks: ClaimedTask[]) => void
}

const processId = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'

/** As much of a TunaCorn server as a worker sees: one board, in memory, with faults to order. */
export class FakeServer {
  readonly tasks: FakeTask[] = []
  readonly arrivals: Arrival[] = []
  readonly released: string[] = []
  /** How often a failed task is put back onto the board. */
  retries = 0
  /** The longest lease that is given, whatever is asked for. */
  longestLeaseMs = Infinity
  /** Called when a task completes, so that a test can let others follow. */
  onCompleted: (task: FakeTask) => void = () => {}
  /** Refuses the outputs of which it says so. */
  refusesOutput: (output: unknown) => boolean = () => false
  /** What happens to requests for which `failNext` ordered nothing. */
  usualFault: () => Fault | undefined = () => undefined
  readonly #faults: { path: RegExp; fault: Fault }[] = []
  readonly #waiters = new Set<Waiter>()
  readonly #watchers = new Set<() => void>()
  #close: () => Promise<void> = async () => {}
  #port = 0

  static async start(): Promise<FakeServer> {
    const server = new FakeServer()
    await server.comeBack()
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Listens again, on the port it had. */
  async comeBack(): Promise<void> {
    const server = createServer((request, response) => void this.#receive(request, response))
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
    this.#close = async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }

  /** Cuts all connections and refuses new ones. The board stays. */
  async goDown(): Promise<void> {
    this.#waiters.clear()
    const close = this.#close
    this.#close = async () => {}
    await close()
  }

  addTasks(name: string, count = 1): FakeTask[] {
    const added = Array.from({ length: count }, (_, index) => this.#newTask(name, this.tasks.length + index))
    this.tasks.push(...added)
    this.#handOut()
    return added
  }

  addTask(name: string): FakeTask {
    const [task] = this.addTasks(name)
    if (task === undefined) throw new Error('Expected a task')
    return task
  }

  /** The next request whose path matches has this happen to it. */
  failNext(path: RegExp, fault: Fault): void {
    this.#faults.push({ path, fault })
  }

  /** As if the lease had run out and another worker had taken the task. */
  takeAway(task: FakeTask): void {
    task.attempt++
    task.claim = claimOf(task.attempt)
    task.leaseExpiresAt = Infinity
  }

  /** Resolves when the condition holds; it is looked at after each request. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve))
    }
  }

  /** Claim calls, those that may wait for work apart. */
  get polls(): ClaimTasks[] {
    return this.#claims().filter((claim) => claim.wait !== undefined)
  }

  get reports(): ClaimTasks[] {
    return this.#claims().filter((claim) => claim.results !== undefined)
  }

  get heartbeats(): number {
    return this.arrivals.filter(({ path }) => path === '/tasks/heartbeat').length
  }

  get isPolled(): boolean {
    return this.#waiters.size > 0
  }

  inState(state: FakeTask['state']): FakeTask[] {
    return this.tasks.filter((task) => task.state === state)
  }

  #claims(): ClaimTasks[] {
    return this.arrivals.flatMap(({ claim }) => (claim === undefined ? [] : [claim]))
  }

  #newTask(name: string, index: number): FakeTask {
    const id = `${processId}.${index}`
    return { id, name, state: 'scheduled', attempt: 0, claim: '', leaseMs: 0, leaseExpiresAt: 0 }
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    const body: unknown = JSON.parse(await textOf(request))
    // The client's types hold its requests to the API.
    this.arrivals.push({ path, claim: path === '/tasks/claim' ? (body as ClaimTasks) : undefined })
    this.#answer(path, body, response)
    for (const resolve of this.#watchers) resolve()
    this.#watchers.clear()
  }

  // The client's types hold its requests to the API.
  #answer(path: string, body: unknown, response: ServerResponse): void {
    const index = this.#faults.findIndex((candidate) => candidate.path.test(path))
    const fault = index === -1 ? this.usualFault() : this.#faults.splice(index, 1)[0]?.fault
    if (fault === 'drop-before') return void response.destroy()
    if (fault === 'not-now') return problem(response, 503, 'unavailable')
    if (fault === 'too-large') return problem(response, 413, 'too-large')
    if (path === '/tasks/claim') return this.#claim(body as ClaimTasks, response, fault)
    if (path === '/tasks/heartbeat') return answer(response, this.#heartbeat(body as HeartbeatTasks))
    if (path.endsWith('/release')) return this.#release(path, body as ReleaseTask, response)
    return problem(response, 404, 'not-found')
  }

  #claim(claim: ClaimTasks, response: ServerResponse, fault: Fault | undefined): void {
    const results = claim.results?.map((result) => this.#report(result))
    const send = (tasks: ClaimedTask[]) => {
      if (fault === 'drop-after') response.destroy()
      else answer(response, { tasks, ...(results !== undefined && { results }) } satisfies ClaimedTasks)
    }
    const tasks = this.#take(claim)
    if (tasks.length > 0 || results !== undefined || claim.wait === undefined) send(tasks)
    else this.#wait(claim, response, send)
  }

  #wait(claim: ClaimTasks, response: ServerResponse, send: (tasks: ClaimedTask[]) => void): void {
    const end = (tasks: ClaimedTask[]) => {
      clearTimeout(timer)
      this.#waiters.delete(waiter)
      if (!response.destroyed) send(tasks)
    }
    const waiter: Waiter = { claim, answer: end }
    const timer = setTimeout(() => end([]), parseDuration(claim.wait ?? '') ?? 0)
    timer.unref()
    this.#waiters.add(waiter)
    response.on('close', () => this.#waiters.delete(waiter))
  }

  #handOut(): void {
    for (const waiter of this.#waiters) {
      const tasks = this.#take(waiter.claim)
      if (tasks.length > 0) waiter.answer(tasks)
    }
  }

  #take({ names, max, lease }: ClaimTasks): ClaimedTask[] {
    const leaseMs = Math.min(this.longestLeaseMs, parseDuration(lease ?? '30s') ?? 0)
    const now = Date.now()
    return this.tasks
      .filter((task) => task.state === 'scheduled' || (task.state === 'claimed' && task.leaseExpiresAt < now))
      .filter((task) => names === undefined || names.includes(task.name))
      .slice(0, max)
      .map((task) => {
        task.attempt++
        Object.assign(task, {
          state: 'claimed',
          claim: claimOf(task.attempt),
          leaseMs,
          leaseExpiresAt: now + leaseMs,
        })
        return shown(task)
      })
  }

  #report(result: TaskResult): ItemStatus {
    const task = this.tasks.find(({ id }) => id === result.task)
    if (task === undefined || task.claim !== result.claim) return refusal(result.task, 409, 'claim-lost')
    // The same report again gets the same answer.
    if (task.state === 'completed' || task.state === 'failed') return { task: task.id, status: 200 }
    if (this.refusesOutput(result.output)) return refusal(result.task, 422, 'payload-refused')
    task.result = result
    if ('error' in result && task.attempt <= this.retries) return this.#putBack(task)
    task.state = 'error' in result ? 'failed' : 'completed'
    if (task.state === 'completed') this.onCompleted(task)
    return { task: task.id, status: 200 }
  }

  #putBack(task: FakeTask): ItemStatus {
    task.state = 'scheduled'
    setImmediate(() => this.#handOut())
    return { task: task.id, status: 200 }
  }

  #heartbeat({ tasks }: HeartbeatTasks): HeartbeatResults {
    return {
      tasks: tasks.map(({ task: id, claim }) => {
        const task = this.tasks.find((candidate) => candidate.id === id)
        if (task?.claim !== claim || task.state !== 'claimed') return refusal(id, 409, 'claim-lost')
        task.leaseExpiresAt = Date.now() + task.leaseMs
        return { task: id, status: 200, leaseExpiresAt: new Date(task.leaseExpiresAt).toISOString() }
      }),
    }
  }

  #release(path: string, { claim }: ReleaseTask, response: ServerResponse): void {
    const task = this.tasks.find(({ id }) => path === `/tasks/${id}/release`)
    if (task?.claim !== claim || task.state !== 'claimed') return problem(response, 409, 'claim-lost')
    this.released.push(task.id)
    task.state = 'scheduled'
    response.writeHead(204).end()
  }
}

function claimOf(attempt: number): string {
  return `${attempt}.${crypto.randomUUID().replaceAll('-', '').slice(0, 22)}`
}

function shown({ id, name, attempt, claim, leaseMs, leaseExpiresAt }: FakeTask): ClaimedTask {
  const process = {
    id: processId,
    definition: 'any',
    definitionVersion: 1,
    startedAt: new Date(0).toISOString(),
  }
  return {
    id,
    name,
    attempt,
    claim,
    leaseExpiresAt: new Date(leaseExpiresAt).toISOString(),
    lease: formatDuration(leaseMs),
    process,
    needs: {},
  }
}

function refusal(task: string, status: number, code: string): ItemStatus {
  return { task, status, code }
}
