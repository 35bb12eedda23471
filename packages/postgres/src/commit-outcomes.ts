import type { PersistResult, ProcessChange } from '@tunacorn/core'
import { isTransient, type Row } from './database.js'
import { commitRow } from './statements/commit-changes.js'

// What became of changes, as the answers of the database tell it.

/** A start that is not in the answer was not done: what it is started from has changed, or it was done before. */
export function startOutcome(row: Row | undefined): PersistResult {
  if (row === undefined) return { status: 'moved' }
  return row['is_started'] === true ? { status: 'committed', at: row['at'] as Date } : { status: 'in-flight' }
}

export function collectMoves(
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
  return change.events.flatMap(({ task, held: expected }) =>
    task === undefined || expected === undefined || live.has(task) ? [] : [task],
  )
}

/** What was to clean up could not be started, so that the failure is not to be committed either. */
export class CannotFollow extends Error {}

/** Others were quicker: with the rows, or with the key that a retried process has. */
export function mayTryAgain(error: unknown): boolean {
  return isTransient(error) || (error as { constraint?: unknown }).constraint === 'process_by_key'
}
