import type { HistoryEvent, Process, Task } from '../../packages/protocol/dist/index.js'
import { allTasks, ask, getProcess, wholeHistory } from './api.js'
import type { Graph } from './graph.js'
import type { ClaimRecord, ReportRecord, WorkRecord } from './worker-processes.js'

/**
 * How often a task may be handed out: once; again as another attempt, where leases run out because the server was
 * away; or as often as it was given back.
 */
export type HandOuts = 'once' | 'after-a-lapse' | 'after-a-release'

export interface Run {
  readonly graph: Graph
  readonly process: Process
  readonly history: readonly HistoryEvent[]
  readonly tasks: readonly Task[]
  /** What is left of it on the board. */
  readonly board: readonly Task[]
  readonly work: WorkRecord
  readonly handOuts: HandOuts
}

export async function readRun(
  url: string,
  run: Pick<Run, 'graph' | 'work' | 'handOuts'> & { readonly processId: string },
): Promise<Run> {
  const { processId, ...rest } = run
  const [process, history, tasks, board] = await Promise.all([
    getProcess(url, processId),
    wholeHistory(url, processId),
    allTasks(url, processId),
    ask<{ items: Task[] }>(url, 'GET', `/tasks?process=${processId}`),
  ])
  return { ...rest, process, history, tasks, board: board.items }
}

/** Everything about a run that should not be so: nothing, when every task was completed once, after its needs. */
export function breachesOf(run: Run): string[] {
  return [
    ...endBreaches(run),
    ...historyBreaches(run),
    ...taskBreaches(run),
    ...handOutBreaches(run),
    ...reportBreaches(run),
    ...orderBreaches(run),
    ...outputBreaches(run),
  ]
}

function* endBreaches({ graph, process, board }: Run): Iterable<string> {
  const { state, progress } = process
  const total = graph.tasks.length
  if (state !== 'completed') yield `the process is ${state}, not completed`
  if (progress.total !== total || progress.finished !== total || progress.percent !== 100) {
    yield `progress is ${JSON.stringify(progress)}, not ${total} of ${total}`
  }
  if (board.length > 0) yield `${board.length} tasks are left on the board`
}

/** The history by itself: every task completed exactly once, after all that it needs. */
function* historyBreaches({ graph, process, history, handOuts }: Run): Iterable<string> {
  for (const [place, { version }] of history.entries()) {
    if (version !== place + 1) yield `event ${place + 1} of the history has version ${version}`
  }
  if (history.length !== process.version) yield `${history.length} events, but version ${process.version}`
  if (history[0]?.type !== 'process-started') yield `the history begins with ${history[0]?.type}`
  const completedAt = new Map<string, number>()
  for (const { type, name = '', version } of history.slice(1)) {
    // A worker that was late for its task.
    if (type === 'report-refused' && handOuts === 'after-a-lapse') continue
    if (type !== 'task-completed') yield `the history has ${type} of ${name}`
    else if (completedAt.has(name)) yield `${name} was completed twice`
    else completedAt.set(name, version)
  }
  for (const { name, needs } of graph.tasks) {
    const at = completedAt.get(name)
    if (at === undefined) {
      yield `${name} was not completed`
      continue
    }
    for (const need of needs) {
      const needAt = completedAt.get(need)
      if (needAt === undefined || needAt >= at) yield `${name} was completed before its need ${need}`
    }
  }
  if (completedAt.size > graph.tasks.length) yield 'tasks were completed that the definition does not have'
}

/** The tasks are those of the file, with the same needs. */
function* taskBreaches({ graph, tasks }: Run): Iterable<string> {
  const shown = new Map(tasks.map((task) => [task.name, task]))
  if (tasks.length !== graph.tasks.length) yield `${tasks.length} tasks are shown, not ${graph.tasks.length}`
  for (const { name, needs } of graph.tasks) {
    const task = shown.get(name)
    if (task?.state !== 'completed') yield `${name} is shown as ${task?.state}, not as completed`
    if (task !== undefined && task.needs.toSorted().join('\n') !== needs.toSorted().join('\n')) {
      yield `${name} is shown with other needs than the definition has`
    }
  }
}

