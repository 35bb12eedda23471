import { boardKey, type MemoryBoardRow, type MemoryData } from './memory-data.js'
import {
  attemptDeadline,
  claimedRow,
  clearBoard,
  dueTask,
  isClaimable,
  judgedAt,
  leaseEnd,
  liveRow,
  scheduleOn,
  waitingRow,
} from './memory-board.js'
import { boardCensus } from './memory-census.js'
import type { HeldTask, Holder, TaskRef } from '../board.js'
import type { BoardCensus } from '../census.js'
import { maxPolls, pollsKeptMs } from '../poll-limits.js'
import type {
  BoardCriteria,
  BoardTask,
  ClaimCriteria,
  ClaimedBoardTask,
  ClaimDemand,
  DuePlace,
  DueTask,
  HandedOut,
  Poll,
  ScheduledTask,
  TaskList,
} from '../task-list.js'

/** The board in memory: the reference for what the interface promises. Claims look at every task on it. */
export class MemoryTaskList implements TaskList {
  readonly store: MemoryData

  constructor(store: MemoryData) {
    this.store = store
  }

  async fetch(criteria: BoardCriteria): Promise<BoardTask[]> {
    const readAt = this.store.now()
    return this.#rows()
      .filter((row) => matchesBoardCriteria(row, criteria))
      .sort(byPlace)
      .slice(0, criteria.limit)
      .map((row) => boardTask(row, readAt))
  }

  async schedule(tasks: readonly ScheduledTask[]): Promise<void> {
    for (const task of tasks) scheduleOn(this.store, task, false)
  }

  async claim(
    criteria: ClaimCriteria,
    demands: readonly ClaimDemand[],
    { exceptSecrets = [] }: { readonly exceptSecrets?: readonly unknown[] } = {},
  ): Promise<HandedOut> {
    const now = this.store.now()
    const wanted = demands.reduce((sum, { max }) => sum + max, 0)
    const rows = this.#rows()
      .filter((row) => isClaimable(row, now) && matchesClaim(row, criteria))
      .filter(({ secret }) => secret === undefined || !exceptSecrets.includes(secret))
      .sort(byTurn)
      .slice(0, wanted)
    const isDry = rows.length < wanted
    return { tasks: demands.map((one) => this.#handOut(rows.splice(0, one.max), one, now)), isDry }
  }

  #handOut(rows: readonly MemoryBoardRow[], holder: Holder, now: Date): ClaimedBoardTask[] {
    return rows.map((row) => {
      const claimed = claimedRow(row, holder, now)
      this.#put(claimed)
      const { processId, task, name, attempt, claimableAt: leaseExpiresAt } = claimed
      const claim = { attempt, secret: holder.secret }
      const leaseMs = leaseExpiresAt.getTime() - now.getTime()
      return { processId, task, name, claim, leaseExpiresAt, leaseMs, takenFrom: row.worker }
    })
  }

  async claimable(names: readonly string[] | undefined): Promise<string[]> {
    const now = this.store.now()
    const found = this.#rows().filter((row) => isClaimable(row, now) && (names?.includes(row.name) ?? true))
    const foundNames = [...new Set(found.map((row) => row.name))]
    return names === undefined ? foundNames.slice(0, 1) : foundNames
  }

  async complete(held: HeldTask): Promise<boolean> {
    return this.#leave(held)
  }

  async fail(held: HeldTask): Promise<boolean> {
    return this.#leave(held)
  }

  async extend(held: readonly HeldTask[], leaseMs?: number): Promise<(Date | undefined)[]> {
    const now = this.store.now()
    return held.map((one) => {
      const row = liveRow(this.store, one)
      if (row === undefined || now >= attemptDeadline(row, now)) return undefined
      const claimableAt = leaseEnd(row, leaseMs ?? row.leaseMs, now)
      this.#put({ ...row, claimableAt, expiresAt: judgedAt(row, claimableAt) })
      return claimableAt
    })
  }

  async release(held: HeldTask): Promise<boolean> {
    const row = liveRow(this.store, held)
    if (row === undefined) return false
    const before = { ...row, attempt: row.attempt - 1 }
    this.#put({ ...waitingRow(before, row.turn, this.store.now()), lapsed: row.lapsed })
    return true
  }

  async due(limit: number, after?: DuePlace): Promise<DueTask[]> {
    const now = this.store.now()
    return this.#rows()
      .filter(({ expiresAt }) => expiresAt <= now)
      .map((row) => dueTask(row, now))
      .filter((task) => after === undefined || byDueTime(task, after) > 0)
      .sort(byDueTime)
      .slice(0, limit)
  }

  async beat(): Promise<void> {
    // A store in memory is never away while somebody is there to miss it.
  }

  async notePolls(polls: readonly Poll[], workers: readonly string[]): Promise<void> {
    const now = this.store.now()
    noteAll(this.store.polls, polls.map(pollKey), now)
    noteAll(this.store.workers, workers, now)
  }

  async lastPolls(names: readonly string[], definition: string): Promise<Map<string, Date>> {
    const latest = new Map<string, Date>()
    for (const name of names) {
      const asked = [name, undefined].flatMap((one) => [
        { name: one, definition },
        { name: one, definition: undefined },
      ])
      const found = asked.map((poll) => this.store.polls.get(pollKey(poll))?.getTime() ?? 0)
      if (Math.max(...found) > 0) latest.set(name, new Date(Math.max(...found)))
    }
    return latest
  }

  async census(): Promise<BoardCensus> {
    return boardCensus(this.store)
  }

  async cancel(processId: string): Promise<number> {
    return clearBoard(this.store, processId)
  }

  #rows(): MemoryBoardRow[] {
    return [...this.store.board.values()]
  }

