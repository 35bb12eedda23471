import { beforeEach, describe, expect, test } from 'vitest'
import { Engine, TunaCornError } from '../../packages/core/dist/index.js'
import { PostgresStore } from '../../packages/postgres/dist/index.js'
import { freshDatabase, postgresUrl } from '../../packages/postgres/test/support/databases.js'
import { LossyProxy } from '../support/storm/lossy-proxy.js'

const statementLimitMs = 300
const connections = 8
const definition = 'name: work\ntasks: [{ name: a }, { name: b }, { name: c }]'

describe.skipIf(postgresUrl() === undefined)('connections to the database that hang', () => {
  let engine: Engine
  let store: PostgresStore
  let proxy: LossyProxy

  beforeEach(async () => {
    const { url, drop } = await freshDatabase(postgresUrl() ?? '')
    proxy = await LossyProxy.start(url)
    store = new PostgresStore(proxy.urlOf(url), { statementLimitMs, maxConnections: connections })
    await store.migrate()
    engine = new Engine({ ...store, timekeeping: false })
    await engine.registerDefinition(definition)
    return async () => {
      proxy.flow()
      await engine.close()
      await store.close()
      await proxy.close()
      await drop()
    }
  })

  async function heldTasks() {
    await engine.startProcess({ definition: 'work' })
    const { tasks } = await engine.claimTasks({ worker: 'w', max: 2 })
    // All connections are open and idle.
    await Promise.all(Array.from({ length: connections }, () => engine.listProcesses()))
    return tasks as [(typeof tasks)[0], (typeof tasks)[0]]
  }

  const codeOf = (asked: Promise<unknown>) =>
    asked.then(
      () => 'done',
      (error: unknown) => (error instanceof TunaCornError ? error.code : error),
    )

  /** Until it is done; each connection that is still thought to work may fail once. */
  async function triesOf(ask: () => Promise<unknown>): Promise<unknown[]> {
    const outcomes: unknown[] = []
    while (outcomes.length <= connections && outcomes.at(-1) !== 'done') outcomes.push(await codeOf(ask()))
    return outcomes
  }

  test('are not waited for: whoever asks, alone or together with others, is told that it cannot be done for now', async () => {
    const [one, other] = await heldTasks()
    proxy.stall()
    const outcomes = await Promise.all([
      ...Array.from({ length: 20 }, () => codeOf(engine.claimTasks({ worker: 'w', waitMs: 60_000 }))),
      codeOf(engine.completeTask(one.id, one.claim)),
      codeOf(engine.failTask(other.id, other.claim, 'as asked')),
      codeOf(engine.heartbeatTask(other.id, other.claim)),
      codeOf(engine.startProcess({ definition: 'work' })),
      codeOf(engine.startProcess({ definition: 'work' }, { idempotencyKey: 'k' })),
    ])
    expect(new Set(outcomes)).toEqual(new Set(['unavailable']))
    proxy.flow()
    expect((await triesOf(() => engine.completeTask(one.id, one.claim))).at(-1)).toBe('done')
  })

  test('are replaced by others that work', async () => {
    const [one] = await heldTasks()
    proxy.stallOpen()
    // Each that is still thought to work is tried once, and given up.
    const outcomes = await triesOf(() => engine.completeTask(one.id, one.claim))
    expect(outcomes[0]).toBe('unavailable')
    expect(outcomes.at(-1)).toBe('done')
    expect(await engine.completeTask(one.id, one.claim)).toMatchObject({ state: 'completed', version: 2 })
  })

  test('in the middle of a transaction are given up with it, and hold nobody up', async () => {
    const [one] = await heldTasks()
    // As a process that others move again and again is changed: locked, read, decided, committed.
    const held = store.processList.persistHeld({ id: one.process.id, afterVersion: 0 }, () => {
      proxy.stallOpen()
      return undefined
    })
    expect(await codeOf(held)).toBe('unavailable')
    proxy.flow()
    expect((await triesOf(() => engine.completeTask(one.id, one.claim))).at(-1)).toBe('done')
  })
})
