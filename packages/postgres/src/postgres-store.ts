import pg from 'pg'
import type { ConnectionUse, Store } from '@tunacorn/core'
import { Database, type Statement } from './database.js'
import {
  inspect,
  inspectSettings,
  type DatabaseSettings,
  type InspectOptions,
  type Inspection,
} from './inspect.js'
import { migrate, type MigrateOptions } from './migrate.js'
import { PostgresApiKeyList } from './postgres-api-key-list.js'
import { PostgresDefinitionList } from './postgres-definition-list.js'
import { PostgresNews } from './postgres-news.js'
import { PostgresProcessList } from './postgres-process-list.js'
import { PostgresTaskList } from './postgres-task-list.js'
import { snapshotAgeSql } from './statements/snapshot-age.js'

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

/** To listen takes one connection for good. With fewer than these, statements need it more; the embedded database has one. */
const leastForNews = 4

/** The lists on PostgreSQL. `migrate` must have run, once, before the first use. */
export class PostgresStore implements Store {
  readonly definitionList: PostgresDefinitionList
  readonly processList: PostgresProcessList
  readonly taskList: PostgresTaskList
  readonly apiKeyList: PostgresApiKeyList
  readonly news?: PostgresNews
  readonly #database: Database
  readonly #snapshotAge: Statement
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
    this.apiKeyList = new PostgresApiKeyList(this.#database)
    if (pool.options.max >= leastForNews) this.news = new PostgresNews(this.#database)
    this.#snapshotAge = this.#database.statement('snapshot_age', snapshotAgeSql)
  }

  /** Brings the schema up to date; see `migrate`. Answers the names of the migrations applied. */
  async migrate(options?: MigrateOptions): Promise<string[]> {
    return migrate(this.#database, options)
  }

  connections(): ConnectionUse {
    const { options, totalCount, idleCount, waitingCount } = this.#database.pool
    // Who has only just asked for one of the idle ones does not wait.
    const waiting = Math.max(0, waitingCount - idleCount)
    return { max: options.max, open: totalCount, idle: idleCount, waiting }
  }

  async snapshotAgeMs(): Promise<number> {
    const [row] = await this.#database.run(this.#snapshotAge, [])
    return row?.['ms'] as number
  }

  /** What the promises of this store rest on, as its database has them. */
  async settings(): Promise<DatabaseSettings> {
    return inspectSettings(this.#database)
  }

  /** All that there is to find wrong: see `Inspection`. Changes nothing, and needs no `migrate` before. */
  async inspect(options?: InspectOptions): Promise<Inspection> {
    return inspect(this.#database, (limit) => this.processList.stuck(limit), options)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.news?.close()
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
