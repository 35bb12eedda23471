import { commitMs, groupBy, lookMs, placeOf, type Evidence, type StoredProcess } from './evidence.js'
import { Histories } from './histories.js'
import { isLive, type Life, type State } from './states.js'

/**
 * Versions are 1..n; tasks are completed after all that they need; a process is completed when all its tasks are, is what
 * its history says, begins with its start, and goes on after its end only when it is retried.
 */
export function* disordered(evidence: Evidence): Iterable<string> {
  const { processes, events, definitions } = evidence
  const histories = new Histories(evidence)
  for (const { id, state, version, definition } of processes) {
    const all = events.get(id) ?? []
    const needs = definitions.get(definition)?.needs ?? []
    if (all.some((event, place) => event.version !== place + 1)) yield `${id} has a gap in its versions`
    if (all.length !== version) yield `${id} is at version ${version}, with ${all.length} events`
    const completedIn = new Map<number, number>()
    for (const { type, task, version: at } of all) {
      if (type === 'task-completed' && task !== undefined) completedIn.set(placeOf(task), at)
    }
    for (const [task, at] of completedIn) {
      const before = (needs[task] ?? []).filter((need) => (completedIn.get(need) ?? Infinity) > at)
      if (before.length > 0) yield `${id}.${task} was completed before what it needs: ${before.join(', ')}`
    }
    const isWhole = completedIn.size === needs.length
    if (isWhole !== (state === 'completed'))
      yield `${id} is ${state}, with ${completedIn.size} tasks completed`
    const states = histories.statesOf(id)
    if (states.at(-1) !== state) yield `${id} is ${state}, but its history says ${states.at(-1)}`
    if (all[0]?.type !== 'process-started') yield `${id} begins with ${all[0]?.type}`
    for (const [place, { type }] of all.slice(1).entries()) {
      if (!mayFollow(type, states[place])) yield `${id} goes on with ${type} though it was ${states[place]}`
    }
  }
}

function mayFollow(type: string, state: State | undefined): boolean {
  if (type === 'process-started' || state === undefined) return false
  return type === 'process-retried' ? state === 'failed' : isLive(state)
}

/** What cleans up is started once for each bad end, by the very commit of that, where the definition says so. */
export function* wronglyFollowed({ processes, events, definitions }: Evidence): Iterable<string> {
  const byId = new Map(processes.map((process) => [process.id, process]))
  const named = new Set<string>()
  for (const { id, definition, failureOf } of processes) {
    const wanted = failureOf === undefined ? definitions.get(definition)?.failureProcess : undefined
    for (const { type, at, failureProcess } of events.get(id) ?? []) {
      const isBadEnd = badEnds.has(type)
      if (failureProcess === undefined) {
        if (isBadEnd && wanted !== undefined) yield `nothing cleans up after the ${type} of ${id}`
        continue
      }
      const follower = byId.get(failureProcess)
      if (!isBadEnd || wanted === undefined) yield `something cleans up after the ${type} of ${id}`
      if (named.has(failureProcess)) yield `${failureProcess} cleans up twice`
      named.add(failureProcess)
      if (follower?.failureOf !== id || follower.definition !== wanted)
        yield `${failureProcess} is to clean up after ${id}, but does not`
      else if (events.get(failureProcess)?.[0]?.at !== at)
        yield `${failureProcess} was not started as ${id} ended`
    }
  }
  for (const { id, failureOf } of processes) {
    if (failureOf !== undefined && !named.has(id))
      yield `${id} cleans up after ${failureOf}, which does not know`
  }
}

const badEnds: ReadonlySet<string> = new Set(['task-failed', 'process-timed-out', 'process-cancelled'])

/** No two live processes of a definition have the same name of their own. */
export function* namedAlike(evidence: Evidence): Iterable<string> {
  const histories = new Histories(evidence)
  const named = evidence.processes.filter(({ job }) => job !== undefined)
  for (const alike of groupBy(named, ({ definition, job }) => `${definition} ${job}`).values()) {
    const lives = alike.flatMap(({ id }) => histories.livesOf(id).map((life) => ({ ...life, id })))
    lives.sort((one, other) => one.from - other.from)
    for (const [place, life] of lives.entries()) {
      const before = lives
        .slice(0, place)
        .find((one) => one.id !== life.id && one.until > begunAtLatest(life))
      if (before !== undefined) yield `${before.id} and ${life.id} had one name at the same time`
    }
  }
}

/** A retry may wait in its transaction for the process, so that it is later than it says. */
function begunAtLatest({ from, isRetried }: Life): number {
  return from + (isRetried ? commitMs : lookMs)
}

/** After the storm, everything has come to its end. */
export function* stuck({ processes, leftOnBoard }: Evidence): Iterable<string> {
  for (const { id, state } of processes)
    if (!hasEnded(state)) yield `${id} has come to a halt: it is ${state}`
  if (leftOnBoard > 0) yield `${leftOnBoard} tasks are left on the board`
}

function hasEnded(state: StoredProcess['state']): boolean {
  return state === 'completed' || state === 'cancelled' || state === 'failed'
}
