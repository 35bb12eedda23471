import type { Attempt, Outcome, TaskRun } from './task-run.js'

/** A stretch of time of an attempt. `left` and `width` are percent of the whole. */
export interface Bar {
  readonly kind: 'wait' | 'work'
  readonly outcome: Outcome
  readonly attempt: Attempt
  readonly left: number
  readonly width: number
}

export interface TimelineRow {
  readonly run: TaskRun
  readonly bars: readonly Bar[]
}

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** The tasks that have been on the board, in order of beginning. */
export function begunRuns(runs: readonly TaskRun[]): TaskRun[] {
  return runs
    .filter(({ attempts }) => attempts.length > 0)
    .toSorted((a, b) => beginningOf(a) - beginningOf(b) || a.index - b.index)
}

/** For each task one bar per attempt, the wait before it apart. */
export function timelineRows(runs: readonly TaskRun[], span: Span): TimelineRow[] {
  return runs.map((run) => ({ run, bars: run.attempts.flatMap((attempt) => barsOf(attempt, span)) }))
}

function barsOf(attempt: Attempt, span: Span): Bar[] {
  const { scheduledAtMs, claimedAtMs, endedAtMs = span.toMs, outcome } = attempt
  const waitEndMs = claimedAtMs ?? endedAtMs
  return [
    ...(scheduledAtMs !== undefined && waitEndMs > scheduledAtMs
      ? [bar('wait', attempt, outcome, scheduledAtMs, waitEndMs, span)]
      : []),
    ...(claimedAtMs === undefined ? [] : [bar('work', attempt, outcome, claimedAtMs, endedAtMs, span)]),
  ]
}

function bar(
  kind: Bar['kind'],
  attempt: Attempt,
  outcome: Outcome,
  fromMs: number,
  toMs: number,
  span: Span,
): Bar {
  const left = percent(fromMs, span)
  return { kind, outcome, attempt, left, width: Math.max(0, percent(toMs, span) - left) }
}

function percent(atMs: number, { fromMs, toMs }: Span): number {
  if (toMs <= fromMs) return 0
  return Math.min(100, Math.max(0, ((atMs - fromMs) / (toMs - fromMs)) * 100))
}

function beginningOf({ attempts: [first] }: TaskRun): number {
  return first?.scheduledAtMs ?? first?.claimedAtMs ?? first?.endedAtMs ?? 0
}

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const niceMs = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * day),
]

/** Round distances from the beginning, at most so many, the first one 0. */
export function ticksOf({ fromMs, toMs }: Span, most: number): number[] {
  const length = Math.max(1, toMs - fromMs)
  const step = niceMs.find((nice) => length / nice < most) ?? length
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step)
}
