import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ClaimedTasks } from '../../packages/protocol/dist/index.js'
import { postgresUrl } from '../../packages/postgres/test/support/databases.js'
import { ask, wholeHistory } from '../support/api.js'
import { findFakeTime, withClockOff } from '../support/fake-time.js'
import { isProof, isThere } from '../support/proof.js'
import { register, startProcess, untilEnded } from '../support/run-process.js'
import { Load } from '../support/storm/load.js'
import { TunaCornServer } from '../support/tunacorn-server.js'
import { newDatabase } from '../support/world.js'

const canRun =
  isThere(findFakeTime() !== undefined, { what: 'libfaketime. Debian’s package is "faketime".' }) &&
  postgresUrl() !== undefined

const hourMs = 3_600_000
const [retryMs, heartbeatMs, timeoutMs] = [700, 400, 600]
const definition = `
name: timed
tasks:
  - name: a
    retry: { limit: 1, delay: ${retryMs}ms, jitter: false }
    timeout: 30s
  - name: b
    needs: [a]
    retry: { limit: 1, delay: 1ms, jitter: false }
    heartbeat: ${heartbeatMs}ms
  - name: c
    needs: [b]
    timeout: ${timeoutMs}ms
`

describe.skipIf(!canRun)('servers whose clocks are wrong by an hour', () => {
  let databaseUrl = ''
  const servers: Record<string, TunaCornServer> = {}
  beforeAll(async () => {
    if (!canRun) return
    const { database, drop } = await newDatabase('postgres')
    databaseUrl = (database as { url: string }).url
    for (const off of ['-1h', '+1h']) servers[off] = await TunaCornServer.start(database, withClockOff(off))
    return async () => {
      await Promise.all(Object.values(servers).map((server) => server.kill()))
      await drop()
    }
  })

  const claim = async (url: string, process: string, more: object = {}) => {
    const request = { worker: 'w', process, wait: '20s', ...more }
    const { tasks }: ClaimedTasks = await ask(url, 'POST', '/tasks/claim', request)
    expect(tasks).toHaveLength(1)
    return tasks[0] as ClaimedTasks['tasks'][number]
  }

  test.for(['-1h', '+1h'])(
    'wait, lease, retry and time out as those whose clocks are right: %s',
    { timeout: 60_000 },
    async (off) => {
      const url = servers[off]?.url ?? ''
      // Its clock is as wrong as it should be: else this shows nothing.
      const date = (await fetch(`${url}/livez`)).headers.get('date') ?? ''
      expect(Math.abs(Date.parse(date) - Date.now())).toBeGreaterThan(hourMs - 60_000)
      await register(url, definition, 'application/yaml')
      const { id } = await startProcess(url, 'timed')

      const first = await claim(url, id, { lease: '45s' })
      // The task's own timeout; by the length that workers go by.
      expect(first.lease).toBe('30s')
      await ask(url, 'POST', `/tasks/${first.id}/fail`, { claim: first.claim, error: 'as asked' })
      const second = await claim(url, id)
      expect(second).toMatchObject({ name: 'a', attempt: 2 })
      // Handed over with the answer to the report.
      const results = [{ task: second.id, claim: second.claim }]
      const { tasks }: ClaimedTasks = await ask(url, 'POST', '/tasks/claim', {
        worker: 'w',
        process: id,
        results,
      })
      const [silent] = tasks
      expect(silent).toMatchObject({ name: 'b', attempt: 1, lease: `${heartbeatMs}ms` })
      // Nobody says anything for it until it has lapsed, and who waits is given it.
      const third = await claim(url, id)
      expect(third).toMatchObject({ name: 'b', attempt: 2 })
      await ask(url, 'POST', `/tasks/${third.id}/complete`, { claim: third.claim })
      const last = await claim(url, id)
      expect(last).toMatchObject({ name: 'c', lease: `${timeoutMs}ms` })
      expect(await untilEnded(url, id)).toMatchObject({ state: 'failed' })

      const history = await wholeHistory(url, id)
      expect(history.map(({ type, name }) => [type, name])).toEqual([
        ['process-started', undefined],
        ['attempt-failed', 'a'],
        ['task-completed', 'a'],
        ['task-completed', 'b'],
        ['task-failed', 'c'],
      ])
      const [, failed, retried, lapsed, timedOut] = history
      expect(between(failed?.at, retried?.claimedAt)).toBeGreaterThanOrEqual(retryMs)
      expect(between(lapsed?.lapsed?.[0]?.claimedAt, lapsed?.claimedAt)).toBeGreaterThanOrEqual(heartbeatMs)
      expect(between(timedOut?.claimedAt, timedOut?.at)).toBeGreaterThanOrEqual(timeoutMs)
      expect(between(history[0]?.at, timedOut?.at)).toBeLessThan(hourMs / 2)
      for (const { at } of history) expect(Math.abs(Date.parse(at) - Date.now())).toBeLessThan(hourMs / 2)
      // What follows counts all that is there.
      await ask(url, 'DELETE', `/processes/${id}`)
    },
  )

  test('a claim that finds nothing waits as long as it was told to', { timeout: 60_000 }, async () => {
    const begin = performance.now()
    const request = { worker: 'w', names: ['nothing'], wait: '1s' }
    for (const { url } of Object.values(servers))
      expect(await ask(url, 'POST', '/tasks/claim', request)).toEqual({ tasks: [] })
    // A timer may be early by a moment.
    expect(performance.now() - begin).toBeGreaterThan(1_900)
  })

  test(
    'together, they lose nothing and do nothing twice',
    { timeout: isProof ? 600_000 : 120_000 },
    async () => {
      const load = await Load.begin({
        urls: Object.values(servers).map(({ url }) => url),
        databaseUrl,
        workers: 2,
        leaseMs: 1_000,
        processesAtOnce: 10,
      })
      onTestFinished(() => load.clearUp())
      await load.untilMoreEnded(isProof ? 2_000 : 20)
      expect((await load.finish()).anomalies).toEqual([])
    },
  )
})

function between(from: string | undefined, to: string | undefined): number {
  return Date.parse(to ?? '') - Date.parse(from ?? '')
}
