import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Complaints } from '../../src/embedded/complaints.js'
import { Maintenance } from '../../src/embedded/maintenance.js'
import { openDatabase } from '../../src/embedded/open-database.js'
import type { ThreadSetup } from '../../src/embedded/thread-messages.js'
import { DiskWithoutPower } from './disk-without-power.js'

let directory: string
let database: PGlite

// What else runs in the thread, here in the test's own, where it can be looked at.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tunacorn-embedded-'))
  const databaseDirectory = join(directory, 'db')
  const fresh = await open({ databaseDirectory, unfinishedDirectory: join(directory, 'unfinished') })
  await fresh.close()
  await cp(databaseDirectory, join(directory, 'unplugged'), { recursive: true })
  database = await open({ databaseDirectory, unfinishedDirectory: undefined })
})

afterAll(async () => {
  await database.close()
  await rm(directory, { recursive: true })
})

test('every commit survives a loss of power', async () => {
  const running = join(directory, 'unplugged')
  const disk = new DiskWithoutPower(running, join(directory, 'synced'))
  const left: string[] = []
  let rows = 0
  try {
    const unplugged = await open({ databaseDirectory: running, unfinishedDirectory: undefined })
    await unplugged.exec('CREATE TABLE entry (id int PRIMARY KEY, filler text)')
    for (let round = 0; round < 4; round += 1) {
      for (let i = 0; i < 40; i += 1) {
        await unplugged.query(`INSERT INTO entry VALUES ($1, repeat('x', 300))`, [(rows += 1)])
        await unplugged.query(`UPDATE entry SET filler = 'y' WHERE id = $1`, [
          Math.ceil(Math.random() * rows),
        ])
        if (i === 10 * round) await unplugged.exec('CHECKPOINT')
      }
      left.push(join(directory, `left-${round}`))
      disk.failInto(left.at(-1) ?? '', { alsoSome: round % 2 === 1 })
    }
    await unplugged.close()
  } finally {
    disk.stopWatching()
  }
  for (const [round, databaseDirectory] of left.entries()) {
    const recovered = await open({ databaseDirectory, unfinishedDirectory: undefined })
    const { rows: found } = await recovered.query('SELECT count(*)::int AS rows, max(id) AS last FROM entry')
    await recovered.close()
    const committed = 40 * (round + 1)
    expect(found).toEqual([{ rows: committed, last: committed }])
  }
}, 120_000)

test('maintenance vacuums and analyzes what has changed a lot, and leaves the rest', async () => {
  await database.exec(`
    CREATE TABLE "Busy one" AS SELECT generate_series(1, 5000) AS id;
    CREATE TABLE quiet AS SELECT generate_series(1, 20) AS id;
    DELETE FROM "Busy one" WHERE id > 100`)
  await untilStatisticsShow('Busy one', 'n_dead_tup > 0')
  await maintain()
  const tables = await database.query(`
    SELECT relname, last_vacuum IS NOT NULL AS vacuumed, n_dead_tup::int AS dead FROM pg_stat_user_tables
     WHERE relname IN ('Busy one', 'quiet') ORDER BY relname`)
  expect(tables.rows).toEqual([
    { relname: 'Busy one', vacuumed: true, dead: 0 },
    { relname: 'quiet', vacuumed: false, dead: 0 },
  ])
})

test('maintenance writes a checkpoint when the log has grown', async () => {
  const redo = async () => (await database.query('SELECT redo_lsn FROM pg_control_checkpoint()')).rows
  const before = await redo()
  await maintain()
  expect(await redo()).toEqual(before)
  await database.exec(
    `CREATE TABLE big AS SELECT repeat(md5(i::text), 60) FROM generate_series(1, 40000) AS i`,
  )
  await maintain()
  expect(await redo()).not.toEqual(before)
})

test('maintenance keeps out of a transaction', async () => {
  const maintenance = new Maintenance(database)
  await database.exec('BEGIN; CREATE TABLE open_one AS SELECT generate_series(1, 5000) AS id')
  await maintenance.round(() => expect.fail('There should be nothing to do'))
  expect(database.isInTransaction()).toBe(true)
  await database.exec('ROLLBACK')
})

function open(setup: ThreadSetup): Promise<PGlite> {
  return openDatabase({ PGlite, NodeFS }, setup, new Complaints(), (reason) => {
    throw new Error(reason)
  })
}

async function maintain(): Promise<void> {
  const work: (() => Promise<void>)[] = []
  await new Maintenance(database).round((piece) => work.push(piece))
  for (const piece of work) await piece()
}

/** PostgreSQL passes statistics on with a delay of up to a second. */
async function untilStatisticsShow(table: string, condition: string): Promise<void> {
  const sql = `SELECT 1 FROM pg_stat_user_tables WHERE relname = $1 AND ${condition}`
  await vi.waitUntil(async () => (await database.query(sql, [table])).rows.length > 0, { timeout: 5000 })
}
