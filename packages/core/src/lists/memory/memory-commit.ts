import {
  boardKey,
  earliest,
  later,
  type MemoryBoardRow,
  type MemoryData,
  type MemoryProcess,
} from './memory-data.js'
import { claimedRow, clearBoard, rowInState, scheduleOn, waitingRow } from './memory-board.js'
import { unfinishedAttempts } from './memory-unfinished.js'
import type { ProcessEventType } from '../../process/events.js'
import { isLive } from '../../process/state.js'
import type {
  HistoryEvent,
  NewEvent,
  NewProcess,
  PersistResult,
  ProcessChange,
  ProcessRecord,
} from '../process-list.js'

export const onceForMs = 24 * 60 * 60 * 1000

/** Each change is checked in full before anything of it is done. */
export function commitChange(data: MemoryData, change: ProcessChange): PersistResult {
  return data.atOnce(() => commitNow(data, change))
}

function commitNow(data: MemoryData, change: ProcessChange): PersistResult {
  const process = change.started === undefined ? toMove(data, change) : toStart(data, change, change.started)
  if (process === undefined || !mayFollow(data, change)) return { status: 'moved' }
  const lost = lostClaims(data, change)
  if (lost.length > 0) return { status: 'claims-lost', tasks: lost }

  const now = data.now()
  const end = {
    unfinished: isLive(change.state) ? [] : unfinishedAttempts(data, change),
    failureProcess: change.failureProcess?.id,
  }
  for (const event of change.events) {
    append(data, process, change.id, event, badEnds.has(event.type) ? end : noEnd, now)
  }
  process.record = { ...process.record, ...movedRecord(process, change, now) }
  data.processes.set(change.id, process)
  updateBoard(data, change, process.record.startedAt)
  const { once } = change.started ?? {}
  if (once !== undefined) data.startedOnce.set(once.key, { ...once, id: change.id, at: now })
  if (change.failureProcess !== undefined) commitChange(data, change.failureProcess)
  return { status: 'committed', at: now }
}

/** Whether the process that is to clean up can be started along with it. */
function mayFollow(data: MemoryData, { failureProcess }: ProcessChange): boolean {
  return (
    failureProcess?.started === undefined ||
    toStart(data, failureProcess, failureProcess.started) !== undefined
  )
}

function toMove(data: MemoryData, change: ProcessChange): MemoryProcess | undefined {
  const known = data.processes.get(change.id)
  if (known?.record.version !== change.expectedVersion) return undefined
  if (change.isDue && known.record.deadline > data.now()) return undefined
  const { definition, key } = known.record
  const comesBack = change.clock === 'anew' && key !== undefined
  return comesBack && isTaken(data, definition, key) ? undefined : known
}

function toStart(data: MemoryData, change: ProcessChange, started: NewProcess): MemoryProcess | undefined {
  const { id, definition } = change
  if (data.processes.has(id) || !definitionStands(data, change, started)) return undefined
  if (started.key !== undefined && isTaken(data, definition, started.key)) return undefined
  if (started.once !== undefined && standingOnce(data, started.once.key) !== undefined) return undefined
  const { definitionVersion, total, input, priority, key, failureOf, traceparent } = started
  const now = data.now()
  const record: ProcessRecord = {
    id,
    definition,
    definitionVersion,
    state: change.state,
    version: 0,
    total,
    completed: 0,
    failed: 0,
    priority,
    key,
    input,
    startedAt: now,
    deadline: now,
    endedAt: undefined,
    failureOf,
    failureProcess: undefined,
    traceparent,
  }
  return { history: [], pausedAt: undefined, record }
}

function isTaken(data: MemoryData, definition: string, key: string): boolean {
  return [...data.processes.values()].some(
    ({ record }) => record.definition === definition && record.key === key && isLive(record.state),
  )
}

function definitionStands(data: MemoryData, { definition }: ProcessChange, started: NewProcess): boolean {
  const versions = data.definitions.get(definition) ?? []
  const named = versions.find(({ version }) => version === started.definitionVersion)
  return named !== undefined && (!started.isDefaultVersion || named === versions.at(-1))
}

