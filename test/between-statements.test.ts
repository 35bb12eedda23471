import { deepEqual, equal, ok } from 'node:assert/strict'
import { PostgresStore } from '../packages/postgres/dist/index.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ClaimedTask, HistoryEvent, Process, Task } from '../packages/protocol/dist/index.js'
import { ask } from './support/api.js'
import { isProof } from './support/proof.js'
import { PatientClient } from './support/patient-client.js'
import { StatementProxy, type Cut } from './support/statement-proxy.js'
import { TunaCornServer } from './support/tunacorn-server.js'
import { databaseKinds, emptyDatabase } from './support/world.js'

const isThere = databaseKinds.some((database) => database.kind === 'postgres' && database.isThere)

const allMigrations = 8

const definitions = [
  `
name: undo-order
tasks:
  - name: Refund
    retry: 20
    heartbeat: 300ms
`,
  `
name: order
failureProcess: undo-order
defaults: { retry: { limit: 20, delay: 10ms, factor: 1, jitter: false }, heartbeat: 300ms }
tasks:
  - name: Reserve
  - name: Charge
    needs: [Reserve]
  - name: Ship
    needs: [Charge]
  - name: Tell Customer
    needs: [Ship]
  - name: Watch
    delay: 1h
`,
]

describe.skipIf(!isThere)('a server that is killed between any two statements', () => {
  test.for(['before', 'after'] as const)(
    'loses nothing and does nothing twice: %s each statement of a life with a retry, a pause, a failure and a cleanup',
    { timeout: 240_000 },
    async (cut) => {
      const { proxy, server } = await serverBehindProxy()
      for (const text of definitions) {
        await ask(server.url, 'POST', '/definitions', text, 'application/yaml')
      }
      // `npm test` tries about every fifteenth, other ones before than after.
      let statement = isProof || cut === 'before' ? 1 : 8
      while (await liveAndBeKilled(server, proxy, statement, cut)) statement += isProof ? 1 : 15
      // Fewer would mean that what is counted is not what the server does.
      expect(statement).toBeGreaterThan(20)
    },
  )

  test(
    'finds its tables the next time, wherever the making of them was cut off',
    { timeout: 60_000 },
    async () => {
      let statement = 1
      while (await isCutShort(statement, statement % 2 === 0 ? 'before' : 'after')) statement += 1
      expect(statement).toBeGreaterThan(3)
    },
  )
})

/** Seen from the database, a connection that ends is a server that is killed. */
async function isCutShort(statement: number, cut: Cut): Promise<boolean> {
  const { proxy, url } = await databaseBehindProxy()
  let isCut = false
  void proxy.untilStatement(statement, cut).then(() => (isCut = true))
  const first = await migrate(proxy.urlOf(url)).catch(() => undefined)
  equal(first === undefined, isCut)
  if (!isCut) return false

  const second = await migrate(url)
  ok([0, allMigrations].includes(second.length), `${second.length} migrations were applied`)
  deepEqual(await migrate(url), [])
  return true
}

/** And looks whether it can be used. */
async function migrate(url: string): Promise<readonly string[]> {
  const store = new PostgresStore(url, { maxConnections: 1 })
  try {
    const applied = await store.migrate()
    await store.processList.list({ limit: 1 })
    return applied
  } finally {
    await store.close()
  }
}

async function databaseBehindProxy(): Promise<{ proxy: StatementProxy; url: string }> {
  const database = await emptyDatabase('postgres')
  if (database.kind !== 'postgres') throw new Error('Expected a PostgreSQL, as was asked for')
  const proxy = await StatementProxy.start(database.url)
  onTestFinished(() => proxy.close())
  return { proxy, url: database.url }
}

async function serverBehindProxy(): Promise<{ proxy: StatementProxy; server: TunaCornServer }> {
  const { proxy, url } = await databaseBehindProxy()
  const server = await TunaCornServer.start({ kind: 'postgres', url: proxy.urlOf(url) })
  onTestFinished(() => server.kill())
  return { proxy, server }
}

/** @returns whether the process had so many statements. */
async function liveAndBeKilled(
  server: TunaCornServer,
  proxy: StatementProxy,
  statement: number,
  cut: Cut,
): Promise<boolean> {
  let isKilled = false
  let restarting: Promise<void> | undefined
  const restart = async () => {
    isKilled = true
    await server.kill()
    await server.restart()
  }
  const patient = new PatientClient(server.url, () => restarting)
  void proxy.untilStatement(statement, cut).then(() => (restarting = restart()))

  const name = `order-${cut}-${statement}`
  await new OrderLife(patient, name).live()
  proxy.disarm()
  await restarting
  await patient.ask('GET', '/readyz')
  return isKilled
}

/** One order from its start to its destruction, and everything that may be wrong about it. */
class OrderLife {
  readonly #client: PatientClient
  readonly #name: string
  #id = ''
  #shipped = false

