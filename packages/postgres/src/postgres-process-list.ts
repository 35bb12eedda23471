import type {
  FetchedProcess,
  HistoryEvent,
  PersistResult,
  ProcessChange,
  ProcessCriteria,
  ProcessList,
  ProcessOverview,
  ProcessRecord,
} from '@tunacorn/core'
import type pg from 'pg'
import { isTransient, type Database, type Row, type Statement } from './database.js'
import { historyEvent, processRecord } from './rows.js'
import { commitChangesSql, commitChangesValues, commitRow } from './statements/commit-changes.js'
import { fetchedProcess, fetchProcessesSql } from './statements/fetch-processes.js'
import {
  destroyProcessesSql,
  eventsSql,
  historySql,
  listProcessesSql,
  processOverviewSql,
} from './statements/processes.js'
import { startProcessesSql, startProcessesValues } from './statements/start-processes.js'

interface Read {
  readonly id: string
  readonly afterVersion: number
}

/** Processes on PostgreSQL. A commit is one statement, and so one transaction, for all processes in it. */
export class PostgresProcessList implements ProcessList {
  readonly store: Database
  readonly #fetch: Statement
  readonly #fetchHolding: Statement
  readonly #start: Statement
  readonly #commit: Statement
  readonly #commitWaiting: Statement
  readonly #list: Statement
  readonly #overview: Statement
  readonly #history: Statement
  readonly #events: Statement
  readonly #destroy: Statement

  constructor(database: Database) {
    this.store = database
    const { schema } = database
    this.#fetch = database.statement('fetch', fetchProcessesSql(schema, false))
    this.#fetchHolding = database.statement('fetch_holding', fetchProcessesSql(schema, true))
    this.#start = database.statement('start', startProcessesSql(schema))
    this.#commit = database.statement('commit', commitChangesSql(schema, false))
    this.#commitWaiting = database.statement('commit_waiting', commitChangesSql(schema, true))
    this.#list = database.statement('list_processes', listProcessesSql(schema))
    this.#overview = database.statement('overview', processOverviewSql(schema))
    this.#history = database.statement('history', historySql(schema))
    this.#events = database.statement('events', eventsSql(schema))
    this.#destroy = database.statement('destroy', destroyProcessesSql(schema))
  }

