import {
  isLive,
  type DueProcess,
  type FetchedProcess,
  type HandedOut,
  type ProcessCensus,
  type HeldTask,
  type HistoryEvent,
  type JointClaim,
  type PersistResult,
  type ProcessChange,
  type ProcessCriteria,
  type ProcessList,
  type ProcessOverview,
  type ProcessRecord,
  type Tidied,
  type TidyOptions,
} from '@tunacorn/core'
import type pg from 'pg'
import { CannotFollow, collectMoves, mayTryAgain, startOutcome } from './commit-outcomes.js'
import { isNotDone, isUnavailable, type Database, type Row, type Statement } from './database.js'
import { handedOut as handedOutOf, historyEvent, processRecord } from './rows.js'
import { processCensus, processCensusSql } from './statements/census.js'
import { claimScope, claimTasksValues, type ClaimScope } from './statements/claim-tasks.js'
import { commitChangesSql, commitChangesValues } from './statements/commit-changes.js'
import {
  commitCompletionsSql,
  commitCompletionsValues,
  isCompletion,
} from './statements/commit-completions.js'
import { fetchedProcess, fetchProcessesSql } from './statements/fetch-processes.js'
import {
  destroyProcessesSql,
  dueProcessesSql,
  dueProcessesValues,
  endedProcessesSql,
  eventsSql,
  findByKeySql,
  findOnceSql,
  findReportSql,
  findTracesSql,
  forgetOldOnceSql,
  forgetOnceSql,
  historySql,
  listProcessesSql,
  processOverviewSql,
} from './statements/processes.js'
import {
  inStatements,
  isStart,
  startProcessesSql,
  startProcessesValues,
  type Start,
} from './statements/start-processes.js'
import { stuckProcessesSql } from './statements/stuck-processes.js'

