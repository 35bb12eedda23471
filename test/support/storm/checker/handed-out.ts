import { needsOf, type Claims, type HandOut } from './claims.js'
import { completionOf, countBy, lookMs, processOf, type Evidence } from './evidence.js'

/** One completion for each task, by the last of its attempts; and no attempt handed out twice. */
export function* doubled({ calls, events }: Evidence, claims: Claims): Iterable<string> {
  for (const [id, all] of events) {
    const completed = all.filter(({ type }) => type === 'task-completed')
    if (new Set(completed.map(({ task }) => task)).size < completed.length)
      yield `process ${id} has a task that is completed twice`
  }
  for (const [task, all] of claims.all) {
    const made = completionOf(events, task)
    if (made?.claimedAt === undefined) continue
    for (const { attempt, claim, claimedAt } of all) {
      if (claimedAt > made.claimedAt && claim !== made.claim)
        yield `${task} was handed out as attempt ${attempt}, but is completed by attempt ${made.attempt}`
    }
  }
  const releases = countBy(calls, ({ asked, outcome }) =>
    asked.do === 'release' && outcome !== 'refused' ? `${asked.task} ${asked.attempt}` : undefined,
  )
  const retries = countBy([...events.values()].flat(), ({ type, process }) =>
    type === 'process-retried' ? process : undefined,
  )
  const handed = countBy([...claims.all.values()].flat(), ({ task, attempt }) => `${task} ${attempt}`)
  for (const [key, count] of handed) {
    // What is given back is the same attempt again; after a retry of the process they are counted anew.
    const most = 1 + (releases.get(key) ?? 0) + (retries.get(processOf(key)) ?? 0)
    if (count > most) yield `attempt ${key} was handed out ${count} times`
  }
}

/** No task is held by two at a time, by the store's own clock. */
export function* overlapping({ events }: Evidence, claims: Claims): Iterable<string> {
  for (const { task, claimedAt, lapsed, attempt } of [...events.values()].flat()) {
    if (claimedAt === undefined) continue
    const later = [...lapsed.slice(1).map((one) => Date.parse(one.claimedAt)), claimedAt]
    for (const [place, one] of lapsed.entries()) {
      const next = later[place] ?? Infinity
      // Times within `lapsed` are whole milliseconds, cut off.
      if (Date.parse(one.leaseExpiredAt ?? '') > next + 1)
        yield `${task}: attempt ${one.attempt} was live until ${one.leaseExpiredAt}, after a later one (of ${attempt}) began`
    }
  }
  // A worker that was told until when it holds a task does so, unless it was over before.
  for (const [task, all] of claims.told) {
    for (const before of all) {
      const until = heldUntil(claims, before)
      for (const { attempt, claim, claimedAt } of claims.all.get(task) ?? []) {
        if (claim !== before.claim && claimedAt >= before.claimedAt && claimedAt < until - 1)
          yield `${task}: attempt ${attempt} (${claim}) began while attempt ${before.attempt} was promised its lease`
      }
    }
  }
}

function heldUntil(claims: Claims, { task, claim }: HandOut): number {
  const ends = claims.endsOf(task, claim).filter(({ by }) => by !== 'lapsed')
  // A failure says itself from when on there may be another attempt.
  const overAt = ends.map(({ by, at }) => (by === 'reported' ? at : at - lookMs))
  return Math.min(claims.promisedUntil(task, claim), ...overAt)
}

/** A task is handed out when its process has been started and all that it needs is completed, and not before. */
export function* early(evidence: Evidence, claims: Claims): Iterable<string> {
  const { events, processes } = evidence
  const definitions = new Map(processes.map(({ id, definition }) => [id, definition]))
  for (const [task, all] of claims.all) {
    const id = processOf(task)
    const needs = needsOf(evidence, definitions.get(id) ?? '', task)
    const done = needs.map((need) => completionOf(events, need)?.at ?? Infinity)
    const since = Math.max(events.get(id)?.[0]?.at ?? Infinity, ...done)
    for (const { attempt, claimedAt } of all) {
      if (claimedAt + lookMs < since)
        yield `${task} was handed out as attempt ${attempt} ${since - claimedAt} ms before it could be begun`
    }
  }
}