  constructor(client: PatientClient, name: string) {
    this.#client = client
    this.#name = name
  }

  async live(): Promise<void> {
    await this.#start()
    await this.#control('pause')
    await this.#control('resume')
    const failed = await this.#workUntil(this.#id, 'failed')
    const cleanup = failed.failureProcess ?? ''
    await this.#workUntil(cleanup, 'completed')

    this.#shipped = true
    await this.#control('retry')
    await this.#workUntilOnlyWatchIsLeft()
    await this.#judge(cleanup)
    await this.#control('cancel')
    for (const id of [this.#id, cleanup]) await this.#destroy(id)
  }

  async #start(): Promise<void> {
    const body = { definition: 'order', key: this.#name, input: { order: this.#name } }
    const { status, body: started } = await this.#client.ask('POST', '/processes', body, {
      'Idempotency-Key': this.#name,
    })
    equal(status, 201, JSON.stringify(started))
    this.#id = (started as Process).id
  }

  /** Where the answer was lost, a second one may say that it has been done. */
  async #control(verb: 'pause' | 'resume' | 'retry' | 'cancel'): Promise<void> {
    const { status, body } = await this.#client.ask('POST', `/processes/${this.#id}/${verb}`, {})
    if (status !== 200) deepEqual([status, verb], [409, 'retry'], JSON.stringify(body))
  }

  async #workUntil(id: string, state: Process['state']): Promise<Process> {
    for (;;) {
      const { body } = await this.#client.ask('GET', `/processes/${id}`)
      const process = body as Process
      if (process.state === state) return process
      equal(process.state, 'running')
      await this.#work(id)
    }
  }

  async #workUntilOnlyWatchIsLeft(): Promise<void> {
    for (;;) {
      const { body } = await this.#client.ask('GET', `/processes/${this.#id}`)
      const { state, progress } = body as Process
      equal(state, 'running')
      if (progress.finished === 4) return
      await this.#work(this.#id)
    }
  }

  /** Takes what there is, does it, and reports it. */
  async #work(process: string): Promise<void> {
    const claim = { worker: 'test', process, max: 5, wait: '100ms', lease: '300ms' }
    const { body } = await this.#client.ask('POST', '/tasks/claim', claim)
    for (const task of (body as { tasks: ClaimedTask[] }).tasks) {
      const [verb, report] = this.#reportOf(task)
      const { status, body: said } = await this.#client.ask('POST', `/tasks/${task.id}/${verb}`, report)
      // Refused only where the answer was so long in coming that the lease was over.
      if (status !== 200) equal(status, 409, JSON.stringify(said))
    }
  }

  #reportOf({ name, claim, attempt }: ClaimedTask): ['complete' | 'fail', object] {
    if (name === 'Charge' && attempt === 1) return ['fail', { claim, error: { message: 'try again' } }]
    if (name === 'Ship' && !this.#shipped)
      return ['fail', { claim, error: { message: 'lost' }, retry: false }]
    return ['complete', { claim, output: { [name]: 'done' } }]
  }

  async #judge(cleanup: string): Promise<void> {
    const history = await this.#read<{ items: HistoryEvent[] }>(`/processes/${this.#id}/history`)
    deepEqual(
      history.items.map(({ version }) => version),
      history.items.map((_event, place) => place + 1),
    )
    const happened = history.items.map(({ type, name }) => (name === undefined ? type : `${type} ${name}`))
    const once = happened.filter(
      (what) => what !== 'attempt-failed Charge' && !what.startsWith('report-refused'),
    )
    deepEqual(once, [
      'process-started',
      'process-paused',
      'process-resumed',
      'task-completed Reserve',
      'task-completed Charge',
      'task-failed Ship',
      'process-retried',
      'task-completed Ship',
      'task-completed Tell Customer',
    ])
    const tasks = await this.#read<{ items: Task[] }>(`/processes/${this.#id}/tasks`)
    const states = tasks.items.map(({ name, state }) => `${name}: ${state}`)
    deepEqual(states, [
      'Reserve: completed',
      'Charge: completed',
      'Ship: completed',
      'Tell Customer: completed',
      'Watch: scheduled',
    ])
    equal((await this.#read<Process>(`/processes/${cleanup}`)).failureOf, this.#id)
    const cleanups = await this.#read<{ items: Process[] }>('/processes?definition=undo-order')
    deepEqual(
      cleanups.items.map(({ id }) => id),
      [cleanup],
    )
  }

  async #read<T>(path: string): Promise<T> {
    const { status, body } = await this.#client.ask('GET', path)
    equal(status, 200, JSON.stringify(body))
    return body as T
  }

  async #destroy(id: string): Promise<void> {
    const { status } = await this.#client.ask('DELETE', `/processes/${id}`)
    ok(status === 204 || status === 404, `It was answered ${status}`)
    const { status: gone } = await this.#client.ask('GET', `/processes/${id}`)
    equal(gone, 404)
  }
}
