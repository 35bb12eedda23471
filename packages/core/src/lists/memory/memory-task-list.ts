import { boardKey, type MemoryBoardRow, type MemoryData } from './memory-data.js'
import type {
  BoardCriteria,
  BoardTask,
  ClaimCriteria,
  ClaimedBoardTask,
  ClaimRequest,
  HeldTask,
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
    return this.#rows()
      .filter((row) => matchesBoardCriteria(row, criteria))
      .sort(byPlace)
      .slice(0, criteria.limit)
      .map(({ secret: _secret, leaseMs: _leaseMs, turn: _turn, ...task }) => task)
  }

  async schedule(tasks: readonly ScheduledTask[]): Promise<void> {
    for (const task of tasks) scheduleOn(this.store, task)
  }

  async claim(request: ClaimRequest): Promise<ClaimedBoardTask[]> {
    const now = this.store.now()
    const leaseExpiresAt = new Date(now.getTime() + request.leaseMs)
    return this.#rows()
      .filter((row) => row.claimableAt <= now && matchesClaim(row, request))
      .sort(byTurn)
      .slice(0, request.max)
      .map((row) => {
        const attempt = row.attempt + 1
        this.#put({
          ...row,
          attempt,
          worker: request.worker,
          claimedAt: now,
          claimableAt: leaseExpiresAt,
          leaseMs: request.leaseMs,
          secret: request.secret,
          lapsed: withLapse(row),
        })
        return {
          processId: row.processId,
          task: row.task,
          name: row.name,
          claim: { attempt, secret: request.secret },
          leaseExpiresAt,
        }
      })
  }

  async claimable(names: readonly string[] | undefined): Promise<string[]> {
    const now = this.store.now()
    const found = this.#rows().filter((row) => row.claimableAt <= now && (names?.includes(row.name) ?? true))
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
    return held.map((one) => {
      const row = liveRow(this.store, one)
      if (row === undefined) return undefined
      const claimableAt = new Date(this.store.now().getTime() + (leaseMs ?? row.leaseMs))
      this.#put({ ...row, claimableAt })
      return claimableAt
    })
  }

  async release(held: HeldTask): Promise<boolean> {
    const row = liveRow(this.store, held)
    if (row === undefined) return false
    this.#put({
      ...row,
      attempt: row.attempt - 1,
      worker: undefined,
      claimedAt: undefined,
      secret: undefined,
      claimableAt: row.turn,
    })
    return true
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

/** The row that this claim holds; `undefined` when the claim is not live. */
export function liveRow(data: MemoryData, held: HeldTask): MemoryBoardRow | undefined {
  const row = data.board.get(boardKey(held))
  return row?.secret === held.claim.secret && row.attempt === held.claim.attempt ? row : undefined
}

export function scheduleOn(data: MemoryData, task: ScheduledTask): void {
  const key = boardKey(task)
  if (data.board.has(key)) return
  data.board.set(key, {
    ...task,
    attempt: 0,
    scheduledAt: data.now(),
    worker: undefined,
    claimedAt: undefined,
    lapsed: [],
    secret: undefined,
    leaseMs: 0,
    turn: task.claimableAt,
  })
}

export function clearBoard(data: MemoryData, processId: string): number {
  const rows = [...data.board.values()].filter((row) => row.processId === processId)
  for (const row of rows) data.board.delete(boardKey(row))
  return rows.length
}

function withLapse(row: MemoryBoardRow): MemoryBoardRow['lapsed'] {
  const { worker, claimedAt } = row
  if (worker === undefined || claimedAt === undefined) return row.lapsed
  return [...row.lapsed, { attempt: row.attempt, worker, claimedAt, leaseExpiredAt: row.claimableAt }]
}

function matchesClaim(row: BoardTask, criteria: ClaimCriteria): boolean {
  const { names, definition, processId, task } = criteria
  return (
    (names === undefined || names.includes(row.name)) &&
    (definition === undefined || row.definition === definition) &&
    (processId === undefined || row.processId === processId) &&
    (task === undefined || row.task === task)
  )
}

function matchesBoardCriteria(row: BoardTask, criteria: BoardCriteria): boolean {
  const { name, definition, processId, state, after } = criteria
  return (
    (name === undefined || row.name === name) &&
    (definition === undefined || row.definition === definition) &&
    (processId === undefined || row.processId === processId) &&
    (state === undefined || (state === 'claimed') === (row.worker !== undefined)) &&
    (after === undefined || byPlace(row, after) > 0)
  )
}

function byTurn(a: BoardTask, b: BoardTask): number {
  return b.priority - a.priority || a.claimableAt.getTime() - b.claimableAt.getTime()
}

function byPlace(a: { processId: string; task: number }, b: { processId: string; task: number }): number {
  if (a.processId !== b.processId) return a.processId < b.processId ? -1 : 1
  return a.task - b.task
}
