import { PostgresStore } from '@tunacorn/postgres'
import { DataDirectoryLockedError, hasDatabase } from '@tunacorn/postgres/embedded'
import { Failure } from '../failures.js'
import {
  databaseFailure,
  describeDatabase,
  openEmbeddedDatabase,
  type DatabaseChoice,
} from '../open-database.js'
import type { Finding } from './finding.js'
import { findings, lateMs } from './findings.js'

/**
 * Looks at a database as it is, without bringing its schema up to date.
 *
 * @throws Failure when it cannot be opened
 */
export async function examine(
  choice: DatabaseChoice,
  onProgress: (message: string) => void,
): Promise<Finding[]> {
  if (choice.kind === 'postgres')
    return examineStore(new PostgresStore(choice.url, { ...choice, maxConnections: 1 }), choice)
  if (!(await hasDatabase(choice.dataDirectory))) {
    throw new Failure(
      `There is no database in ${choice.dataDirectory}. Name its directory with --data-dir, or a PostgreSQL server with DATABASE_URL.`,
    )
  }
  const embedded = await openEmbeddedDatabase(choice.dataDirectory, onProgress).catch(sayWhomToAsk)
  try {
    return await examineStore(new PostgresStore(embedded.pool), choice)
  } finally {
    await embedded.close()
  }
}

function sayWhomToAsk(error: unknown): never {
  if (error instanceof Failure && error.cause instanceof DataDirectoryLockedError)
    throw new Failure(
      `${error.message} Ask its server for what it can see: tunacorn doctor --url <its url>, such as http://127.0.0.1:8266`,
      { cause: error },
    )
  throw error
}

async function examineStore(store: PostgresStore, choice: DatabaseChoice): Promise<Finding[]> {
  try {
    // The first time, a connection is made: only the second reading says when the clock was read.
    await store.settings()
    const askedAt = Date.now()
    const { now } = await store.settings()
    const answeredAt = Date.now()
    const aheadMs = now.getTime() - (askedAt + answeredAt) / 2
    const uncertainMs = (answeredAt - askedAt) / 2
    const inspection = await store.inspect({ lateMs })
    return findings(inspection, { aheadMs, uncertainMs, isEmbedded: choice.kind === 'embedded' })
  } catch (error) {
    throw databaseFailure(describeDatabase(choice), error)
  } finally {
    await store.close()
  }
}
