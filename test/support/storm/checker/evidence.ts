import { Client } from 'pg'
import type { Call, Held } from '../record.js'

/** An attempt that is over, as events have it that came after it; times are of the store, cut off to milliseconds. */
export interface StoredAttempt {
  readonly attempt: number
  readonly secret: string
  readonly claimedAt: string
  /** `null` for one that was under way when its process ended. */
  readonly leaseExpiredAt: string | null
}

/** One event as the store has it; times are the store's, in milliseconds: when the transaction of it began. */
export interface StoredEvent {
  readonly process: string
  readonly version: number
  readonly type: string
  readonly reason?: string | undefined
  readonly task?: string | undefined
  readonly attempt?: number | undefined
  readonly claim?: string | undefined
  readonly nonce?: string | undefined
  readonly at: number
  readonly claimedAt?: number | undefined
  readonly lapsed: readonly StoredAttempt[]
  /** What was left without an end of its own when the process ended. */
  readonly unfinished: readonly { readonly task: number; readonly attempts: readonly StoredAttempt[] }[]
  /** What was started by it to clean up. */
  readonly failureProcess?: string | undefined
}

export interface StoredProcess {
  readonly id: string
  readonly definition: string
  readonly state: string
  readonly version: number
  /** By which `start` it was made, as its input says; what cleans up has none. */
  readonly startKey?: string | undefined
  /** Its own name, which no other live process of its definition has. */
  readonly job?: string | undefined
  readonly failureOf?: string | undefined
}

export interface StormDefinition {
  /** By the place of a task in the definition. */
  readonly needs: readonly (readonly number[])[]
  /** What is started when it has failed or was cancelled. */
  readonly failureProcess?: string | undefined
}

/** Everything that is to be true of what was stored and what was asked and answered. */
export interface Evidence {
  readonly calls: readonly Call[]
  readonly processes: readonly StoredProcess[]
  /** Of each process, in their order. */
  readonly events: ReadonlyMap<string, readonly StoredEvent[]>
  /** Of starts that have made a process. */
  readonly idempotencyKeys: ReadonlyMap<string, string>
  readonly leftOnBoard: number
  readonly definitions: ReadonlyMap<string, StormDefinition>
  readonly leaseMs: number
}

/**
 * How much later than a claim says it was made, the store may have looked at what there is: a statement has its time before
 * it is planned. Less than a lease: what was done too early, and its server killed, is done again only after that.
 */
export const lookMs = 250

/** How much later than by its `at` something may be committed: a server may sleep in the middle of a transaction. */
export const commitMs = 5_000

export async function gather(
  databaseUrl: string,
  rest: Pick<Evidence, 'calls' | 'definitions' | 'leaseMs'>,
): Promise<Evidence> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const processes = await client.query<StoredProcess>(
      `SELECT id, definition, state, version::int, input ->> 'key' AS "startKey", key AS job,
         failure_of AS "failureOf"
       FROM tunacorn.process ORDER BY id`,
    )
    const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`
    const events = await client.query<StoredEvent>(
      `SELECT process_id AS process, version::int, type, reason, process_id || '.' || task AS task, attempt,
         attempt || '.' || secret AS claim, payload ->> 'nonce' AS nonce, ${ms('at')} AS at,
         ${ms('claimed_at')} AS "claimedAt", coalesce(lapsed, '[]') AS lapsed,
         coalesce(unfinished, '[]') AS unfinished, failure_process AS "failureProcess"
       FROM tunacorn.history ORDER BY process_id, version`,
    )
    const keys = await client.query<{ key: string; id: string }>(
      `SELECT o.key, o.process_id AS id FROM tunacorn.started_once o
       WHERE EXISTS (SELECT FROM tunacorn.process p WHERE p.id = o.process_id)`,
    )
    const board = await client.query('SELECT FROM tunacorn.task_list')
    return {
      ...rest,
      processes: processes.rows.map(withoutNulls),
      events: groupBy(events.rows.map(withoutNulls), ({ process }) => process),
      idempotencyKeys: new Map(keys.rows.map(({ key, id }) => [key, id])),
      leftOnBoard: board.rowCount ?? 0,
    }
  } finally {
    await client.end()
  }
}

export function* handOuts(calls: readonly Call[]): Iterable<Held & { readonly leaseExpiresAt: string }> {
  for (const { asked, answered } of calls) if (asked.do === 'claim') yield* answered?.tasks ?? []
}

export function completionOf(events: Evidence['events'], task: string): StoredEvent | undefined {
  return events.get(processOf(task))?.find((event) => event.type === 'task-completed' && event.task === task)
}

export function processOf(task: string): string {
  return task.slice(0, task.indexOf('.'))
}

export function placeOf(task: string): number {
  return Number(task.slice(task.indexOf('.') + 1))
}

export function countBy<T>(items: Iterable<T>, keyOf: (item: T) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) {
    const key = keyOf(item)
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

export function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

/** What a row has nothing for, it has not. */
function withoutNulls<T extends object>(row: T): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as T
}
