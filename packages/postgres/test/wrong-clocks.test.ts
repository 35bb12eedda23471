import { Engine, type ClaimedTask } from '@tunacorn/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { postgresUrl } from './support/databases.js'
import { testStores } from './support/test-stores.js'

const hourMs = 3_600_000
const definition = `
name: call
timeout: 3h
tasks:
  - name: Dial
    retry: { limit: 3, delay: 10m, factor: 1, jitter: false }
    timeout: 20m
    heartbeat: 5m
    scheduleTimeout: 25m
`

describe.skipIf(postgresUrl() === undefined)('a server whose clock is wrong', () => {
  const world = testStores()

  async function databaseTime(): Promise<number> {
    const { rows } = await world().pool.query<{ at: Date }>('SELECT now() AS at')
    return rows[0]!.at.getTime()
  }

  it.for([
    ['an hour late', -hourMs],
    ['an hour early', hourMs],
  ] as const)('hands out, judges and writes by the clock of the database: %s', async ([, wrongByMs]) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + wrongByMs })
    onTestFinished(() => void vi.useRealTimers())
    const { store, skip } = world()
    const engine = new Engine({ ...store, timekeeping: false })
    onTestFinished(() => engine.close())
    await engine.registerDefinition(definition)

    const begin = await databaseTime()
    const { id } = await engine.startProcess({ definition: 'call' })
    const claim = async (): Promise<ClaimedTask | undefined> =>
      (await engine.claimTasks({ worker: 'tester', leaseMs: 60_000 })).tasks[0]
    const about = async (at: Date | undefined, inMs: number) => {
      const now = await databaseTime()
      expect(at?.getTime()).toBeGreaterThanOrEqual(begin + inMs)
      expect(at?.getTime()).toBeLessThanOrEqual(now + inMs)
    }
    const first = await claim()
    await about(first!.leaseExpiresAt, 60_000)
    await about(await engine.heartbeatTask(first!.id, first!.claim, 120_000), 120_000)
    await engine.keepTime()
    await engine.failTask(first!.id, first!.claim, 'busy')
    await engine.keepTime()
    expect(await claim()).toBeUndefined()
    const { items } = await engine.history(id)
    await about(items[0]!.at, 0)
    expect(items.map(({ type }) => type)).toEqual(['process-started', 'attempt-failed'])
    await about(items[1]!.retryAt, 600_000)
    await about((await engine.fetchProcess(id)).record.deadline, 3 * hourMs)

    await skip(600_000)
    await engine.keepTime()
    const second = await claim()
    expect(second).toMatchObject({ attempt: 2 })
    await skip(60_000)
    expect(await claim()).toMatchObject({ attempt: 3 })
    await skip(1_260_000)
    await engine.keepTime()
    await skip(1_560_000)
    await engine.keepTime()
    const { items: judged } = await engine.history(id, { after: 2 })
    expect(judged.map(({ type, reason }) => [type, reason])).toEqual([
      ['attempt-failed', 'lapsed'],
      ['task-failed', 'not-claimed'],
    ])
  })
})
