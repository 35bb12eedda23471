import {
  Payload,
  type BoardTask,
  type ClaimDemand,
  type ClaimedBoardTask,
  type DefinitionSummary,
  type DueTask,
  type FailureReason,
  type HandedOut,
  type HistoryEvent,
  type LapsedAttempt,
  type ProcessRecord,
  type StoredDefinition,
  type UnfinishedAttempt,
} from '@tunacorn/core'
import type { ApiKey } from './api-key.js'
import type { Row } from './database.js'

// The only place, besides the statements themselves, that knows the names of columns.

export const processColumns = `p.id, p.definition, p.definition_version, p.state, p.version, p.total, p.completed,
  p.failed, p.priority, p.key, p.input, p.started_at, p.deadline, p.ended_at, p.failure_of, p.failure_process,
  p.traceparent`

export function processRecord(row: Row): ProcessRecord {
  return {
    id: row['id'] as string,
    definition: row['definition'] as string,
    definitionVersion: row['definition_version'] as number,
    state: row['state'] as ProcessRecord['state'],
    version: row['version'] as number,
    total: row['total'] as number,
    completed: row['completed'] as number,
    failed: row['failed'] as number,
    priority: row['priority'] as number,
    key: optional<string>(row['key']),
    input: payload(row['input']),
    startedAt: row['started_at'] as Date,
    deadline: row['deadline'] as Date,
    endedAt: optional<Date>(row['ended_at']),
    failureOf: optional<string>(row['failure_of']),
    failureProcess: optional<string>(row['failure_process']),
    traceparent: optional<string>(row['traceparent']),
  }
}

export const eventColumns = `h.process_id, h.version, h.type, h.task, h.attempt, h.secret, h.worker, h.scheduled_at,
  h.claimed_at, h.at, h.lapsed, h.reason, h.retry_at, h.unfinished, h.failure_process, h.payload`

export function historyEvent(row: Row): HistoryEvent {
  const attempt = optional<number>(row['attempt'])
  const secret = optional<string>(row['secret'])
  return {
    version: row['version'] as number,
    type: row['type'] as HistoryEvent['type'],
    at: row['at'] as Date,
    task: optional<number>(row['task']),
    claim: attempt === undefined || secret === undefined ? undefined : { attempt, secret },
    worker: optional<string>(row['worker']),
    scheduledAt: optional<Date>(row['scheduled_at']),
    claimedAt: optional<Date>(row['claimed_at']),
    lapsed: lapsedAttempts(row['lapsed']),
    reason: optional<FailureReason>(row['reason']),
    retryAt: optional<Date>(row['retry_at']),
    unfinished: unfinishedAttempts(row['unfinished']),
    failureProcess: optional<string>(row['failure_process']),
    payload: payload(row['payload']),
  }
}

export const boardColumns = `t.process_id, t.task, t.name, t.definition, t.priority, t.attempt, t.scheduled_at,
  t.claimable_at, t.worker, t.claimed_at, t.first_claimed_at, t.lapsed, t.max_attempts, t.expires_at, t.paused,
  now() AS read_at`

export function boardTask(row: Row): BoardTask {
  return {
    processId: row['process_id'] as string,
    task: row['task'] as number,
    name: row['name'] as string,
    definition: row['definition'] as string,
    priority: row['priority'] as number,
    attempt: row['attempt'] as number,
    scheduledAt: row['scheduled_at'] as Date,
    claimableAt: row['claimable_at'] as Date,
    worker: optional<string>(row['worker']),
    claimedAt: optional<Date>(row['claimed_at']),
    firstClaimedAt: optional<Date>(row['first_claimed_at']),
    lapsed: lapsedAttempts(row['lapsed']),
    maxAttempts: row['max_attempts'] as number,
    expiresAt: row['expires_at'] as Date,
    isPaused: row['paused'] as boolean,
    readAt: row['read_at'] as Date,
  }
}

function claimedBoardTask(row: Row): ClaimedBoardTask {
  return {
    processId: row['process_id'] as string,
    task: row['task'] as number,
    name: row['name'] as string,
    claim: { attempt: row['attempt'] as number, secret: row['secret'] as string },
    leaseExpiresAt: row['claimable_at'] as Date,
    takenFrom: optional<string>(row['taken_from']),
    leaseMs: row['lease_ms'] as number,
  }
}

