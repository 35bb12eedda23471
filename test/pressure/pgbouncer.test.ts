import { Client } from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ClaimedTasks } from '../../packages/protocol/dist/index.js'
import { postgresUrl } from '../../packages/postgres/test/support/databases.js'
import { ask, call } from '../support/api.js'
import { PgBouncer } from '../support/pg-bouncer.js'
import { isProof, isThere } from '../support/proof.js'
import { register, startProcess, untilEnded } from '../support/run-process.js'
import { Load } from '../support/storm/load.js'
import type { TunaCornServer } from '../support/tunacorn-server.js'
import { newDatabase, runningServer } from '../support/world.js'

const canRun =
  isThere(PgBouncer.find() !== undefined, { what: 'PgBouncer. Debian’s package is "pgbouncer".' }) &&
  postgresUrl() !== undefined

/** 1.21 and later keep statements prepared for their clients, where they are told to; older ones do not know the word. */
const knowsPrepared = canRun && (await takesSetting({ max_prepared_statements: 100 }))

const kinds = [
  { title: 'that knows of no prepared statements', settings: {}, isKnown: true },
  { title: 'told to keep none prepared', settings: { max_prepared_statements: 0 }, isKnown: knowsPrepared },
  {
    title: 'that keeps a hundred prepared',
    settings: { max_prepared_statements: 100 },
    isKnown: knowsPrepared,
  },
]

describe.skipIf(!canRun).for(kinds.filter(({ isKnown }) => isKnown))(
  'behind a PgBouncer $title, in transaction mode with a pool of two',
  ({ settings }) => {
    async function servers(count: number) {
      const { database, drop } = await newDatabase('postgres')
      const { url } = database as { url: string }
      const bouncer = await PgBouncer.start(url, { default_pool_size: 2, ...settings })
      onTestFinished(async () => {
        await bouncer.stop()
        await drop()
      })
      const started: TunaCornServer[] = []
      for (let n = 0; n < count; n += 1)
        started.push(await runningServer({ kind: 'postgres', url: bouncer.url }))
      return { servers: started, url }
    }

    test(
      'two servers and their workers lose nothing and do nothing twice',
      { timeout: isProof ? 600_000 : 120_000 },
      async () => {
        const { servers: both, url } = await servers(2)
        const load = await Load.begin({
          urls: both.map((server) => server.url),
          databaseUrl: url,
          workers: 2,
          leaseMs: 5_000,
          processesAtOnce: 20,
        })
        onTestFinished(() => load.clearUp())
        await load.untilMoreEnded(isProof ? 2_000 : 40)
        const { anomalies, unavailable, completions } = await load.finish()
        expect(anomalies).toEqual([])
        expect(unavailable).toBe(0)
        expect(completions).toBeGreaterThan(100)
      },
    )

    test(
      'a process is failed, retried, paused, resumed and cancelled as elsewhere',
      { timeout: 60_000 },
      async () => {
        const { servers: all, url: databaseUrl } = await servers(1)
        const url = all[0]?.url ?? ''
        await register(url, '{name: work, tasks: [{name: a}, {name: b, needs: [a]}]}', 'application/yaml')
        await register(url, '{name: undo, tasks: [{name: u}]}', 'application/yaml')
        await register(url, '{name: risky, failureProcess: undo, tasks: [{name: a}]}', 'application/yaml')
        // Two statements in one transaction, which sessions have to know nothing for.
        for (let n = 0; n < 5; n += 1) {
          const risky = await startProcess(url, 'risky')
          const [held] = await claim(url, risky.id)
          const error = { claim: held?.claim, error: 'as asked', retry: false }
          expect(await call(url, 'POST', `/tasks/${held?.id}/fail`, error)).toMatchObject({ status: 200 })
        }

        const { id } = await startProcess(url, 'work')
        const [first] = await claim(url, id)
        await ask(url, 'POST', `/tasks/${first?.id}/fail`, { claim: first?.claim, error: 'as asked' })
        expect(await untilEnded(url, id)).toMatchObject({ state: 'failed' })
        expect(await ask(url, 'POST', `/processes/${id}/retry`, {})).toMatchObject({ state: 'running' })
        expect(await ask(url, 'POST', `/processes/${id}/pause`, {})).toMatchObject({ state: 'paused' })
        expect(await claim(url, id)).toEqual([])
        expect(await ask(url, 'POST', `/processes/${id}/resume`, {})).toMatchObject({ state: 'running' })
        const [second] = await claim(url, id)
        // The next step comes with the answer to the report, by one commit.
        const results = [{ task: second?.id, claim: second?.claim, output: { a: 1 } }]
        const { tasks }: ClaimedTasks = await ask(url, 'POST', '/tasks/claim', {
          worker: 'w',
          process: id,
          results,
        })
        expect(tasks).toMatchObject([{ name: 'b', needs: { a: { a: 1 } } }])
        const [held] = tasks
        expect(await ask(url, 'POST', `/tasks/${held?.id}/heartbeat`, { claim: held?.claim })).toMatchObject(
          {},
        )
        expect(await call(url, 'POST', `/tasks/${held?.id}/release`, { claim: held?.claim })).toMatchObject({
          status: 204,
        })
        expect(await ask(url, 'POST', `/processes/${id}/cancel`, {})).toMatchObject({ state: 'cancelled' })
        expect(await claim(url, id)).toEqual([])

        const client = new Client({ connectionString: databaseUrl })
        await client.connect()
        onTestFinished(() => client.end())
        const { rows } = await client.query<{ count: number }>(
          `SELECT count(*)::int AS count FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'tunacorn'`,
        )
        expect(rows[0]?.count).toBeLessThanOrEqual(2)

        // A session that listens would go on with it for whoever has it next.
        const waiting = ask<ClaimedTasks>(url, 'POST', '/tasks/claim', {
          worker: 'w',
          names: ['x'],
          wait: '2s',
        })
        await waiting
        const listening = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`
        expect((await client.query(listening)).rowCount).toBe(0)
      },
    )
  },
)

async function claim(url: string, process: string): Promise<ClaimedTasks['tasks']> {
  const { tasks }: ClaimedTasks = await ask(url, 'POST', '/tasks/claim', { worker: 'w', process })
  return tasks
}

async function takesSetting(settings: Readonly<Record<string, number>>): Promise<boolean> {
  try {
    const bouncer = await PgBouncer.start(postgresUrl() ?? '', settings)
    await bouncer.stop()
    return true
  } catch {
    return false
  }
}
