import pg from 'pg'
import type { Store } from '@tunacorn/core'
import { Database } from './database.js'
import { migrate } from './migrate.js'
import { PostgresDefinitionList } from './postgres-definition-list.js'
import { PostgresProcessList } from './postgres-process-list.js'
import { PostgresTaskList } from './postgres-task-list.js'

export interface PostgresStoreOptions {
  /** The PostgreSQL schema that all of TunaCorn lives in; `tunacorn` when absent. */
  readonly schema?: string
  /** How many connections at most, when the store makes its own pool; 10 when absent. */
  readonly maxConnections?: number
  /**
   * How long an answer to a statement is waited for, in milliseconds; 30 s when absent. After that the database counts as
   * away: `unavailable`, and the connection is given up.
   */
  readonly statementLimitMs?: number
  /** Told of connections that broke while idle; the pool replaces them. */
  readonly onConnectionError?: (error: Error) => void
}

/** The lists on PostgreSQL. `migrate` must have run, once, before the first use. */
export class PostgresStore implements Store {
  readonly definitionList: PostgresDefinitionList
  readonly processList: PostgresProcessList
  readonly taskList: PostgresTaskList
  readonly #database: Database
  readonly #ownsPool: boolean
  readonly #onError: (error: Error) => void
  #isClosed = false

  /** @param connection a connection string, or a pool of the host's that stays the host's to end. */
  constructor(connection: string | pg.Pool, options: PostgresStoreOptions = {}) {
    this.#ownsPool = typeof connection === 'string'
    const pool = typeof connection === 'string' ? ownPool(connection, options) : connection
    // Without a listener, a connection that breaks while idle would end the whole process.
    this.#onError = options.onConnectionError ?? (() => {})
    pool.on('error', this.#onError)
    this.#database = new Database(pool, pg.escapeIdentifier(options.schema ?? 'tunacorn'), {
      statementLimitMs: options.statementLimitMs ?? 30_000,
    })
    this.definitionList = new PostgresDefinitionList(this.#database)
    this.processList = new PostgresProcessList(this.#database)
    this.taskList = new PostgresTaskList(this.#database)
  }

  /** Brings the schema up to date; see `migrate`. Answers the names of the migrations applied. */
  async migrate(): Promise<string[]> {
    return migrate(this.#database)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const { pool } = this.#database
    if (this.#ownsPool) await pool.end()
    pool.off('error', this.#onError)
  }
}

function ownPool(connectionString: string, { maxConnections = 10 }: PostgresStoreOptions): pg.Pool {
  return new pg.Pool({
    connectionString,
    max: maxConnections,
    connectionTimeoutMillis: 10_000,
    application_name: 'tunacorn',
    keepAlive: true,
  })
}
