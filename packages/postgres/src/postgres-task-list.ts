import type {
  BoardCensus,
  BoardCriteria,
  BoardTask,
  ClaimCriteria,
  ClaimDemand,
  DuePlace,
  DueTask,
  HandedOut,
  HeldTask,
  Poll,
  ScheduledTask,
  TaskList,
} from '@tunacorn/core'
import type { Database, Statement } from './database.js'
import { boardTask, dueTask, handedOut } from './rows.js'
import {
  anyClaimableSql,
  beatSql,
  cancelBoardSql,
  claimableNamesSql,
  dueTasksSql,
  dueTasksValues,
  forgetPollsSql,
  forgetWorkersSql,
  lastPollsSql,
  leaveBoardSql,
  listBoardSql,
  notePollsSql,
  noteWorkersSql,
  releaseTaskSql,
  scheduleTasksSql,
} from './statements/board.js'
import { boardCensus, boardCensusSql } from './statements/census.js'
import { newBoardTaskValues } from './statements/board-columns.js'
import { claimScope, claimTasksSql, claimTasksValues, type ClaimScope } from './statements/claim-tasks.js'
import { extendClaimsSql, extendClaimsValues, heldValues, liveClaimsSql } from './statements/extend-claims.js'

/** The board on PostgreSQL. */
export class PostgresTaskList implements TaskList {
  readonly store: Database
  readonly #claims: Readonly<Record<ClaimScope, Statement>>
  readonly #extend: Statement
  readonly #extendWaiting: Statement
  readonly #live: Statement
  readonly #fetch: Statement
  readonly #schedule: Statement
  readonly #claimableNames: Statement
  readonly #anyClaimable: Statement
  readonly #leave: Statement
  readonly #release: Statement
  readonly #cancel: Statement
  readonly #due: Statement
  readonly #beat: Statement
  readonly #notePolls: Statement
  readonly #forgetPolls: Statement
  readonly #lastPolls: Statement
  readonly #noteWorkers: Statement
  readonly #forgetWorkers: Statement
  readonly #census: Statement