/** How many events are removed in one statement, as long as that is more than one process: it must end in time. */
const mostEventsTidied = 20_000

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
  readonly #commitCompletions: Statement
  readonly #commitClaiming: Readonly<Record<ClaimScope, Statement>>
  readonly #commitWaiting: Statement
  readonly #list: Statement
  readonly #overview: Statement
  readonly #census: Statement
  readonly #history: Statement
  readonly #events: Statement
  readonly #findOnce: Statement
  readonly #forgetOnce: Statement
  readonly #forgetOldOnce: Statement
  readonly #findByKey: Statement
  readonly #findReport: Statement
  readonly #findTraces: Statement
  readonly #due: Statement
  readonly #ended: Statement
  readonly #destroy: Statement
  readonly #stuck: Statement

  constructor(database: Database) {
    this.store = database
    const { schema } = database
    this.#fetch = database.statement('fetch', fetchProcessesSql(schema, false))
    this.#fetchHolding = database.statement('fetch_holding', fetchProcessesSql(schema, true))
    this.#start = database.statement('start', startProcessesSql(schema))
    this.#commitCompletions = database.statement('commit_completions', commitCompletionsSql(schema))
    const claiming = (scope: ClaimScope) =>
      database.statement(`commit_claiming_${scope}`, commitCompletionsSql(schema, scope))
    this.#commitClaiming = {
      names: claiming('names'),
      process: claiming('process'),
      task: claiming('task'),
      any: claiming('any'),
    }
    this.#commit = database.statement('commit', commitChangesSql(schema, false))
    this.#commitWaiting = database.statement('commit_waiting', commitChangesSql(schema, true))
    this.#list = database.statement('list_processes', listProcessesSql(schema))
    this.#overview = database.statement('overview', processOverviewSql(schema))
    this.#census = database.statement('process_census', processCensusSql(schema))
    this.#history = database.statement('history', historySql(schema))
    this.#events = database.statement('events', eventsSql(schema))
    this.#findOnce = database.statement('find_once', findOnceSql(schema))
    this.#forgetOnce = database.statement('forget_once', forgetOnceSql(schema))
    this.#forgetOldOnce = database.statement('forget_old_once', forgetOldOnceSql(schema))
    this.#findByKey = database.statement('find_by_key', findByKeySql(schema))
    this.#findReport = database.statement('find_report', findReportSql(schema))
    this.#findTraces = database.statement('find_traces', findTracesSql(schema))
    this.#due = database.statement('due_processes', dueProcessesSql(schema))
    this.#ended = database.statement('ended_processes', endedProcessesSql(schema))
    this.#destroy = database.statement('destroy', destroyProcessesSql(schema))
    this.#stuck = database.statement('stuck_processes', stuckProcessesSql(schema))
  }

  async fetch(reads: readonly Read[]): Promise<(FetchedProcess | undefined)[]> {
    if (reads.length === 0) return []
    const rows = await this.store.run(this.#fetch, readValues(reads))
    const found = new Map(rows.map((row) => [row['place'], fetchedProcess(row)]))
    return reads.map((_read, index) => found.get(index + 1))
  }

  async persist(changes: readonly ProcessChange[]): Promise<PersistResult[]> {
    const { results } = await this.persistClaiming(changes)
    return results
  }

  async persistClaiming(
    changes: readonly ProcessChange[],
    claim?: JointClaim,
  ): Promise<{ results: PersistResult[]; handedOut: HandedOut | undefined }> {
    const results = new Map<string, PersistResult>()
    const starts = changes.filter(isStart)
    const followed = changes.filter(({ failureProcess }) => failureProcess !== undefined)
    const moves = changes.filter((change) => !isStart(change) && change.failureProcess === undefined)
    let handedOut: HandedOut | undefined
    const move = async () => {
      if (moves.every(isCompletion)) {
        const rows = await this.#persistCompletions(moves, claim)
        if (claim !== undefined) handedOut = handedOutOf(rows, claim.demands)
        if (rows[0]?.['committed'] === true) {
          const committed = { status: 'committed', at: rows[0]['at'] as Date } as const
          for (const { id } of moves) results.set(id, committed)
          return
        }
      }
      collectMoves(await this.store.run(this.#commit, commitChangesValues(moves)), moves, results)
    }
    const commits = [
      ...inStatements(starts).map((some) => ({ of: some, run: () => this.#persistStarts(some, results) })),
      ...(moves.length > 0 ? [{ of: moves, run: move }] : []),
      ...followed.map((change) => ({ of: [change], run: () => this.#persistFollowed(change, results) })),
    ]
    for (const { of, run } of commits) {
      try {
        await run()
      } catch (cause) {
        // Alone, each may be done in time, or is told why not.
        const error = isNotDone(cause) && changes.length > 1 ? cause.cause : cause
        // Left out of the results, they count as moved: they may be tried again. So may those that the database
        // refuses, once others have been committed or handed out, since that must be told; alone they hear the reason.
        if (!mayTryAgain(error) && results.size === 0 && handedOut === undefined) throw error
        // These may have been stored: tried again, they would be refused for what they have done themselves.
        if (isUnavailable(error)) for (const { id } of of) results.set(id, { status: 'unknown', error })
      }
    }
    return { results: changes.map(({ id }) => results.get(id) ?? { status: 'moved' }), handedOut }
  }

  within(transaction: unknown): PostgresProcessList {
    return new PostgresProcessList(this.store.within(transaction))
  }

  async persistHeld(
    read: Read,
    decide: (fetched: FetchedProcess | undefined) => ProcessChange | undefined,
  ): Promise<PersistResult | undefined> {
    return this.#transact(async (connection) => {
      // The lock first, in a statement of its own: the next one's snapshot then sees all that it waited for.
      await this.store.runOn(
        connection,
        this.#fetchHolding,
        readValues([{ ...read, afterVersion: maxVersion }]),
      )
      const [row] = await this.store.runOn(connection, this.#fetch, readValues([read]))
      const change = decide(row === undefined ? undefined : fetchedProcess(row))
      return change === undefined ? undefined : this.#persistOn(connection, change, this.#commitWaiting)
    })
  }

  async destroy(ids: readonly string[]): Promise<string[]> {
    const rows = await this.store.run(this.#destroy, [ids])
    return rows.map((row) => row['id'] as string)
  }

  async findOnce(key: string): Promise<{ id: string; requestHash: string } | undefined> {
    const [row] = await this.store.run(this.#findOnce, [key])
    if (row !== undefined) return { id: row['id'] as string, requestHash: row['request_hash'] as string }
    await this.store.run(this.#forgetOnce, [key])
    return undefined
  }

  async findByKey(definition: string, key: string): Promise<string | undefined> {
    const [row] = await this.store.run(this.#findByKey, [definition, key])
    return row?.['id'] as string | undefined
  }

  async findReport({ processId, task, claim }: HeldTask): Promise<HistoryEvent | undefined> {
    const [row] = await this.store.run(this.#findReport, [processId, task, claim.attempt, claim.secret])
    return row === undefined ? undefined : historyEvent(row)
  }

  async findTraces({ processId, task, claim }: HeldTask): Promise<HistoryEvent[]> {
    const rows = await this.store.run(this.#findTraces, [processId, task, claim.attempt, claim.secret])
    return rows.map(historyEvent)
  }

  async due(limit: number, after?: DueProcess): Promise<DueProcess[]> {
    const rows = await this.store.run(this.#due, dueProcessesValues(limit, after))
    return rows.map((row) => ({ id: row['id'] as string, dueAt: row['due_at'] as number }))
  }

  async tidy({ endedMsAgo, limit }: TidyOptions): Promise<Tidied> {
    await this.store.run(this.#forgetOldOnce, [limit])
    if (endedMsAgo === undefined) return { destroyed: [], hasMore: false }
    const old = await this.store.run(this.#ended, [endedMsAgo, limit])
    let events = 0
    const ids: string[] = []
    for (const { id, version } of old) {
      // One at least, however long its history.
      if (events >= mostEventsTidied) break
      events += version as number
      ids.push(id as string)
    }
    const destroyed = ids.length === 0 ? [] : await this.destroy(ids)
    return { destroyed, hasMore: old.length === limit || ids.length < old.length }
  }

  async census(): Promise<ProcessCensus> {
    const [row] = await this.store.run(this.#census, [])
    return processCensus(row ?? {})
  }

  async overview(id: string): Promise<ProcessOverview | undefined> {
    const [row] = await this.store.run(this.#overview, [id])
    if (row === undefined) return undefined
    const record = processRecord(row)
    const counts = { scheduled: row['scheduled'] as number, claimed: row['claimed'] as number }
    // Nothing follows the event that ends a process, so it may be read in a second statement.
    const ending = isLive(record.state) ? undefined : await this.events([{ id, version: record.version }])
    return { record, counts, ending: ending?.[0] }
  }

  /** Processes that live though nothing can move them, oldest first. There are none, unless something is broken. */
  async stuck(limit: number): Promise<Pick<ProcessRecord, 'id' | 'definition' | 'state'>[]> {
    const rows = await this.store.run(this.#stuck, [limit])
    return rows.map((row) => ({
      id: row['id'] as string,
      definition: row['definition'] as string,
      state: row['state'] as ProcessRecord['state'],
    }))
  }

  async list({ state, definition, key, beforeId, limit }: ProcessCriteria): Promise<ProcessRecord[]> {
    const rows = await this.store.run(this.#list, [
      state ?? null,
      definition ?? null,
      beforeId ?? null,
      key ?? null,
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

  async #persistStarts(starts: readonly Start[], results: Map<string, PersistResult>): Promise<void> {
    const rows = await this.store.run(this.#start, startProcessesValues(starts))
    for (const row of rows) results.set(row['id'] as string, startOutcome(row))
  }

  #persistCompletions(moves: readonly ProcessChange[], claim: JointClaim | undefined): Promise<Row[]> {
    const values = commitCompletionsValues(moves)
    if (claim === undefined) return this.store.run(this.#commitCompletions, values)
    const { criteria, demands } = claim
    const statement = this.#commitClaiming[claimScope(criteria)]
    return this.store.run(statement, [...values, ...claimTasksValues(criteria, demands)])
  }

  /** A change and the start of what cleans up after it: two statements, one transaction. */
  async #persistFollowed(change: ProcessChange, results: Map<string, PersistResult>): Promise<void> {
    const result = await this.#transact((connection) => this.#persistOn(connection, change, this.#commit))
    results.set(change.id, result)
  }

  async #transact<T>(
    body: (connection: pg.ClientBase) => Promise<T>,
  ): Promise<T | { readonly status: 'moved' }> {
    try {
      return await this.store.transaction(body)
    } catch (error) {
      if (error instanceof CannotFollow || mayTryAgain(error)) return { status: 'moved' }
      throw error
    }
  }

  async #persistOn(
    connection: pg.ClientBase,
    change: ProcessChange,
    commit: Statement,
  ): Promise<PersistResult> {
    if (isStart(change)) return this.#startOn(connection, change)
    const results = new Map<string, PersistResult>()
    const rows = await this.store.runOn(connection, commit, commitChangesValues([change]))
    collectMoves(rows, [change], results)
    const result = results.get(change.id) ?? { status: 'moved' }
    const { failureProcess } = change
    if (result.status === 'committed' && failureProcess !== undefined && isStart(failureProcess)) {
      const followed = await this.#startOn(connection, failureProcess)
      if (followed.status !== 'committed') throw new CannotFollow()
    }
    return result
  }

  async #startOn(connection: pg.ClientBase, start: Start): Promise<PersistResult> {
    const [row] = await this.store.runOn(connection, this.#start, startProcessesValues([start]))
    return startOutcome(row)
  }
}

/** Later than any version: reads no events. */
const maxVersion = Number.MAX_SAFE_INTEGER

function readValues(reads: readonly Read[]): unknown[] {
  return [reads.map(({ id }) => id), reads.map(({ afterVersion }) => afterVersion)]
}
