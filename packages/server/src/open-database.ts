import { setTimeout as sleep } from 'node:timers/promises'
import { TunaCornError } from '@tunacorn/core'
import type { DatabaseOption } from '@tunacorn/express'
import { PostgresStore, type PostgresApiKeyList } from '@tunacorn/postgres'
import {
  DataDirectoryLockedError,
  EmbeddedNotInstalledError,
  openEmbedded,
  type EmbeddedDatabase,
} from '@tunacorn/postgres/embedded'
import type { Finding } from './doctor/finding.js'
import { settingFindings } from './doctor/setting-findings.js'
import { errorCode, exitCodes, Failure, messageOf } from './failures.js'

/** Where everything is kept. */
export type DatabaseChoice = { readonly kind: 'embedded'; readonly dataDirectory: string } | PostgresChoice

interface PostgresChoice {
  readonly kind: 'postgres'
  readonly url: string
  /** How many connections to it a server opens at most, two or more. */
  readonly maxConnections: number
  readonly statementLimitMs: number
}

export interface OpenedDatabase {
  /** What `tunacorn()` takes. */
  readonly database: DatabaseOption
  /** Read on a connection of its own where there is more than one: who waits for the others is let in or not at once. */
  readonly apiKeys: PostgresApiKeyList
  /** For people; without a password. */
  readonly description: string
  /** The names of the migrations that had to run, for its schema to be up to date. */
  readonly migrations: readonly string[]
  /** What is wrong with its settings. */
  readonly faults: readonly Finding[]
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
    : openServer(choice, description, onProgress)
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
  const database = await openEmbeddedDatabase(dataDirectory, onProgress)
  try {
    const store = new PostgresStore(database.pool)
    const migrations = await store.migrate()
    const faults = await faultsOf(store)
    return {
      database,
      apiKeys: store.apiKeyList,
      description,
      migrations,
      faults,
      close: () => database.close(),
    }
  } catch (error) {
    await database.close()
    throw new Failure(`${description} cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

/** @throws Failure when it cannot be opened, or is open already */
export async function openEmbeddedDatabase(
  dataDirectory: string,
  onProgress: (message: string) => void,
): Promise<EmbeddedDatabase> {
  const description = describeDatabase({ kind: 'embedded', dataDirectory })
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
  { url, statementLimitMs }: PostgresChoice,
  description: string,
  onProgress: (message: string) => void,
): Promise<OpenedDatabase> {
  const store = new PostgresStore(url, { maxConnections: 1, statementLimitMs })
  try {
    const migrations = await migrateWhenReachable(store, description, onProgress)
    const close = () => store.close()
    const faults = await faultsOf(store)
    return { database: url, apiKeys: store.apiKeyList, description, migrations, faults, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function faultsOf(store: PostgresStore): Promise<Finding[]> {
  return settingFindings(await store.settings()).filter(({ isWell }) => !isWell)
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
      if (performance.now() + pauseMs > giveUpAt)
        throw unreachable(description, error, ` within ${patienceMs / 1_000} s`)
      if (pauseMs === 250) onProgress(`Waiting for ${description}, which does not answer yet`)
    }
    await sleep(pauseMs)
  }
}

/** What a PostgreSQL server has refused, or that it does not answer. */
export function databaseFailure(description: string, error: unknown): Failure {
  const isAway = error instanceof TunaCornError && error.code === 'unavailable'
  return isAway ? unreachable(description, error) : refused(description, error)
}

function unreachable(description: string, error: TunaCornError, within = ''): Failure {
  const { cause } = error
  const why = messageOf(cause) || (errorCode(cause) ?? error.message)
  return new Failure(
    `Expected ${description} to answer${within}, but: ${why}. Is it running, and is DATABASE_URL (--database-url) right?`,
    { cause: error, exitCode: exitCodes.unreachable },
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
