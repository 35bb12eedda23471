import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PGlite, PGliteOptions } from '@electric-sql/pglite'
import type { NodeFS } from '@electric-sql/pglite/nodefs'
import type { Complaints } from './complaints.js'
import { durable } from './durable-file-system.js'
import type { ThreadSetup } from './thread-messages.js'
import { exitStatus } from './thrown.js'

/** The optional peer, imported at run time. */
export interface PGlitePackage {
  readonly PGlite: typeof PGlite
  readonly NodeFS: typeof NodeFS
}

/** Smaller WAL files than the usual 16 MB: a third less work at the first start, and less disk. */
const initDbStartParams = ['--wal-segsize=4']

/**
 * Opens the database, after creating it if there is none.
 *
 * @param complaints gets what PostgreSQL writes to stderr
 * @param die called with a reason when the database can't go on
 */
export async function openDatabase(
  pglite: PGlitePackage,
  { databaseDirectory, unfinishedDirectory }: ThreadSetup,
  complaints: Complaints,
  die: (reason: string) => never,
): Promise<PGlite> {
  if (databaseDirectory && unfinishedDirectory) {
    await create(pglite, unfinishedDirectory, databaseDirectory, complaints)
  }
  const options: PGliteOptions = databaseDirectory
    ? { fs: durable(new pglite.NodeFS(databaseDirectory)), startParams: durableStartParams(pglite) }
    : { initDbStartParams }
  const database = await start(pglite, { ...options, relaxedDurability: false }, complaints)
  guardMainLoop(database, complaints, die)
  return database
}

/**
 * Made under another name and renamed when it's whole and on disk, because PGlite takes any directory with
 * a PG_VERSION file for a database: killed in the middle of a first start, it would never start again.
 */
async function create(
  pglite: PGlitePackage,
  unfinished: string,
  finished: string,
  complaints: Complaints,
): Promise<void> {
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  const options = { fs: new pglite.NodeFS(unfinished), initDbStartParams }
  const database = await start(pglite, options, complaints)
  await database.close()
  await syncTree(unfinished)
  await rename(unfinished, finished)
  await syncOne(dirname(finished))
}

async function syncTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true })
  await Promise.all(
    entries.map((entry) => {
      const path = join(directory, entry.name)
      return entry.isDirectory() ? syncTree(path) : syncOne(path)
    }),
  )
  await syncOne(directory)
}

async function syncOne(path: string): Promise<void> {
  const file = await openForSync(path)
  if (!file) return
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

async function openForSync(path: string) {
  try {
    // Windows syncs only what may be written; a directory can only be read.
    return await open(path, 'r+').catch(() => open(path, 'r'))
  } catch (error) {
    // Windows can't open directories at all, and syncs them by itself.
    if (process.platform === 'win32') return undefined
    throw error
  }
}

/** PGlite's own parameters, but with fsync, and by the one call for it that can be passed on. */
function durableStartParams({ PGlite }: PGlitePackage): string[] {
  return [...PGlite.defaultStartParams.filter((flag) => flag !== '-F'), '-c', 'wal_sync_method=fsync']
}

async function start(
  { PGlite }: PGlitePackage,
  options: PGliteOptions,
  complaints: Complaints,
): Promise<PGlite> {
  try {
    return await PGlite.create({ ...options, onStderr: complaints.note })
  } catch (error) {
    throw new Error(complaints.explain(error), { cause: error })
  }
}

/** The exit status with which PGlite's main loop reports an SQL error that PostgreSQL has handled. */
const SQL_ERROR = 100

/**
 * PGlite's protocol loop swallows every exception and goes on with the next message. That's right for an SQL
 * error, but a crash of the WASM code, or an end of the session, would leave it going round for ever.
 */
function guardMainLoop(database: PGlite, complaints: Complaints, die: (reason: string) => never): void {
  const module = database.Module
  // oxlint-disable no-underscore-dangle -- the name is PGlite's
  const runOnce = module._PostgresMainLoopOnce
  module._PostgresMainLoopOnce = () => {
    try {
      runOnce()
    } catch (error) {
      if (exitStatus(error) !== SQL_ERROR) die(complaints.explain(error))
      throw error
    }
  }
}