/** No task is held by two workers. */
function* handOutBreaches({ work, handOuts }: Run): Iterable<string> {
  // All tasks of one hand-out may share a claim.
  const endOf = new Map([
    ...work.reports.map((report) => [heldBy(report), report.sentAt] as const),
    ...work.releases.map((release) => [heldBy(release), release.releasedAt] as const),
  ])
  for (const [task, claims] of groupByTask(work.claims)) {
    const attempts = new Set(claims.map(({ attempt }) => attempt))
    const inOrder = claims.toSorted((one, other) => one.claimedAt - other.claimedAt)
    const isBroken = {
      once: claims.length > 1,
      'after-a-lapse': attempts.size < claims.length,
      'after-a-release': inOrder.some((held, place) => {
        const next = inOrder[place + 1]
        return next !== undefined && next.claimedAt < (endOf.get(heldBy(held)) ?? Infinity)
      }),
    }
    if (!isBroken[handOuts]) continue
    const who = inOrder.map(({ worker, attempt }) => `${worker} (attempt ${attempt})`).join(', ')
    yield `${claims[0]?.name} (${task}) was handed out ${claims.length} times: to ${who}`
  }
}

/** Every report was answered once with "done"; refused ones are only those of leases that ran out. */
function* reportBreaches({ work, handOuts }: Run): Iterable<string> {
  const accepted = new Map<string, ReportRecord>()
  for (const report of work.reports) {
    const { task, worker, claim, status, code } = report
    const before = accepted.get(task)
    if (status === 200 && before === undefined) accepted.set(task, report)
    else if (status === 200 && before?.claim !== claim) yield `${task} was accepted from two claims`
    else if (status !== 200 && !(handOuts === 'after-a-lapse' && status === 409)) {
      yield `the report of ${worker} on ${task} was answered ${status} ${code ?? ''}`
    }
  }
}

/** By the workers' own clocks: no task was handed out before its needs were reported. */
function* orderBreaches({ graph, work, handOuts }: Run): Iterable<string> {
  const nameOf = new Map(work.claims.map(({ task, name }) => [task, name]))
  const reportedAt = new Map<string, number>()
  for (const { task, sentAt, status } of work.reports) {
    const name = nameOf.get(task)
    if (name === undefined || status !== 200) continue
    reportedAt.set(name, Math.min(sentAt, reportedAt.get(name) ?? Infinity))
  }
  const needsOf = new Map(graph.tasks.map(({ name, needs }) => [name, needs]))
  for (const { name, claimedAt } of work.claims) {
    for (const need of needsOf.get(name) ?? []) {
      const at = reportedAt.get(need)
      if (at === undefined && handOuts === 'after-a-lapse') continue
      if (at === undefined || at > claimedAt)
        yield `${name} was handed out before its need ${need} was reported`
    }
  }
}

/** Whoever is handed a task sees what its needs gave; workers give a task's id as its output. */
function* outputBreaches({ graph, tasks, work }: Run): Iterable<string> {
  const idOf = new Map(tasks.map(({ id, name }) => [name, id]))
  const needsOf = new Map(graph.tasks.map(({ name, needs }) => [name, needs]))
  for (const { name, needs: outputs } of work.claims) {
    const needs = needsOf.get(name) ?? []
    // Where there are very many, they are left out and asked for.
    if (outputs === undefined) continue
    const isRight =
      Object.keys(outputs).length === needs.length && needs.every((need) => outputs[need] === idOf.get(need))
    if (!isRight) yield `${name} was handed out with other outputs of its needs than were reported`
  }
  for (const { name, id, output } of tasks) {
    if (output !== undefined && output !== id) yield `${name} shows another output than was reported`
  }
}

/** The claims of one process: workers may have worked for others as well. */
export function workOn(processId: string, { claims, reports, releases }: WorkRecord): WorkRecord {
  const isOf = ({ task }: { readonly task: string }) => task.startsWith(`${processId}.`)
  return { claims: claims.filter(isOf), reports: reports.filter(isOf), releases: releases.filter(isOf) }
}

function groupByTask(claims: readonly ClaimRecord[]): Map<string, ClaimRecord[]> {
  const groups = new Map<string, ClaimRecord[]>()
  for (const claim of claims) {
    const group = groups.get(claim.task)
    if (group === undefined) groups.set(claim.task, [claim])
    else group.push(claim)
  }
  return groups
}

function heldBy({ task, claim }: { readonly task: string; readonly claim: string }): string {
  return `${task} ${claim}`
}