function lostClaims(data: MemoryData, change: ProcessChange): number[] {
  return change.events.flatMap(({ task, held }) => {
    if (task === undefined || held === undefined) return []
    return rowInState(data, { processId: change.id, task }, held) === undefined ? [task] : []
  })
}

/** What ends a process otherwise than that its last task is completed. */
const badEnds: ReadonlySet<ProcessEventType> = new Set([
  'task-failed',
  'process-timed-out',
  'process-cancelled',
])

const noEnd = { unfinished: [], failureProcess: undefined } as const

function append(
  data: MemoryData,
  process: MemoryProcess,
  processId: string,
  event: NewEvent,
  end: Pick<HistoryEvent, 'unfinished' | 'failureProcess'>,
  at: Date,
): void {
  const { type, task, held, reason, retryInMs, payload } = event
  const row = rowOf(data, processId, event)
  const { attempt, secret } = held ?? event.claim ?? {}
  process.history.push({
    version: process.history.length + 1,
    type,
    at,
    task,
    reason,
    payload,
    claim: attempt === undefined || secret === undefined ? undefined : { attempt, secret },
    worker: row?.worker,
    scheduledAt: row?.scheduledAt,
    claimedAt: row?.claimedAt,
    lapsed: row?.lapsed ?? [],
    retryAt: retryInMs === undefined ? undefined : later(at, retryInMs),
    ...end,
  })
}

function rowOf(data: MemoryData, processId: string, { task, held }: NewEvent): MemoryBoardRow | undefined {
  if (task === undefined || held === undefined) return undefined
  return data.board.get(boardKey({ processId, task }))
}

function movedRecord(process: MemoryProcess, change: ProcessChange, now: Date): Partial<ProcessRecord> {
  const { state, completed, failed, clock, timeoutMs, failureProcess } = change
  const { deadline } = process.record
  const standsStillSince = process.pausedAt ?? now
  if (clock !== 'runs') process.pausedAt = clock === 'stops' ? now : undefined
  return {
    state,
    completed,
    failed,
    version: process.history.length,
    endedAt: isLive(state) ? undefined : now,
    ...(clock === 'anew' && { deadline: later(now, timeoutMs) }),
    ...(clock === 'goes-on' && { deadline: later(deadline, now.getTime() - standsStillSince.getTime()) }),
    ...(failureProcess !== undefined && { failureProcess: failureProcess.id }),
  }
}

function updateBoard(data: MemoryData, change: ProcessChange, startedAt: Date): void {
  const { id: processId, definition, state, clock } = change
  const now = data.now()
  for (const event of change.events) {
    const row = rowOf(data, processId, event)
    if (row === undefined) continue
    if (event.retryInMs === undefined) data.board.delete(boardKey(row))
    else {
      const waits = waitingRow(row, later(now, event.retryInMs), now)
      data.board.set(boardKey(row), { ...waits, scheduledAt: now })
    }
  }
  for (const task of change.enter) {
    const claimableAt = task.delayMs > 0 ? later(now, task.delayMs) : earliest(startedAt, now)
    scheduleOn(data, { ...task, processId, definition, claimableAt }, state === 'paused')
    const row = data.board.get(boardKey({ processId, task: task.task }))
    if (task.holder !== undefined && row !== undefined) {
      data.board.set(boardKey(row), claimedRow(row, task.holder, now))
    }
  }
  if (clock === 'stops' || clock === 'goes-on') setPaused(data, processId, clock === 'stops')
  if (state === 'failed' || state === 'cancelled') clearBoard(data, processId)
}

function setPaused(data: MemoryData, processId: string, isPaused: boolean): void {
  for (const [key, row] of data.board) {
    if (row.processId === processId) data.board.set(key, { ...row, isPaused })
  }
}

/** The start that this key stands for still: not too old, and its process is there. */
export function standingOnce(data: MemoryData, key: string) {
  const once = data.startedOnce.get(key)
  const isStanding = once !== undefined && data.now().getTime() - once.at.getTime() < onceForMs
  return isStanding && data.processes.has(once.id) ? once : undefined
}
