import type pg from 'pg'
import { MemoryStore, type Logger, type Store } from '@tunacorn/core'
import { PostgresStore } from '@tunacorn/postgres'

/** Where TunaCorn keeps everything: a connection string, a pool, or something that has a pool. */
export type DatabaseOption = string | pg.Pool | { readonly pool: pg.Pool }

export interface OpenedStore {
  readonly store: Store
  /** Resolves when the schema is up to date. Asked again after it has failed, it tries again. */
  readonly whenReady: () => Promise<void>
}

/** After a failed try, requests do not set off another one for so long. */
const pauseMs = 1_000

export function openStore(
  {
    database,
    schema,
    maxConnections,
    statementLimitMs,
  }: {
    readonly database?: DatabaseOption | undefined
    readonly schema?: string | undefined
    readonly maxConnections?: number | undefined
    readonly statementLimitMs?: number | undefined
  },
  logger: Logger,
): OpenedStore {
  if (database === undefined) {
    logger.warn('no database is given: everything is kept in memory and lost when this program ends')
    return { store: new MemoryStore(), whenReady: () => Promise.resolve() }
  }
  const connection = typeof database === 'object' && 'pool' in database ? database.pool : database
  const store = new PostgresStore(connection, {
    ...(schema === undefined ? {} : { schema }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
    ...(statementLimitMs === undefined ? {} : { statementLimitMs }),
    // Not the error itself: a pool hangs its client on it, with all that is in there.
    onConnectionError: ({ message, code }: Error & { readonly code?: unknown }) =>
      logger.warn({ error: message, code }, 'a connection to the database broke while idle'),
  })
  return { store, whenReady: retryingOnDemand(() => migrate(store, logger)) }
}

async function migrate(store: PostgresStore, logger: Logger): Promise<void> {
  const applied = await store.migrate()
  if (applied.length > 0) logger.info({ migrations: applied }, 'database schema brought up to date')
}

/** Runs once, for all who ask; when it has failed, once more for who asks after a pause. */
function retryingOnDemand(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined
  return () => {
    if (current === undefined) {
      const tried = run()
      current = tried
      tried.catch(() => {
        setTimeout(() => {
          current = undefined
        }, pauseMs).unref()
      })
    }
    return current
  }
}
