import { createHash } from 'node:crypto'
import pg from 'pg'
import { TunaCornError } from '@tunacorn/core'
import { arrayText, type Item } from './array-text.js'

/** One whole SQL statement, and a name by which a connection keeps it prepared. */
export interface Statement {
  readonly name: string
  readonly text: string
}

export type Row = Readonly<Record<string, unknown>>

const identity = (text: string): string => text
const moment = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ) as (text: string) => Date | number
const parsers = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, Number],
  // Payloads pass through as the text they are.
  [pg.types.builtins.JSON, identity],
  [pg.types.builtins.TIMESTAMPTZ, rememberingSome(moment)],
])
// Set on each query, so that a host's pool keeps its own ways with types.
const types = {
  getTypeParser: (oid: number, format?: string): unknown =>
    parsers.get(oid) ?? pg.types.getTypeParser(oid, format as 'text'),
}

/** So many moments are remembered: rows that come together share theirs, and each has a few. */
const maxMoments = 8

/** What comes with one commit has one time, in each of its rows. */
function rememberingSome(parse: (text: string) => Date | number): (text: string) => Date | number {
  const known = new Map<string, Date | number>()
  return (text) => {
    let value = known.get(text)
    if (value === undefined) {
      value = parse(text)
      if (known.size >= maxMoments) known.clear()
      known.set(text, value)
    }
    // Each reader has a date of its own; infinity is a number.
    return value instanceof Date ? new Date(value.getTime()) : value
  }
}

/** Errors that mean: nothing was done, and the same statement may go through if sent again. */
const transient = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
])

/** The statement was not known to the session that it reached: a pooler stands between. */
const poolerBetween = new Set(['26000', '42P05'])

type Connection = Pick<pg.ClientBase, 'query'>

/** A connection that the host has begun a transaction on. */
export type HostTransaction = pg.ClientBase

export interface DatabaseOptions {
  /** How long an answer to a statement is waited for. */
  readonly statementLimitMs: number
  /**
   * Of the host's: everything happens in it. Nothing is prepared then: should a pooler stand between, the error would end
   * the host's transaction, and nothing could be tried again. How long it may take is the host's as well.
   */
  readonly transaction?: HostTransaction
}

/** Runs statements on a pool: prepared where possible, results typed, errors told apart. */
export class Database {
  readonly pool: pg.Pool
  readonly schema: string
  readonly #statementLimitMs: number
  readonly #transaction: HostTransaction | undefined
  #prepare: boolean

  /** @param schema the PostgreSQL schema that all of TunaCorn lives in. */
  constructor(pool: pg.Pool, schema: string, { statementLimitMs, transaction }: DatabaseOptions) {
    this.pool = pool
    this.schema = schema
    this.#statementLimitMs = statementLimitMs
    this.#transaction = transaction
    this.#prepare = transaction === undefined
  }

  /** The same database, inside a transaction of the host's. @throws TypeError when it is none */
  within(transaction: unknown): Database {
    return new Database(this.pool, this.schema, {
      statementLimitMs: this.#statementLimitMs,
      transaction: hostTransaction(transaction),
    })
  }

  /** Whether everything happens in a transaction that an error would end. */
  get isWithin(): boolean {
    return this.#transaction !== undefined
  }