  async fetch(reads: readonly Read[]): Promise<(FetchedProcess | undefined)[]> {
    if (reads.length === 0) return []
    const rows = await this.store.run(this.#fetch, readValues(reads))
    const found = new Map(rows.map((row) => [row['place'], fetchedProcess(row)]))
    return reads.map((_read, index) => found.get(index + 1))
  }

  async persist(changes: readonly ProcessChange[]): Promise<PersistResult[]> {
    const results = new Map<string, PersistResult>()
    const starts = changes.filter(({ started }) => started !== undefined)
    const moves = changes.filter(({ started }) => started === undefined)
    if (starts.length > 0) await this.#persistStarts(starts, results)
    if (moves.length > 0) await this.#persistMoves(moves, results)
    return changes.map(({ id }) => results.get(id) ?? { status: 'moved' })
  }

  async persistHeld(
    read: Read,
    decide: (fetched: FetchedProcess | undefined) => ProcessChange | undefined,
  ): Promise<PersistResult | undefined> {
    return this.store.transaction(async (connection) => {
      // The lock first, in a statement of its own: the next one's snapshot then sees all that it waited for.
      await this.store.runOn(
        connection,
        this.#fetchHolding,
        readValues([{ ...read, afterVersion: maxVersion }]),
      )
      const [row] = await this.store.runOn(connection, this.#fetch, readValues([read]))
      const change = decide(row === undefined ? undefined : fetchedProcess(row))
      return change === undefined ? undefined : this.#persistOn(connection, change)
    })
  }

  async destroy(ids: readonly string[]): Promise<string[]> {
    const rows = await this.store.run(this.#destroy, [ids])
    return rows.map((row) => row['id'] as string)
  }

  async overview(id: string): Promise<ProcessOverview | undefined> {
    const [row] = await this.store.run(this.#overview, [id])
    if (row === undefined) return undefined
    const record = processRecord(row)
    const counts = { scheduled: row['scheduled'] as number, claimed: row['claimed'] as number }
    // Nothing follows the event that ends a process, so it may be read in a second statement.
    const ending =
      record.state === 'running' ? undefined : await this.events([{ id, version: record.version }])
    return { record, counts, ending: ending?.[0] }
  }

  async list({ state, definition, beforeId, limit }: ProcessCriteria): Promise<ProcessRecord[]> {
    const rows = await this.store.run(this.#list, [
      state ?? null,
      definition ?? null,
      beforeId ?? null,
      limit,
    ])
    return rows.map(processRecord)
  }

  async history(id: string, afterVersion: number, limit: number): Promise<HistoryEvent[]> {
    const rows = await this.store.run(this.#history, [id, afterVersion, limit])
    return rows.map(historyEvent)
  }

  async events(
    reads: readonly { readonly id: string; readonly version: number }[],
  ): Promise<(HistoryEvent | undefined)[]> {
    if (reads.length === 0) return []
    const rows = await this.store.run(this.#events, [
      reads.map(({ id }) => id),
      reads.map(({ version }) => version),
    ])
    const found = new Map(rows.map((row) => [`${String(row['process_id'])}@${String(row['version'])}`, row]))
    return reads.map(({ id, version }) => {
      const row = found.get(`${id}@${version}`)
      return row === undefined ? undefined : historyEvent(row)
    })
  }

  async #persistStarts(starts: readonly ProcessChange[], results: Map<string, PersistResult>): Promise<void> {
    const rows = await this.store.run(this.#start, startProcessesValues(starts))
    collectStarts(rows, results)
  }

  async #persistMoves(moves: readonly ProcessChange[], results: Map<string, PersistResult>): Promise<void> {
    try {
      const rows = await this.store.run(this.#commit, commitChangesValues(moves))
      collectMoves(rows, moves, results)
    } catch (error) {
      // Left out of the results, they count as moved: they may be tried again.
      if (!isTransient(error)) throw error
    }
  }

  async #persistOn(connection: pg.PoolClient, change: ProcessChange): Promise<PersistResult> {
    const results = new Map<string, PersistResult>()
    if (change.started === undefined) {
      const rows = await this.store.runOn(connection, this.#commitWaiting, commitChangesValues([change]))
      collectMoves(rows, [change], results)
    } else {
      const rows = await this.store.runOn(connection, this.#start, startProcessesValues([change]))
      collectStarts(rows, results)
    }
    return results.get(change.id) ?? { status: 'moved' }
  }
}

/** Later than any version: reads no events. */
const maxVersion = Number.MAX_SAFE_INTEGER

function readValues(reads: readonly Read[]): unknown[] {
  return [reads.map(({ id }) => id), reads.map(({ afterVersion }) => afterVersion)]
}

function collectStarts(rows: readonly Row[], results: Map<string, PersistResult>): void {
  for (const row of rows) results.set(row['id'] as string, { status: 'committed', at: row['at'] as Date })
}

function collectMoves(
  rows: readonly Row[],
  changes: readonly ProcessChange[],
  results: Map<string, PersistResult>,
): void {
  const reported = new Map(changes.map((change) => [change.id, change]))
  for (const { id, committed, held, at } of rows.map(commitRow)) {
    const change = reported.get(id)
    if (committed) results.set(id, { status: 'committed', at })
    else if (change !== undefined) results.set(id, { status: 'claims-lost', tasks: lostTasks(change, held) })
  }
}

function lostTasks(change: ProcessChange, held: readonly number[]): number[] {
  const live = new Set(held)
  return change.events.flatMap(({ task, claim }) =>
    task === undefined || claim === undefined || live.has(task) ? [] : [task],
  )
}
