import { mkdtemp, readdir, rmdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import type { InspectedWork, Inspection } from '@tunacorn/postgres'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { findings, type Circumstances } from '../dist/doctor/findings.js'
import { freshDatabase, postgresUrl } from '../../postgres/test/support/databases.js'
import { killAll, serveCommand, tunacorn } from './support/command.js'
import { ask } from './support/http.js'

// The server itself speaks to no database: the driver is that of the package that does.
const { Client }: typeof pg = createRequire(new URL('../../postgres/package.json', import.meta.url))('pg')

const work: InspectedWork = {
  tables: ['process', 'task_list'].map((name) => ({
    name,
    pages: 100,
    knownPages: 0,
    liveRows: 10,
    deadRows: 20,
  })),
  stuck: [],
  unclaimed: [],
  hasWork: true,
  silenceMs: 1_000,
  overdue: 0,
}

const healthy: Inspection = {
  settings: {
    now: new Date(0),
    version: '15.8',
    versionNumber: 150_008,
    fsync: true,
    fullPageWrites: true,
    synchronousCommit: 'on',
    defaultIsolation: 'read committed',
    autovacuum: true,
  },
  oldestTransaction: { what: 'connection 1', ageMs: 5 },
  schema: { version: 5, expectedVersion: 5 },
  work,
}
const here: Circumstances = { aheadMs: 3, uncertainMs: 2, isEmbedded: false }
const at = new Date('2026-11-24T09:30:00.000Z')
const stuckId = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'

const withSettings = (settings: object) => ({ ...healthy, settings: { ...healthy.settings, ...settings } })
const withWork = (more: Partial<InspectedWork>) => ({ ...healthy, work: { ...work, ...more } })
const withTable = (more: object) => withWork({ tables: [{ ...work.tables[0]!, ...more }] })

test('where all is well, it says so of each thing and has nothing to advise', () => {
  const found = findings(healthy, here)
  expect(found.filter(({ isWell }) => !isWell)).toEqual([])
  expect(found.filter(({ remedy }) => remedy !== undefined)).toEqual([])
  expect(new Set(found.map(({ about }) => about)).size).toBe(found.length)
})

const faults: [
  about: string,
  inspection: Inspection,
  circumstances: Partial<Circumstances>,
  found: RegExp,
  remedy: RegExp,
][] = [
  [
    'version',
    withSettings({ version: '12.1', versionNumber: 120_001 }),
    {},
    /12\.1 is older than 15/,
    /Upgrade/,
  ],
  ['fsync', withSettings({ fsync: false }), {}, /fsync is off/, /Set fsync = on/],
  [
    'full-page-writes',
    withSettings({ fullPageWrites: false }),
    {},
    /full_page_writes is off/,
    /Set full_page_writes = on/,
  ],
  [
    'synchronous-commit',
    withSettings({ synchronousCommit: 'off' }),
    {},
    /synchronous_commit is off/,
    /ALTER ROLE/,
  ],
  ['isolation', withSettings({ defaultIsolation: 'serializable' }), {}, /is serializable/, /ALTER ROLE/],
  ['autovacuum', withSettings({ autovacuum: false }), {}, /autovacuum is off/, /Set autovacuum = on/],
  ['clock', healthy, { aheadMs: -5_000 }, /5\.0 s behind this machine/, /NTP/],
  [
    'transaction',
    { ...healthy, oldestTransaction: { what: 'connection 7', ageMs: 3_600_000 } },
    {},
    /^connection 7 .* 60 min/,
    /pg_terminate_backend/,
  ],
  [
    'schema',
    { ...healthy, schema: { version: 0, expectedVersion: 5 }, work: undefined },
    {},
    /no schema/,
    /tunacorn migrate/,
  ],
  [
    'schema',
    { ...healthy, schema: { version: 3, expectedVersion: 5 }, work: undefined },
    {},
    /version 3, .* version 5/,
    /tunacorn migrate/,
  ],
  [
    'schema',
    { ...healthy, schema: { version: 9, expectedVersion: 5 }, work: undefined },
    {},
    /version 9/,
    /newer TunaCorn/,
  ],
  [
    'stuck',
    withWork({ stuck: [{ id: stuckId, definition: 'loan', state: 'running' }] }),
    {},
    new RegExp(stuckId),
    /tunacorn cancel/,
  ],
  [
    'stuck',
    withWork({
      stuck: Array.from({ length: 21 }, () => ({ id: stuckId, definition: 'loan', state: 'running' })),
    }),
    {},
    /^more than 20 processes live though nothing can move them: ([-0-9a-f]{36}, ){20}…$/,
    /tunacorn cancel/,
  ],
  [
    'timekeeping',
    withWork({ silenceMs: 120_000 }),
    {},
    /no server has kept time for 2 min/,
    /Start a server/,
  ],
  ['timekeeping', withWork({ silenceMs: undefined }), {}, /no server has kept time yet/, /Start a server/],
  ['timekeeping', withWork({ overdue: 2 }), {}, /2 tasks should have been judged/, /logs/],
  [
    'unclaimed',
    withWork({
      unclaimed: [{ name: 'Reveiw', definition: 'loan', tasks: 3, since: at, lastPolledAt: undefined }],
    }),
    {},
    /3 tasks named "Reveiw" since 2026-11-24 09:30:00Z \(asked for: never\)/,
    /Start workers/,
  ],
  ['dead-rows-process', withTable({ deadRows: 50_000 }), {}, /process: 50000 dead rows beside 10/, /VACUUM/],
  ['plans-process', withTable({ pages: 1 }), {}, /planner knows nothing/, /ANALYZE/],
]
test.each(faults)(
  'it finds what is wrong with the %s, and says what to do',
  (about, inspection, circumstances, found, remedy) => {
    const wrong = findings(inspection, { ...here, ...circumstances }).filter(({ isWell }) => !isWell)
    expect(wrong).toEqual([
      { about, isWell: false, found: expect.stringMatching(found), remedy: expect.stringMatching(remedy) },
    ])
  },
)

test('a clock that is only read late is not wrong, and nobody serves an embedded database that is looked at', () => {
  const inspection = withWork({ silenceMs: 3_600_000 })
  const circumstances = { aheadMs: 3_000, uncertainMs: 2_500, isEmbedded: true }
  expect(findings(inspection, circumstances).filter(({ isWell }) => !isWell)).toEqual([])
})

describe.skipIf(postgresUrl() === undefined)('on a real PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  beforeAll(async () => {
    database = await freshDatabase(postgresUrl() ?? '')
  })
  afterEach(killAll)
  afterAll(() => database.drop())

  const doctor = async () => {
    const { code, stdout } = await tunacorn(['doctor', '--json'], { env: { DATABASE_URL: database.url } })
    const found = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { about: string; isWell: boolean })
    // The cluster of the tests need not survive the machine.
    const wrong = found.filter(({ isWell, about }) => !isWell && about !== 'fsync').map(({ about }) => about)
    return { code, wrong }
  }

  test('an operator finds with it that there is no schema, then that nobody works, then a process that is stuck', async () => {
    expect(await doctor()).toEqual({ code: 1, wrong: ['schema'] })
    const { url } = await serveCommand([], { env: { DATABASE_URL: database.url } })
    await ask(`${url}/definitions`, { name: 'greeting', tasks: [{ name: 'Say Hello' }] })
    const { body } = await ask(`${url}/processes`, { definition: 'greeting' })
    expect((await doctor()).wrong).toEqual([])

    const client = new Client({ connectionString: database.url })
    await client.connect()
    await client.query(
      `UPDATE tunacorn.task_list SET scheduled_at = now() - interval '1 hour', claimable_at = now() - interval '1 hour'`,
    )
    expect(await doctor()).toEqual({ code: 1, wrong: ['unclaimed'] })
    const asked = await tunacorn(['doctor', '--url', url])
    expect(asked.code).toBe(1)
    expect(asked.stdout).toMatch(
      /^ok {5}the server at http:.* answers.*\nwrong {2}nobody asks for what waits: 1 task named "Say Hello" since .* \(asked for: never\)\n {7}→ Start workers/,
    )
    await client.query('DELETE FROM tunacorn.task_list')
    const { stdout } = await tunacorn(['doctor', '--database-url', database.url])
    expect(stdout).toMatch(
      new RegExp(`^wrong  1 process lives though nothing can move it: ${String(body['id'])}\n {7}→ `, 'm'),
    )
    await client.end()
  })

  test('the server warns at its start of a database that does not keep what it has answered', async () => {
    const client = new Client({ connectionString: database.url })
    await client.connect()
    const name = new URL(database.url).pathname.slice(1)
    await client.query(`ALTER DATABASE ${name} SET synchronous_commit = off`)
    await client.end()
    const { server } = await serveCommand([], { env: { DATABASE_URL: database.url } })
    expect(server.stdout).toMatch(/"level":40,.*"The database: synchronous_commit is off: /)
  })
})

test('a database that is not there is said, and none is made', async () => {
  const missing = await tunacorn(['doctor', '--data-dir', '/nowhere/at/all'])
  expect(missing).toMatchObject({ code: 1, stdout: '' })
  expect(missing.stderr).toMatch(/^tunacorn: There is no database in \/nowhere\/at\/all\. /)
  const empty = await mkdtemp(join(tmpdir(), 'tunacorn-'))
  const inEmpty = await tunacorn(['doctor', '--data-dir', empty])
  expect(inEmpty).toMatchObject({ code: 1, stdout: '' })
  expect(inEmpty.stderr).toMatch(/^tunacorn: There is no database in /)
  expect(await readdir(empty)).toEqual([])
  await rmdir(empty)
  const away = await tunacorn(['doctor', '--database-url', 'postgres://127.0.0.1:1/x'])
  expect(away).toMatchObject({ code: 69, stdout: '' })
})
