import { setTimeout as sleep } from 'node:timers/promises'
import { TunaCornError } from '@tunacorn/core'
import type { DatabaseOption } from '@tunacorn/express'
import { PostgresStore } from '@tunacorn/postgres'
import {
  DataDirectoryLockedError,
  EmbeddedNotInstalledError,
  openEmbedded,
  type EmbeddedDatabase,
} from '@tunacorn/postgres/embedded'
import { errorCode, Failure, messageOf } from './failures.js'

/** Where everything is kept. */
export type DatabaseChoice =
  | { readonly kind: 'embedded'; readonly dataDirectory: string }
  | {
      readonly kind: 'postgres'
      readonly url: string
      /** How many connections to it at most; 10 when absent. */
      readonly maxConnections?: number
    }

export interface OpenedDatabase {
  /** What `tunacorn()` takes. */
  readonly database: DatabaseOption
  /** For people; without a password. */
  readonly description: string
  /** The names of the migrations that had to run, for its schema to be up to date. */
  readonly migrations: readonly string[]
  /** Closes what is behind `database`, after who uses it has let go of it. */
  close(): Promise<void>
}

/** How long a PostgreSQL server may take to answer at the start: it may have been started together with us. */
const patienceMs = 10_000

/**
 * Opens the database and brings its schema up to date.
 *
 * @throws Failure when that cannot be done
 */
export async function openDatabase(
  choice: DatabaseChoice,
  onProgress: (message: string) => void,
): Promise<OpenedDatabase> {
  const description = describeDatabase(choice)
  return choice.kind === 'embedded'
    ? openDirectory(choice.dataDirectory, description, onProgress)
    : openServer(choice.url, description, onProgress)
}

export function describeDatabase(choice: DatabaseChoice): string {
  return choice.kind === 'embedded'
    ? `the embedded database in ${choice.dataDirectory}`
    : `PostgreSQL at ${placeOf(choice.url)}`
}

async function openDirectory(
  dataDirectory: string,
  description: string,
  onProgress: (message: string) => void,
): Promise<OpenedDatabase> {
  const database = await embedded(dataDirectory, description, onProgress)
  try {
    const migrations = await new PostgresStore(database.pool).migrate()
    return { database, description, migrations, close: () => database.close() }
  } catch (error) {
    await database.close()
    throw new Failure(`${description} cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

async function embedded(
  dataDirectory: string,
  description: string,
  onProgress: (message: string) => void,
): Promise<EmbeddedDatabase> {
  try {
    return await openEmbedded({ dataDirectory, onProgress })
  } catch (error) {
    if (error instanceof DataDirectoryLockedError) {
      throw new Failure(`${error.message} (--data-dir, --database-url)`, { cause: error })
    }
    if (error instanceof EmbeddedNotInstalledError) throw new Failure(error.message, { cause: error })
    throw new Failure(
      `Expected to open ${description}, but: ${messageOf(error)}. Another directory can be given with --data-dir.`,
      { cause: error },
    )
  }
}

async function openServer(
  url: string,
  description: string,
  onProgress: (message: string) => void,
): Promise<OpenedDatabase> {
  const store = new PostgresStore(url, { maxConnections: 1 })
  try {
    const migrations = await migrateWhenReachable(store, description, onProgress)
    return { database: url, description, migrations, close: async () => {} }
  } finally {
    await store.close()
  }
}

async function migrateWhenReachable(
  store: PostgresStore,
  description: string,
  onProgress: (message: string) => void,
): Promise<string[]> {
  const giveUpAt = performance.now() + patienceMs
  for (let pauseMs = 250; ; pauseMs = Math.min(2 * pauseMs, 2_000)) {
    try {
      // One try after the other.
      return await store.migrate()
    } catch (error) {
      const isAway = error instanceof TunaCornError && error.code === 'unavailable'
      if (!isAway) throw refused(description, error)
      if (performance.now() + pauseMs > giveUpAt) throw unreachable(description, error)
      if (pauseMs === 250) onProgress(`Waiting for ${description}, which does not answer yet`)
    }
    await sleep(pauseMs)
  }
}

function unreachable(description: string, error: TunaCornError): Failure {
  const { cause } = error
  const why = messageOf(cause) || (errorCode(cause) ?? error.message)
  return new Failure(
    `Expected ${description} to answer within ${patienceMs / 1_000} s, but: ${why}. Is it running, and is DATABASE_URL (--database-url) right?`,
    { cause: error },
  )
}

/** What PostgreSQL says to a wrong password, an unknown database, rights that are missing; or a schema too new. */
function refused(description: string, error: unknown): Failure {
  const isOurs = error instanceof TunaCornError
  const hint = isOurs ? '' : ' Check DATABASE_URL (--database-url), and the rights of its user.'
  return new Failure(`${description} cannot be used: ${messageOf(error).replace(/\.?$/, '.')}${hint}`, {
    cause: error,
  })
}

/** Host, port and database of a URL: what may be shown of it. */
function placeOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url.replace('@/', '@localhost/'))
  const host = searchParams.get('host') ?? (hostname === '' ? 'localhost' : hostname)
  return `${host}${host.startsWith('/') ? '' : `:${port === '' ? '5432' : port}`}${pathname}`
}
