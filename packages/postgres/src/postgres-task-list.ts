import type {
  BoardCriteria,
  BoardTask,
  ClaimedBoardTask,
  ClaimRequest,
  HeldTask,
  ScheduledTask,
  TaskList,
} from '@tunacorn/core'
import type { Database, Row, Statement } from './database.js'
import { boardTask, claimedBoardTask } from './rows.js'
import {
  anyClaimableSql,
  cancelBoardSql,
  claimableNamesSql,
  leaveBoardSql,
  listBoardSql,
  releaseTaskSql,
  scheduleTasksSql,
} from './statements/board.js'
import { claimScope, claimTasksSql, claimTasksValues, type ClaimScope } from './statements/claim-tasks.js'
import { extendClaimsSql, extendClaimsValues } from './statements/extend-claims.js'

/** The board on PostgreSQL. */
export class PostgresTaskList implements TaskList {
  readonly store: Database
  readonly #claims: Readonly<Record<ClaimScope, Statement>>
  readonly #extend: Statement
  readonly #extendWaiting: Statement
  readonly #fetch: Statement
  readonly #schedule: Statement
  readonly #claimableNames: Statement
  readonly #anyClaimable: Statement
  readonly #leave: Statement
  readonly #release: Statement
  readonly #cancel: Statement

  constructor(database: Database) {
    this.store = database
    const { schema } = database
    const claim = (scope: ClaimScope) => database.statement(`claim_${scope}`, claimTasksSql(schema, scope))
    this.#claims = { names: claim('names'), process: claim('process'), any: claim('any') }
    this.#extend = database.statement('extend', extendClaimsSql(schema, false))
    this.#extendWaiting = database.statement('extend_waiting', extendClaimsSql(schema, true))
    this.#fetch = database.statement('list_board', listBoardSql(schema))
    this.#schedule = database.statement('schedule', scheduleTasksSql(schema))
    this.#claimableNames = database.statement('claimable_names', claimableNamesSql(schema))
    this.#anyClaimable = database.statement('any_claimable', anyClaimableSql(schema))
    this.#leave = database.statement('leave_board', leaveBoardSql(schema))
    this.#release = database.statement('release', releaseTaskSql(schema))
    this.#cancel = database.statement('cancel_board', cancelBoardSql(schema))
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
      tasks.map(({ task }) => task),
      tasks.map(({ name }) => name),
      tasks.map(({ definition }) => definition),
      tasks.map(({ priority }) => priority),
      tasks.map(({ claimableAt }) => claimableAt),
    ])
  }

  async claim(request: ClaimRequest): Promise<ClaimedBoardTask[]> {
    const rows = await this.store.run(this.#claims[claimScope(request)], claimTasksValues(request))
    return rows.map((row) => claimedBoardTask(row, request.secret))
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
    const rows = await this.store.run(this.#extend, extendClaimsValues(held, leaseMs))
    const leases = new Map(rows.map((row) => [placeOf(row), row['claimable_at'] as Date]))
    const extended: (Date | undefined)[] = []
    for (const one of held) {
      extended.push(leases.get(`${one.processId}.${one.task}`) ?? (await this.#extendAlone(one, leaseMs)))
    }
    return extended
  }

  async release(held: HeldTask): Promise<boolean> {
    return this.#touched(this.#release, held)
  }

  async cancel(processId: string): Promise<number> {
    const rows = await this.store.run(this.#cancel, [processId])
    return rows.length
  }

  async #extendAlone(held: HeldTask, leaseMs: number | undefined): Promise<Date | undefined> {
    const [row] = await this.store.run(this.#extendWaiting, extendClaimsValues([held], leaseMs))
    return row?.['claimable_at'] as Date | undefined
  }

  async #touched(statement: Statement, { processId, task, claim }: HeldTask): Promise<boolean> {
    const rows = await this.store.run(statement, [processId, task, claim.attempt, claim.secret])
    return rows.length > 0
  }
}

function placeOf(row: Row): string {
  return `${String(row['process_id'])}.${String(row['task'])}`
}