/** @param rows one at least, which says how many tasks were picked */
export function handedOut(rows: readonly Row[], demands: readonly ClaimDemand[]): HandedOut {
  const wanted = demands.reduce((sum, { max }) => sum + max, 0)
  const picked = Number(rows[0]?.['picked'])
  const given = new Map(demands.map(({ secret }) => [secret, [] as ClaimedBoardTask[]]))
  for (const row of rows)
    if (row['task'] !== null) given.get(row['secret'] as string)?.push(claimedBoardTask(row))
  const tasks = demands.map(({ secret }) => given.get(secret) ?? [])
  // What was picked and not given has only just come, or moved: there is more.
  return { tasks, isDry: picked < wanted && picked === tasks.flat().length }
}

export function dueTask(row: Row): DueTask {
  return {
    processId: row['process_id'] as string,
    task: row['task'] as number,
    dueAt: row['due_at'] as number,
    attempt: row['attempt'] as number,
    secret: optional<string>(row['secret']),
    reason: row['reason'] as DueTask['reason'],
    elapsedMs: Math.round(Number(row['elapsed_ms'])),
  }
}

export const definitionColumns = `d.name, d.version, d.description, d.task_count, d.created_at, d.registered_at`

export function definitionSummary(row: Row): DefinitionSummary {
  return {
    name: row['name'] as string,
    version: row['version'] as number,
    description: optional<string>(row['description']),
    taskCount: row['task_count'] as number,
    createdAt: row['created_at'] as Date,
    registeredAt: row['registered_at'] as Date,
  }
}

export function storedDefinition(row: Row): StoredDefinition {
  return {
    ...definitionSummary(row),
    // The checker has let it in, so it is as it says.
    definition: JSON.parse(row['content'] as string) as StoredDefinition['definition'],
    source: row['source'] as string,
    format: row['format'] as StoredDefinition['format'],
  }
}

interface StoredLapse {
  readonly attempt: number
  readonly worker: string
  readonly claimedAt: string
  readonly leaseExpiredAt: string
  readonly secret: string
  readonly timedOut?: true
}

function lapsedAttempts(value: unknown): LapsedAttempt[] {
  return ((value as StoredLapse[] | null) ?? []).map((one) => ({
    ...one,
    claimedAt: new Date(one.claimedAt),
    leaseExpiredAt: new Date(one.leaseExpiredAt),
  }))
}

/** The open ones among them have no end of a lease. */
interface StoredUnfinished {
  readonly task: number
  readonly attempts: readonly (Omit<StoredLapse, 'leaseExpiredAt'> & { leaseExpiredAt: string | null })[]
}

function unfinishedAttempts(value: unknown): UnfinishedAttempt[] {
  return ((value as StoredUnfinished[] | null) ?? []).flatMap(({ task, attempts }) =>
    attempts.map(({ leaseExpiredAt, ...one }) => ({
      ...one,
      task,
      claimedAt: new Date(one.claimedAt),
      leaseExpiredAt: leaseExpiredAt === null ? undefined : new Date(leaseExpiredAt),
    })),
  )
}

function payload(value: unknown): Payload | undefined {
  return value === null ? undefined : Payload.fromStored(value as string)
}

function optional<T>(value: unknown): T | undefined {
  return value === null ? undefined : (value as T)
}

export const apiKeyColumns = `k.id, k.name, k.scopes, k.secret_hash, k.created_at, k.expires_at, k.revoked_at,
  k.last_used_at, CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN k.expires_at <= now() THEN 'expired'
  ELSE 'live' END AS state`

export function apiKey(row: Row): ApiKey {
  return {
    id: row['id'] as string,
    name: row['name'] as string,
    scopes: row['scopes'] as string[],
    secretHash: row['secret_hash'] as Buffer,
    state: row['state'] as ApiKey['state'],
    createdAt: row['created_at'] as Date,
    expiresAt: optional<Date>(row['expires_at']),
    revokedAt: optional<Date>(row['revoked_at']),
    lastUsedAt: optional<Date>(row['last_used_at']),
  }
}
