import { Pool } from 'pg'
import { databaseState, prepareDataDirectory, type DataDirectory } from './data-directory.js'
import { DataDirectoryLock } from './data-directory-lock.js'
import { DatabaseLink } from './database-link.js'

export interface EmbeddedOptions {
  /** made if it isn't there; absent: the database is in memory and gone after `close` */
  readonly dataDirectory?: string
  /** gets plain lines about what takes time: creating, recovering, ready */
  readonly onProgress?: (message: string) => void
}

export interface EmbeddedDatabase {
  /**
   * An ordinary pool with one connection, the only one there is: never wait for `pool.query` while holding
   * a client. COPY, cancel requests and timeouts inside the database (`statement_timeout` and its like) are
   * not supported.
   */
  readonly pool: Pool
  readonly dataDirectory: string | undefined
  /**
   * Waits for what was asked of the pool before, ends it, closes the database cleanly and frees the data
   * directory. Calling it again gives the same promise.
   */
  close(): Promise<void>
}

/**
 * Opens the embedded PostgreSQL (PGlite, in a thread of its own).
 *
 * @throws DataDirectoryLockedError when the data directory is open already
 * @throws EmbeddedNotInstalledError when the optional peer @electric-sql/pglite is missing
 */
export async function openEmbedded(options: EmbeddedOptions = {}): Promise<EmbeddedDatabase> {
  const onProgress = options.onProgress ?? (() => {})
  if (options.dataDirectory === undefined) return open(undefined, onProgress, () => {})
  const directory = await prepareDataDirectory(options.dataDirectory)
  const lock = await DataDirectoryLock.acquire(directory.path, onProgress)
  try {
    return await open(directory, onProgress, () => lock.release())
  } catch (error) {
    lock.release()
    throw error
  }
}

async function open(
  directory: DataDirectory | undefined,
  onProgress: (message: string) => void,
  release: () => void,
): Promise<EmbeddedDatabase> {
  const startedMs = performance.now()
  const state = directory ? await databaseState(directory) : 'absent'
  announce(state, directory?.path, onProgress)
  const link = new DatabaseLink({
    databaseDirectory: directory?.database,
    unfinishedDirectory: state === 'absent' ? directory?.unfinished : undefined,
  })
  await link.ready
  onProgress(`Database ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
  const pool = poolOn(link)
  let closed: Promise<void> | undefined
  return {
    pool,
    dataDirectory: directory?.path,
    close: () => (closed ??= close(pool, link).finally(release)),
  }
}

function announce(state: string, path: string | undefined, onProgress: (message: string) => void): void {
  const where =
    path === undefined ? 'in memory (takes some seconds)' : `in ${path} (first start, takes some seconds)`
  if (state === 'absent') onProgress(`Creating the database ${where}`)
  if (state === 'unclean') onProgress(`Recovering the database in ${path}: it wasn't stopped cleanly`)
}

function poolOn(link: DatabaseLink): Pool {
  const pool = new Pool({
    // All that `pg` would else read from the environment (PGHOST, PGSSLMODE, …) is said here.
    host: 'localhost',
    port: 5432,
    user: 'postgres',
    password: '',
    database: 'postgres',
    ssl: false,
    stream: () => link.stream(),
    max: 1,
    // Nothing is saved by letting the connection go, and its prepared statements would be lost.
    idleTimeoutMillis: 0,
  })
  // Without a listener, an error on the idle client would end the process. The next query reports it too.
  pool.on('error', () => {})
  return pool
}

async function close(pool: Pool, link: DatabaseLink): Promise<void> {
  try {
    // The pool forgets who waits for a client when it ends: this query waits behind all of them.
    await pool.query('').catch(() => {})
    await pool.end()
  } finally {
    await link.close()
  }
}
