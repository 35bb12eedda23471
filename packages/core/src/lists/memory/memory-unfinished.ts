import { boardKey, type MemoryBoardRow, type MemoryData } from './memory-data.js'
import type { UnfinishedAttempt } from '../board.js'
import type { ProcessChange } from '../process-list.js'

/** The attempts on the board that a process which ends leaves without an end, but for those that have events of their own. */
export function unfinishedAttempts(data: MemoryData, { id, events }: ProcessChange): UnfinishedAttempt[] {
  const told = new Set(
    events.flatMap(({ task, held }) =>
      task === undefined || held === undefined ? [] : [boardKey({ processId: id, task })],
    ),
  )
  const now = data.now()
  return [...data.board.values()]
    .filter((row) => row.processId === id && !told.has(boardKey(row)))
    .sort((a, b) => a.task - b.task)
    .flatMap((row) => attemptsOf(row, now))
}

function attemptsOf(row: MemoryBoardRow, now: Date): UnfinishedAttempt[] {
  const { task, attempt, worker, claimedAt, claimableAt, secret } = row
  const lapsed = row.lapsed.map((one) => ({ ...one, task }))
  if (worker === undefined || claimedAt === undefined || secret === undefined) return lapsed
  const leaseExpiredAt = claimableAt <= now ? claimableAt : undefined
  return [...lapsed, { task, attempt, worker, claimedAt, leaseExpiredAt, secret }]
}