  #put(row: MemoryBoardRow): void {
    this.store.board.set(boardKey(row), row)
  }

  #leave(held: HeldTask): boolean {
    return liveRow(this.store, held) !== undefined && this.store.board.delete(boardKey(held))
  }
}

function boardTask(row: MemoryBoardRow, readAt: Date): BoardTask {
  const { secret: _1, leaseMs: _2, turn: _3, timeoutMs: _4, heartbeatMs: _5, ...rest } = row
  const { scheduleTimeoutMs: _6, withinMs: _7, ...task } = rest
  return { ...task, readAt }
}

function matchesClaim(row: MemoryBoardRow, criteria: ClaimCriteria): boolean {
  const { names, definition, processId, task } = criteria
  return (
    (names === undefined || names.includes(row.name)) &&
    (definition === undefined || row.definition === definition) &&
    (processId === undefined || row.processId === processId) &&
    (task === undefined || row.task === task)
  )
}

function matchesBoardCriteria(row: MemoryBoardRow, criteria: BoardCriteria): boolean {
  const { name, definition, processId, state, after } = criteria
  return (
    (name === undefined || row.name === name) &&
    (definition === undefined || row.definition === definition) &&
    (processId === undefined || row.processId === processId) &&
    (state === undefined || (state === 'claimed') === (row.worker !== undefined)) &&
    (after === undefined || byPlace(row, after) > 0)
  )
}

function byTurn(a: MemoryBoardRow, b: MemoryBoardRow): number {
  return b.priority - a.priority || a.claimableAt.getTime() - b.claimableAt.getTime()
}

function noteAll(kept: Map<string, Date>, keys: readonly string[], now: Date): void {
  for (const key of keys) {
    // Last in the order: the first ones are those that were noted longest ago.
    kept.delete(key)
    kept.set(key, now)
  }
  for (const [key, at] of kept) {
    if (kept.size <= maxPolls && now.getTime() - at.getTime() < pollsKeptMs) return
    kept.delete(key)
  }
}

function pollKey({ name = '', definition = '' }: Poll): string {
  return JSON.stringify([name, definition])
}

function byDueTime(a: DuePlace, b: DuePlace): number {
  return a.dueAt - b.dueAt || byPlace(a, b)
}

function byPlace(a: TaskRef, b: TaskRef): number {
  if (a.processId !== b.processId) return a.processId < b.processId ? -1 : 1
  return a.task - b.task
}
