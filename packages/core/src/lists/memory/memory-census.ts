import type { MemoryBoardRow, MemoryData } from './memory-data.js'
import { groupBy } from '../../group-by.js'
import { isLive } from '../../process/state.js'
import {
  endingsCountedForMs,
  type BoardCensus,
  type EndedInMinute,
  type NameOnBoard,
  type ProcessCensus,
} from '../census.js'

const minuteMs = 60_000

export function processCensus(data: MemoryData): ProcessCensus {
  const readAt = data.now()
  const records = [...data.processes.values()].map(({ record }) => record)
  const count = (wanted: string) => records.filter(({ state }) => state === wanted).length
  const since = readAt.getTime() - endingsCountedForMs
  const ended = records.flatMap(({ state, endedAt }) =>
    endedAt !== undefined && !isLive(state) && endedAt.getTime() > since ? [{ state, endedAt }] : [],
  )
  const minutes = groupBy(ended, ({ endedAt }) => Math.floor(endedAt.getTime() / minuteMs) * minuteMs)
  const endings = [...minutes].map(([atMs, those]): EndedInMinute => {
    const countOf = (wanted: string) => those.filter(({ state }) => state === wanted).length
    const counts = { completed: countOf('completed'), failed: countOf('failed') }
    return { at: new Date(atMs), ...counts, cancelled: countOf('cancelled') }
  })
  return {
    readAt,
    counts: {
      running: count('running'),
      paused: count('paused'),
      failed: count('failed'),
      cancelled: count('cancelled'),
    },
    endings: endings.sort((a, b) => a.at.getTime() - b.at.getTime()),
  }
}

export function boardCensus(data: MemoryData): BoardCensus {
  const rows = [...data.board.values()]
  const names = [...groupBy(rows, ({ name }) => name)]
    .sort(([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1))
    .map(([name, own]) => nameOnBoard(data, name, own))
  const held = rows.filter((row) => stateOf(row, data.now()) === 'claimed')
  const workers = [...data.workers]
    .map(([worker, lastSeenAt]) => {
      return { worker, lastSeenAt, claimed: held.filter((row) => row.worker === worker).length }
    })
    .sort((a, b) => b.lastSeenAt.getTime() - a.lastSeenAt.getTime())
  return { names, workers, isPartial: false }
}

function nameOnBoard(data: MemoryData, name: string, rows: readonly MemoryBoardRow[]): NameOnBoard {
  const states = groupBy(rows, (row) => stateOf(row, data.now()))
  const count = (state: RowState) => states.get(state)?.length ?? 0
  const waitingSinceMs = (states.get('waiting') ?? []).map(({ scheduledAt, claimableAt }) =>
    Math.max(scheduledAt.getTime(), claimableAt.getTime()),
  )
  const polledMs = [...data.polls].flatMap(([key, at]) => {
    const [polled] = JSON.parse(key) as [string]
    return polled === name || polled === '' ? [at.getTime()] : []
  })
  return {
    name,
    claimed: count('claimed'),
    lapsed: count('lapsed'),
    paused: count('paused'),
    retrying: count('retrying'),
    delayed: count('delayed'),
    waiting: count('waiting'),
    waitingSince: waitingSinceMs.length === 0 ? undefined : new Date(Math.min(...waitingSinceMs)),
    lastPolledAt: polledMs.length === 0 ? undefined : new Date(Math.max(...polledMs)),
  }
}

type RowState = Exclude<keyof NameOnBoard, 'name' | 'waitingSince' | 'lastPolledAt'>

function stateOf({ worker, claimableAt, isPaused, attempt }: MemoryBoardRow, now: Date): RowState {
  if (worker !== undefined) return claimableAt > now ? 'claimed' : 'lapsed'
  if (isPaused) return 'paused'
  if (claimableAt <= now) return 'waiting'
  return attempt > 0 ? 'retrying' : 'delayed'
}
