import type { HistoryEvent, ProcessRecord } from '@tunacorn/core'
import { expect } from 'vitest'
import type { World } from './world.js'

/** What holds of every process at every moment, whatever has happened. */
export async function checkInvariants(world: World): Promise<void> {
  const board = await world.board()
  const processes = await world.processes()
  for (const process of processes) {
    const history = await world.history(process.id)
    expect(history.map(({ version }) => version)).toEqual(history.map((_event, index) => index + 1))
    expect(process.version).toBe(history.length)
    expectOneEndingPerTask(history)
    const rows = board.filter(({ processId }) => processId === process.id)
    const isLive = process.state === 'running' || process.state === 'paused'
    // A process that has not ended always has something that can move it on, and that ends by itself.
    expect(rows.length > 0, `${process.state} with ${rows.length} tasks on the board`).toBe(isLive)
    expect(isLive).toBe(process.endedAt === undefined)
    for (const { attempt, maxAttempts, expiresAt, isPaused } of rows) {
      expect(expiresAt.getTime()).toBeLessThan(Infinity)
      expect(attempt).toBeLessThanOrEqual(maxAttempts)
      expect(isPaused).toBe(process.state === 'paused')
    }
  }
}

/** A task ends once; one that has failed may end again when the whole process is retried. */
function expectOneEndingPerTask(history: readonly HistoryEvent[]): void {
  const ended = new Map<number | undefined, string>()
  for (const { type, task } of history) {
    if (type === 'process-retried') {
      for (const [failed, ending] of ended) if (ending === 'task-failed') ended.delete(failed)
    } else if (type === 'task-completed' || type === 'task-failed') {
      expect(ended.get(task), `how task ${task} has ended before`).toBeUndefined()
      ended.set(task, type)
    }
  }
}

/** A process that cleans up is started once for each failure, and never after one that cleans up itself. */
export async function checkFailureProcesses(
  world: World,
  failureProcesses: ReadonlyMap<string, { readonly name: string; readonly on: readonly string[] }>,
): Promise<void> {
  const processes = await world.processes()
  for (const process of processes) {
    const started = processes.filter(({ failureOf }) => failureOf === process.id)
    const { name, on = [] } = failureProcesses.get(process.definition) ?? {}
    const isCleanup = process.failureOf !== undefined
    const failures = isCleanup
      ? []
      : (await world.history(process.id)).filter((event) => isFailure(event, on))
    expect(started.map(({ definition }) => definition)).toEqual(failures.map(() => name))
    expect(process.failureProcess).toBe(lastOf(started)?.id)
  }
}

function isFailure({ type }: HistoryEvent, on: readonly string[]): boolean {
  if (type === 'process-cancelled') return on.includes('cancelled')
  return on.includes('failed') && (type === 'task-failed' || type === 'process-timed-out')
}

function lastOf(started: readonly ProcessRecord[]): ProcessRecord | undefined {
  return started.toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime()).at(-1)
}
