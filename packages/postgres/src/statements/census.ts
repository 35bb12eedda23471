import {
  endingsCountedForMs,
  maxNamesCounted,
  maxProcessesCounted,
  maxTasksCounted,
  type BoardCensus,
  type EndedInMinute,
  type NameOnBoard,
  type ProcessCensus,
  type WorkerSeen,
} from '@tunacorn/core'
import type { Row } from '../database.js'
import { ms } from './board-columns.js'

// What there is of everything. Each part of these statements reads a bounded number of rows.

/** Processes of each state by an index, which has no completed ones; those that ended by another. */
export function processCensusSql(schema: string): string {
  const count = (state: string) => `
  (SELECT count(*)::int FROM (
    SELECT FROM ${schema}.process WHERE state = '${state}' AND state <> 'completed' LIMIT ${maxProcessesCounted}) p)`
  const ended = (state: string) => `count(*) FILTER (WHERE state = '${state}')::int AS ${state}`
  return `
SELECT now() AS read_at, ${count('running')} AS running, ${count('paused')} AS paused,
  ${count('failed')} AS failed, ${count('cancelled')} AS cancelled,
  (SELECT jsonb_agg(m ORDER BY m.at_ms) FROM (
    SELECT extract(epoch FROM date_trunc('minute', ended_at)) * 1000 AS at_ms,
      ${ended('completed')}, ${ended('failed')}, ${ended('cancelled')}
    FROM (
      SELECT ended_at, state FROM ${schema}.process
      WHERE ended_at IS NOT NULL AND ended_at > now() - ${endingsCountedForMs} ${ms}
      ORDER BY ended_at DESC LIMIT ${maxProcessesCounted}) p
    GROUP BY 1) m) AS endings`
}

export function processCensus(row: Row): ProcessCensus {
  const {
    read_at: readAt,
    running,
    paused,
    failed,
    cancelled,
  } = row as Record<string, number> & {
    read_at: Date
  }
  const endings = (row['endings'] ?? []) as (Omit<EndedInMinute, 'at'> & { at_ms: number })[]
  return {
    readAt,
    counts: { running: running ?? 0, paused: paused ?? 0, failed: failed ?? 0, cancelled: cancelled ?? 0 },
    endings: endings.map(({ at_ms: atMs, ...counts }) => ({ at: new Date(atMs), ...counts })),
  }
}

/** Names as rows of `by_name`, workers as rows of `by_worker`, as JSON: one statement, one moment. */
export function boardCensusSql(schema: string): string {
  const states = {
    claimed: 'worker IS NOT NULL AND claimable_at > now()',
    lapsed: 'worker IS NOT NULL AND claimable_at <= now()',
    paused: 'worker IS NULL AND paused',
    retrying: 'worker IS NULL AND NOT paused AND claimable_at > now() AND attempt > 0',
    delayed: 'worker IS NULL AND NOT paused AND claimable_at > now() AND attempt = 0',
    waiting: 'worker IS NULL AND NOT paused AND claimable_at <= now()',
  }
  const counts = Object.entries(states).map(
    ([state, condition]) => `count(*) FILTER (WHERE ${condition})::int AS ${state}`,
  )
  const waitingSince = `min(greatest(scheduled_at, claimable_at)) FILTER (WHERE ${states.waiting})`
  return `
WITH board AS MATERIALIZED (
  SELECT name, worker, claimable_at, scheduled_at, paused, attempt FROM ${schema}.task_list LIMIT ${maxTasksCounted}
),
by_name AS (
  SELECT name, count(*) AS rows, ${counts.join(', ')}, ${waitingSince} AS waiting_since
  FROM board GROUP BY name ORDER BY count(*) DESC, name COLLATE "C" LIMIT ${maxNamesCounted}
),
by_worker AS (SELECT worker, count(*)::int AS claimed FROM board WHERE ${states.claimed} GROUP BY worker)
SELECT (SELECT count(*) >= ${maxTasksCounted} FROM board) AS is_partial,
  (SELECT jsonb_agg(jsonb_build_object('name', n.name, 'claimed', n.claimed, 'lapsed', n.lapsed, 'paused', n.paused,
      'retrying', n.retrying, 'delayed', n.delayed, 'waiting', n.waiting,
      'waitingSince', extract(epoch FROM n.waiting_since) * 1000,
      'lastPolledAt', extract(epoch FROM (
        SELECT max(p.at) FROM ${schema}.poll p WHERE p.name IN (n.name, ''))) * 1000)
    ORDER BY n.rows DESC, n.name COLLATE "C") FROM by_name n) AS names,
  (SELECT jsonb_agg(jsonb_build_object('worker', s.worker, 'lastSeenAt', extract(epoch FROM s.at) * 1000,
      'claimed', coalesce(w.claimed, 0)) ORDER BY s.at DESC, s.worker COLLATE "C")
    FROM (SELECT worker, at FROM ${schema}.worker_seen ORDER BY at DESC LIMIT ${maxNamesCounted}) s
    LEFT JOIN by_worker w ON w.worker = s.worker) AS workers`
}

export function boardCensus(row: Row): BoardCensus {
  const names = (row['names'] ?? []) as InJson<NameOnBoard>[]
  const workers = (row['workers'] ?? []) as InJson<WorkerSeen>[]
  return {
    names: names.map(({ waitingSince, lastPolledAt, ...name }) => ({
      ...name,
      waitingSince: dateOf(waitingSince),
      lastPolledAt: dateOf(lastPolledAt),
    })),
    workers: workers.map(({ lastSeenAt, ...worker }) => ({ ...worker, lastSeenAt: new Date(lastSeenAt) })),
    isPartial: row['is_partial'] as boolean,
  }
}

/** Dates are milliseconds there, and what is absent is null. */
type InJson<T> = {
  readonly [K in keyof T]: T[K] extends Date ? number : T[K] extends Date | undefined ? number | null : T[K]
}

function dateOf(atMs: number | null): Date | undefined {
  return atMs === null ? undefined : new Date(atMs)
}
