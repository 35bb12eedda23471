import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ClaimedTasks } from '../../packages/protocol/dist/index.js'
import { postgresUrl } from '../../packages/postgres/test/support/databases.js'
import { ask, call, getProcess, type Answer } from '../support/api.js'
import { isProof } from '../support/proof.js'
import { register, startProcess } from '../support/run-process.js'
import type { TunaCornServer } from '../support/tunacorn-server.js'
import { newDatabase, runningServer } from '../support/world.js'

const steps = 200
const definition = JSON.stringify({
  name: 'work',
  tasks: Array.from({ length: steps }, (_, n) => ({ name: `step ${n}` })),
})

describe.skipIf(postgresUrl() === undefined)('a server that is told to stop', () => {
  async function world() {
    const { database, drop } = await newDatabase('postgres')
    onTestFinished(drop)
    const server = await runningServer(database)
    await register(server.url, definition, 'application/json')
    const { id } = await startProcess(server.url, 'work')
    const request = { worker: 'w', process: id, max: steps }
    const { tasks }: ClaimedTasks = await ask(server.url, 'POST', '/tasks/claim', request)
    const client = new Client({ connectionString: (database as { url: string }).url })
    await client.connect()
    onTestFinished(() => client.end())
    return { server, id, tasks, client }
  }

  /** @returns what they will be answered, once all of them are known to wait */
  async function polls(count: number, { server, client }: Awaited<ReturnType<typeof world>>) {
    const answers = Array.from({ length: count }, (_, n) =>
      call(server.url, 'POST', '/tasks/claim', { worker: 'waits', names: [`nothing ${n}`], wait: '60s' }),
    )
    while ((await client.query('SELECT FROM tunacorn.poll')).rowCount !== count) await sleep(20)
    return answers
  }

  test(
    'answers those who wait, keeps what it has acknowledged, and ends with 0',
    { timeout: 60_000 },
    async () => {
      const situation = await world()
      const { server, id, tasks } = situation
      const waiting = await polls(50, situation)
      const watching = call(server.url, 'GET', `/processes/${id}?wait=60s`)
      const answers: (Answer | undefined)[] = []
      const reporting = tasks.map(async ({ id: task, claim }, n) => {
        await sleep(n)
        answers[n] = await call(server.url, 'POST', `/tasks/${task}/complete`, { claim }).catch(
          () => undefined,
        )
      })
      while (answers.filter(Boolean).length < 5) await sleep(1)
      const exit = server.exit()
      server.signal('SIGTERM')
      expect(await exit).toBe(0)

      const ended = await Promise.all(waiting)
      expect(new Set(ended.map(({ status, body }) => `${status} ${JSON.stringify(body)}`))).toEqual(
        new Set(['200 {"tasks":[]}']),
      )
      expect(await watching).toMatchObject({ status: 200, body: { state: 'running' } })
      await Promise.all(reporting)
      const acknowledged = answers.filter((answer) => answer?.status === 200).length
      // Who was not answered, or with 503, may have been stored all the same.
      const open = answers.filter((answer) => answer === undefined || answer.status === 503).length
      expect(acknowledged + open).toBe(steps)

      await server.restart()
      const { progress } = await getProcess(server.url, id)
      expect(progress.finished).toBeGreaterThanOrEqual(acknowledged)
      expect(progress.finished).toBeLessThanOrEqual(acknowledged + open)
    },
  )

  /** A report that cannot be committed: its process is locked by somebody else. Undone with the test. */
  async function hangingReport({ server, id, tasks, client }: Awaited<ReturnType<typeof world>>) {
    await client.query('BEGIN')
    await client.query('SELECT FROM tunacorn.process WHERE id = $1 FOR UPDATE', [id])
    const [task] = tasks
    const answer = call(server.url, 'POST', `/tasks/${task?.id}/complete`, { claim: task?.claim }).catch(
      () => undefined,
    )
    // It has come to wait for the lock.
    const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    while ((await client.query(waits)).rowCount === 0) {
      await sleep(10)
      // Within a transaction it is otherwise shown as it was when first looked at.
      await client.query('SELECT pg_stat_clear_snapshot()')
    }
    return { answer }
  }

  async function untilStopping(server: TunaCornServer): Promise<void> {
    for (;;) {
      const refused = await fetch(`${server.url}/livez`).catch(() => undefined)
      if (refused === undefined) return
      await refused.arrayBuffer()
      await sleep(10)
    }
  }

  test.for([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    'and by %s once more, while something hangs, ends at once with %d: what was not acknowledged is not stored',
    { timeout: 60_000 },
    async ([signal, code]) => {
      const situation = await world()
      const { server, id, client } = situation
      const [polled] = await polls(1, situation)
      const { answer } = await hangingReport(situation)
      const exit = server.exit()
      server.signal('SIGTERM')
      // Whoever only waits is not held up by what hangs.
      expect(await polled).toMatchObject({ status: 200, body: { tasks: [] } })
      await untilStopping(server)
      // Several within a moment are one: from the terminal, and passed on by npm.
      await sleep(400)
      expect(server.isRunning).toBe(true)
      server.signal(signal)
      expect(await exit).toBe(code)
      expect(await answer).toBeUndefined()

      await client.query('ROLLBACK')
      await server.restart()
      expect(await getProcess(server.url, id)).toMatchObject({ state: 'running', progress: { finished: 0 } })
    },
  )

  test.runIf(isProof)(
    'gives up on what hangs after ten seconds, and ends with 1',
    { timeout: 60_000 },
    async () => {
      const situation = await world()
      await hangingReport(situation)
      const { server } = situation
      const exit = server.exit()
      server.signal('SIGTERM')
      expect(await exit).toBe(1)
      expect(server.log).toContain('Not everything could be closed in time')
    },
  )
})