  statement(label: string, text: string): Statement {
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 12)
    return { name: `tunacorn_${label}_${digest}`, text }
  }

  /** Runs one statement by itself, as its own transaction. */
  async run(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return this.runOn(this.#transaction ?? this.pool, statement, values)
  }

  /** Runs one statement on a connection that the caller holds. */
  async runOn(connection: Connection, statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    // As it was sent: another one may have noticed the pooler meanwhile. In a transaction it could not be sent again.
    const isPrepared = this.#prepare && connection === this.pool
    try {
      return await this.#send(connection, statement, values, isPrepared)
    } catch (error) {
      if (!isPrepared || !poolerBetween.has(sqlState(error) ?? '')) throw this.#storeError(error)
    }
    // PgBouncer in transaction mode hands each transaction another session: prepare nothing from now on.
    this.#prepare = false
    try {
      return await this.#send(connection, statement, values, false)
    } catch (error) {
      throw this.#storeError(error)
    }
  }

  /** Runs `body` in a transaction on one connection; rolled back when it throws, and what it throws is passed on. */
  async transaction<T>(body: (connection: pg.ClientBase) => Promise<T>): Promise<T> {
    if (this.#transaction !== undefined) return body(this.#transaction)
    let broken: Error | undefined
    const onError = (cause: Error): void => {
      broken = cause
    }
    const connection = await this.connect(onError)
    try {
      // A transaction that its replica has forgotten must not hold locks, nor keep dead rows, for ever.
      await this.control(connection, `BEGIN; SET LOCAL idle_in_transaction_session_timeout = '30s'`)
      const result = await body(connection)
      await this.control(connection, 'COMMIT')
      return result
    } catch (error) {
      // Who does not answer is not asked again: the end of the connection ends the transaction.
      if (isUnavailable(error)) broken = error
      else
        await this.control(connection, 'ROLLBACK').catch((cause: Error) => {
          broken = cause
        })
      throw error
    } finally {
      connection.off('error', onError)
      connection.release(broken)
    }
  }

  /**
   * A connection for the caller to hold, and to release.
   * @param onError hears that it broke while nothing was asked of it, which would end the whole process if nobody did. It
   *   listens before anything else can happen: a new connection may be over with the very packet that brings it.
   */
  connect(onError: (cause: Error) => void): Promise<pg.PoolClient> {
    return new Promise((resolve, reject) => {
      this.pool.connect((error, connection) => {
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- one of the store's
        if (connection === undefined) return reject(storeError(error))
        connection.on('error', onError)
        resolve(connection)
      })
    })
  }

  async #send(
    connection: Connection,
    { name, text }: Statement,
    values: readonly unknown[],
    prepare: boolean,
  ): Promise<Row[]> {
    const { rows } = await connection.query<Row>({
      ...(prepare ? { name } : {}),
      text,
      values: values.map((value) => (Array.isArray(value) ? arrayText(value as Item[]) : value)),
      types,
      ...this.#limit,
    })
    return rows
  }

  /** Runs statements without parameters, as they are, on a connection that the caller holds; `limited` to their time, as all others. */
  async control(connection: Connection, text: string, { limited = true } = {}): Promise<Row[]> {
    try {
      const { rows } = await connection.query<Row>({ text, ...(limited ? this.#limit : {}) })
      return rows
    } catch (error) {
      throw this.#storeError(error)
    }
  }

  /** In a transaction of the host's, what it may not do and when it is given up is the host's to know. */
  #storeError(error: unknown): unknown {
    const isTheirs = this.isWithin && notDone.has(sqlState(error) ?? '')
    return isTheirs ? error : storeError(error)
  }

  /**
   * Should a connection hang, whoever waits for it is told so in time. By a clock of our own: a limit that the database
   * keeps says nothing once it is the database, or the way to it, that hangs; and setting it would be session state.
   */
  get #limit(): { query_timeout?: number } {
    return this.#transaction === undefined ? { query_timeout: this.#statementLimitMs } : {}
  }
}

/** What the host gave, where it can be what it should be: a mistake here would be seen only by what is missing later. */
function hostTransaction(given: unknown): HostTransaction {
  const { query, totalCount, getTransactionStatus } = (given ?? {}) as Partial<pg.Pool & pg.Client>
  if (typeof query !== 'function' || totalCount !== undefined) {
    const what = totalCount === undefined ? 'something else' : 'a pool, of which each query may go elsewhere'
    throw new TypeError(
      `Expected transaction to be a pg client, but it is ${what}. Take one with pool.connect().`,
    )
  }
  // Older versions of pg cannot tell.
  if (getTransactionStatus?.call(given) === 'I') {
    throw new TypeError(
      'Expected transaction to be a pg client with a transaction begun, but it has none. Send it BEGIN first.',
    )
  }
  return given as HostTransaction
}

/** Whether the database refused only because of what others were doing at that moment. */
export function isTransient(error: unknown): boolean {
  return transient.has(sqlState(error instanceof TunaCornError ? error.cause : error) ?? '')
}

export function isUnavailable(error: unknown): error is TunaCornError {
  return error instanceof TunaCornError && error.code === 'unavailable'
}

export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/**
 * Tells apart what the database refused (its own error passes) from a database that did not answer:
 * `unavailable`, and what became of the statement is not known.
 */
function storeError(error: unknown): unknown {
  if (error instanceof TunaCornError) return error
  if (error instanceof pg.DatabaseError) {
    withoutValues(error)
    if (!isPassing(error)) return error
  }
  const reason = error instanceof Error ? error.message || (sqlState(error) ?? error.name) : String(error)
  return new TunaCornError('unavailable', `Expected the database to answer, but: ${reason}`, { cause: error })
}

/**
 * Of whoever has a statement cancelled, by hand or after a time, and of a standby, or a database that is not to be written.
 * Nothing was done. In a transaction of the host's it is the host's doing.
 */
const notDone = new Set([
  '57014', // query_canceled
  '25006', // read_only_sql_transaction
])

/** Whether the database cannot now, and has done nothing of what it was asked. */
export function isNotDone(error: unknown): error is TunaCornError {
  return isUnavailable(error) && notDone.has(sqlState(error.cause) ?? '')
}

/**
 * Whether it is the database that cannot now, whatever was asked. By its class; or because it has ended the session,
 * unless that is for whom or what the session is: on a full disk new ones end with an internal error (`XX000`), which said
 * of a statement means that statement. (A database whose messages are translated may say FATAL in another word; then that
 * one is an internal error here too.)
 */
function isPassing({ code, severity }: pg.DatabaseError): boolean {
  if (code === undefined) return true
  const hasEnded = severity === 'FATAL' || severity === 'PANIC'
  return notDone.has(code) || /^(08|53|57P|58)/.test(code) || (hasEnded && !/^(0A|22|28|3D|42)/.test(code))
}

/** These fields may quote what was sent, inputs and secrets of claims among it; whoever logs the error would log them. */
function withoutValues(error: pg.DatabaseError): void {
  error.detail = undefined
  error.where = undefined
  error.internalQuery = undefined
}