  constructor(database: Database) {
    this.store = database
    const { schema } = database
    const claim = (scope: ClaimScope) => database.statement(`claim_${scope}`, claimTasksSql(schema, scope))
    this.#claims = {
      names: claim('names'),
      process: claim('process'),
      task: claim('task'),
      any: claim('any'),
    }
    this.#extend = database.statement('extend', extendClaimsSql(schema, false))
    this.#live = database.statement('live', liveClaimsSql(schema))
    this.#extendWaiting = database.statement('extend_waiting', extendClaimsSql(schema, true))
    this.#fetch = database.statement('list_board', listBoardSql(schema))
    this.#schedule = database.statement('schedule', scheduleTasksSql(schema))
    this.#claimableNames = database.statement('claimable_names', claimableNamesSql(schema))
    this.#anyClaimable = database.statement('any_claimable', anyClaimableSql(schema))
    this.#leave = database.statement('leave_board', leaveBoardSql(schema))
    this.#release = database.statement('release', releaseTaskSql(schema))
    this.#cancel = database.statement('cancel_board', cancelBoardSql(schema))
    this.#due = database.statement('due_tasks', dueTasksSql(schema))
    this.#beat = database.statement('beat', beatSql(schema))
    this.#notePolls = database.statement('note_polls', notePollsSql(schema))
    this.#forgetPolls = database.statement('forget_polls', forgetPollsSql(schema))
    this.#lastPolls = database.statement('last_polls', lastPollsSql(schema))
    this.#noteWorkers = database.statement('note_workers', noteWorkersSql(schema))
    this.#forgetWorkers = database.statement('forget_workers', forgetWorkersSql(schema))
    this.#census = database.statement('board_census', boardCensusSql(schema))
  }

  async fetch(criteria: BoardCriteria): Promise<BoardTask[]> {
    const { name, definition, processId, state, after, limit } = criteria
    const rows = await this.store.run(this.#fetch, [
      name ?? null,
      definition ?? null,
      processId ?? null,
      state ?? null,
      after?.processId ?? null,
      after?.task ?? null,
      limit,
    ])
    return rows.map(boardTask)
  }

  async schedule(tasks: readonly ScheduledTask[]): Promise<void> {
    if (tasks.length === 0) return
    await this.store.run(this.#schedule, [
      tasks.map(({ processId }) => processId),
      tasks.map(({ definition }) => definition),
      tasks.map(({ claimableAt }) => claimableAt),
      ...newBoardTaskValues(tasks),
    ])
  }

  async claim(criteria: ClaimCriteria, demands: readonly ClaimDemand[]): Promise<HandedOut> {
    const values = claimTasksValues(criteria, demands)
    const rows = await this.store.run(this.#claims[claimScope(criteria)], values)
    return handedOut(rows, demands)
  }

  async claimable(names: readonly string[] | undefined): Promise<string[]> {
    const rows =
      names === undefined
        ? await this.store.run(this.#anyClaimable, [])
        : await this.store.run(this.#claimableNames, [names])
    return rows.map((row) => row['name'] as string)
  }

  async complete(held: HeldTask): Promise<boolean> {
    return this.#touched(this.#leave, held)
  }

  async fail(held: HeldTask): Promise<boolean> {
    return this.#touched(this.#leave, held)
  }

  async extend(held: readonly HeldTask[], leaseMs?: number): Promise<(Date | undefined)[]> {
    if (held.length === 0) return []
    // The same claim may be asked for twice, but a row is updated once.
    const claims = [...new Map(held.map((one) => [nameOf(one), one])).values()]
    const leases = await this.#extendAtOnce(this.#extend, claims, leaseMs)
    // Not live, or only passed over: those that are still live are waited for, one by one.
    for (const one of await this.#stillLive(claims.filter((claim) => !leases.has(nameOf(claim))))) {
      const alone = await this.#extendAtOnce(this.#extendWaiting, [one], leaseMs)
      for (const [name, until] of alone) leases.set(name, until)
    }
    return held.map((one) => leases.get(nameOf(one)))
  }

  async release(held: HeldTask): Promise<boolean> {
    return this.#touched(this.#release, held)
  }

  async due(limit: number, after?: DuePlace): Promise<DueTask[]> {
    const rows = await this.store.run(this.#due, dueTasksValues(limit, after))
    return rows.map(dueTask)
  }

  async beat(): Promise<void> {
    await this.store.run(this.#beat, [])
  }

  async notePolls(polls: readonly Poll[], workers: readonly string[]): Promise<void> {
    await this.store.run(this.#notePolls, [
      polls.map(({ name = '' }) => name),
      polls.map(({ definition = '' }) => definition),
    ])
    await this.store.run(this.#forgetPolls, [])
    await this.store.run(this.#noteWorkers, [workers])
    await this.store.run(this.#forgetWorkers, [])
  }

  async lastPolls(names: readonly string[], definition: string): Promise<Map<string, Date>> {
    const rows = await this.store.run(this.#lastPolls, [names, definition])
    return new Map(rows.map((row) => [row['name'] as string, row['at'] as Date]))
  }

  async census(): Promise<BoardCensus> {
    const [row] = await this.store.run(this.#census, [])
    return boardCensus(row ?? {})
  }

  async cancel(processId: string): Promise<number> {
    const rows = await this.store.run(this.#cancel, [processId])
    return rows.length
  }

  /** When leases run out now, by the name of their claim. */
  async #extendAtOnce(
    statement: Statement,
    claims: readonly HeldTask[],
    leaseMs: number | undefined,
  ): Promise<Map<string, Date>> {
    const rows = await this.store.run(statement, extendClaimsValues(claims, leaseMs))
    const leases = new Map<string, Date>()
    for (const row of rows) {
      const claim = claims[(row['ordinal'] as number) - 1]
      if (claim !== undefined) leases.set(nameOf(claim), row['claimable_at'] as Date)
    }
    return leases
  }

  async #stillLive(claims: readonly HeldTask[]): Promise<HeldTask[]> {
    if (claims.length === 0) return []
    const rows = await this.store.run(this.#live, heldValues(claims))
    const places = new Set(rows.map((row) => row['ordinal']))
    return claims.filter((_claim, index) => places.has(index + 1))
  }

  async #touched(statement: Statement, { processId, task, claim }: HeldTask): Promise<boolean> {
    const rows = await this.store.run(statement, [processId, task, claim.attempt, claim.secret])
    return rows.length > 0
  }
}

function nameOf({ processId, task, claim }: HeldTask): string {
  return `${processId}.${task}.${claim.attempt}.${claim.secret}`
}
