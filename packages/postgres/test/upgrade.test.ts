import { aDefinition, claimTasks, completionOf, judgementOf, startOf } from '@tunacorn/core/testing'
import { PostgresStore } from '@tunacorn/postgres'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { foundation } from '../src/migrations/0001-foundation.js'
import { freshDatabase, postgresUrl } from './support/databases.js'
import { skipTime } from './support/skip-time.js'

const url = postgresUrl()
const ids = {
  running: '019aa000-0000-7000-8000-000000000001',
  ended: '019aa000-0000-7000-8000-000000000002',
}
const secret = 'held since before'

/** What the version before has left: two processes, and on the board one task of each kind. */
async function leaveRows(client: Client): Promise<void> {
  const { definition, source } = aDefinition({ tasks: ['done', 'held', 'waits', 'lapsed before'] })
  await client.query(`
    CREATE SCHEMA tunacorn; SET search_path = tunacorn;
    CREATE TABLE migration (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO migration (version, name) VALUES (1, 'foundation');
    ${foundation('tunacorn')}
    INSERT INTO definition_name VALUES ('order', 1)`)
  await client.query(
    `INSERT INTO definition (name, version, task_count, hash, format, source, content)
     VALUES ('order', 1, 4, sha256($1::text::bytea), 'yaml', $1, $2)`,
    [source, JSON.stringify(definition)],
  )
  await client.query(`
    INSERT INTO process
      (id, definition, definition_version, state, version, total, completed, failed, priority, input, started_at, ended_at)
    VALUES ('${ids.running}', 'order', 1, 'running', 2, 4, 1, 0, 3, '{"n":1}', now() - interval '2 days', NULL),
      ('${ids.ended}', 'order', 1, 'cancelled', 2, 4, 0, 0, 0, NULL, now() - interval '2 days', now() - interval '1 day');
    INSERT INTO history (process_id, version, type, task, at) VALUES
      ('${ids.running}', 1, 'process-started', NULL, now() - interval '2 days'),
      ('${ids.running}', 2, 'task-completed', 0, now() - interval '1 day'),
      ('${ids.ended}', 1, 'process-started', NULL, now() - interval '2 days'),
      ('${ids.ended}', 2, 'process-cancelled', NULL, now() - interval '1 day');
    INSERT INTO task_list (process_id, task, name, definition, priority, attempt, scheduled_at, claimable_at, turn,
      worker, claimed_at, lease_ms, secret, lapsed)
    VALUES ('${ids.running}', 1, 'held', 'order', 3, 1, now() - interval '1 day', now() - interval '1 hour',
        now() - interval '2 days', 'w', now() - interval '2 hours', 30000, '${secret}', NULL),
      ('${ids.running}', 2, 'waits', 'order', 3, 0, now() - interval '1 day', now() - interval '2 days',
        now() - interval '2 days', NULL, NULL, NULL, NULL, NULL),
      ('${ids.running}', 3, 'lapsed before', 'order', 3, 2, now() - interval '1 day', now() - interval '2 days',
        now() - interval '2 days', NULL, NULL, NULL, NULL,
        '[{"attempt":1,"worker":"v","claimedAt":"2026-01-01T00:00:00Z","leaseExpiredAt":"2026-01-01T00:01:00Z"}]')`)
}

describe.skipIf(url === undefined)('a database that the version before has used', () => {
  let database: { url: string; drop(): Promise<void> }
  let client: Client
  let store: PostgresStore
  let applied: string[]

  beforeAll(async () => {
    database = await freshDatabase(url ?? '')
    client = new Client({ connectionString: database.url })
    await client.connect()
    await leaveRows(client)
    store = new PostgresStore(database.url)
    applied = await store.migrate()
  })

  afterAll(async () => {
    await store.close()
    await client.end()
    await database.drop()
  })

  const held = { processId: ids.running, task: 1, claim: { attempt: 1, secret } }

  it('keeps its processes and histories', async () => {
    expect(applied).toEqual([
      'retries and time',
      'endings',
      'polls by definition',
      'steady plans',
      'workers seen',
      'api keys',
      'traces',
    ])
    const [running, ended] = await store.processList.fetch(
      [ids.running, ids.ended].map((id) => ({ id, afterVersion: 0 })),
    )
    expect(running?.record).toMatchObject({ state: 'running', version: 2, completed: 1, priority: 3 })
    const { startedAt, deadline } = running!.record
    expect(deadline.getTime() - startedAt.getTime()).toBe(365 * 86_400_000)
    expect(ended?.record).toMatchObject({ state: 'cancelled', key: undefined, failureOf: undefined })
    expect(await store.processList.history(ids.running, 0, 10)).toHaveLength(2)
    expect((await store.definitionList.fetch('order'))?.version).toBe(1)
  })

  it('judges nothing at once, and gives workers the time of a lease to come back', async () => {
    expect(await store.taskList.due(10)).toEqual([])
    expect(await store.processList.due(10)).toEqual([])
    const [until] = await store.taskList.extend([held])
    expect(until!.getTime()).toBeGreaterThan(Date.now() + 20_000)
  })

  it('hands out what waits, also what has lapsed before', async () => {
    const names = (await store.taskList.claimable(['held', 'waits', 'lapsed before'])).toSorted()
    expect(names).toEqual(['lapsed before', 'waits'])
    const claimed = await claimTasks(store, { max: 9, leaseMs: 60_000 })
    const attempts = claimed.map(({ name, claim }) => `${name}: ${claim.attempt}`)
    expect(attempts.toSorted()).toEqual(['lapsed before: 3', 'waits: 1'])
    const tasks = await store.taskList.fetch({ limit: 10 })
    expect(tasks.map(({ lapsed }) => lapsed.length)).toEqual([0, 0, 1])
  })

  it('takes reports by claims of that time, and starts anew', async () => {
    const [fetched] = await store.processList.fetch([{ id: ids.running, afterVersion: 0 }])
    const start = startOf({ name: 'order', version: 1, tasks: ['done', 'held'] })
    const results = await store.processList.persist([completionOf(fetched!.record, [held]), start])
    expect(results.map(({ status }) => status)).toEqual(['committed', 'committed'])
  })

  it('judges a last attempt whose worker stays away', async () => {
    await skipTime(client, 'tunacorn', 60_000)
    const due = await store.taskList.due(10)
    expect(due.map(({ task, reason }) => [task, reason])).toEqual([
      [2, 'lapsed'],
      [3, 'lapsed'],
    ])
    const [fetched] = await store.processList.fetch([{ id: ids.running, afterVersion: 0 }])
    const [result] = await store.processList.persist([judgementOf(fetched!.record, due[0]!)])
    expect(result?.status).toBe('committed')
  })
})
