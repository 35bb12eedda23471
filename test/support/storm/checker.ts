import { Client } from 'pg'
import type { Call, Held } from './record.js'

/** One event as the store has it; times are the store's, in milliseconds. */
interface StoredEvent {
  readonly process: string
  readonly version: number
  readonly type: string
  readonly task: string | undefined
  readonly attempt: number | undefined
  readonly claim: string | undefined
  readonly nonce: string | undefined
  readonly at: number
  readonly claimedAt: number | undefined
  readonly lapsed: readonly { attempt: number; secret: string; claimedAt: string; leaseExpiredAt: string }[]
}

interface StoredProcess {
  readonly id: string
  readonly state: string
  readonly version: number
}

/** Everything that is to be true of what was stored and what was asked and answered. */
export interface Evidence {
  readonly calls: readonly Call[]
  readonly processes: readonly StoredProcess[]
  /** Of each process, in their order. */
  readonly events: ReadonlyMap<string, readonly StoredEvent[]>
  readonly idempotencyKeys: ReadonlyMap<string, string>
  readonly leftOnBoard: number
  /** By the place of a task in the definition. */
  readonly needs: readonly (readonly number[])[]
  readonly leaseMs: number
}

export async function gather(
  databaseUrl: string,
  rest: Pick<Evidence, 'calls' | 'needs' | 'leaseMs'>,
): Promise<Evidence> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const processes = await client.query<StoredProcess>(
      'SELECT id, state, version::int FROM tunacorn.process ORDER BY id',
    )
    const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`
    const events = await client.query<StoredEvent>(
      `SELECT process_id AS process, version::int, type, process_id || '.' || task AS task, attempt,
         attempt || '.' || secret AS claim, payload ->> 'nonce' AS nonce, ${ms('at')} AS at,
         ${ms('claimed_at')} AS "claimedAt", coalesce(lapsed, '[]') AS lapsed
       FROM tunacorn.history ORDER BY process_id, version`,
    )
    const keys = await client.query<{ key: string; id: string }>(
      'SELECT key, process_id AS id FROM tunacorn.started_once',
    )
    const board = await client.query('SELECT FROM tunacorn.task_list')
    return {
      ...rest,
      processes: processes.rows,
      events: grouped(events.rows, ({ process }) => process),
      idempotencyKeys: new Map(keys.rows.map(({ key, id }) => [key, id])),
      leftOnBoard: board.rowCount ?? 0,
    }
  } finally {
    await client.end()
  }
}

/** What is not as it is promised to be: nothing, or a line for each. */
export function anomaliesIn(evidence: Evidence): string[] {
  return [
    ...lost(evidence),
    ...invented(evidence),
    ...doubled(evidence),
    ...overlapping(evidence),
    ...wronglyRefused(evidence),
    ...disordered(evidence),
    ...stuck(evidence),
    ...brokenDown(evidence),
  ]
}

/** Acknowledged ⊆ stored: what was answered 2xx is there, as it was sent. */
function* lost({ calls, events, processes, idempotencyKeys }: Evidence): Iterable<string> {
  const known = new Set(processes.map(({ id }) => id))
  const startedBy = new Map<string, string>()
  for (const { asked, answered, outcome } of calls) {
    if (outcome !== 'ok') continue
    if (asked.do === 'complete') {
      const made = completionOf(events, asked.task)
      if (made === undefined) yield `${asked.task} was acknowledged as completed, but is not`
      else if (made.claim !== asked.claim || made.nonce !== asked.nonce)
        yield `${asked.task} was acknowledged for claim ${asked.claim}, but is completed by ${made.claim}`
    }
    if (asked.do === 'start') {
      const id = answered?.process ?? ''
      if (!known.has(id)) yield `process ${id} was acknowledged, but is not there`
      if ((startedBy.get(asked.key) ?? id) !== id) yield `one start (${asked.key}) has made two processes`
      startedBy.set(asked.key, id)
      if (idempotencyKeys.get(asked.key) !== id) yield `the key ${asked.key} stands for another process`
    }
  }
}

/** Stored ⊆ acknowledged ∪ unknown: nothing is there that nobody has asked for, or that was refused. */
function* invented({ calls, events, idempotencyKeys, processes }: Evidence): Iterable<string> {
  const asked = new Set<string>()
  const keys = new Set<string>()
  for (const { asked: one, outcome } of calls) {
    if (one.do === 'complete' && outcome !== 'refused') asked.add(`${one.task} ${one.claim} ${one.nonce}`)
    if (one.do === 'start' && outcome !== 'refused') keys.add(one.key)
  }
  for (const { task, claim, nonce, type } of [...events.values()].flat()) {
    if (type === 'task-completed' && !asked.has(`${task} ${claim} ${nonce}`))
      yield `${task} is completed by ${claim}, which nobody has reported, or was refused`
  }
  const started = new Set(idempotencyKeys.values())
  for (const [key] of idempotencyKeys)
    if (!keys.has(key)) yield `a start is kept that nobody has asked for: ${key}`
  for (const { id } of processes) if (!started.has(id)) yield `process ${id} was started by nobody`
}

/** One completion for each task, by the last of its attempts; and no attempt handed out twice. */
function* doubled({ calls, events }: Evidence): Iterable<string> {
  for (const [id, all] of events) {
    const completed = all.filter(({ type }) => type === 'task-completed')
    if (new Set(completed.map(({ task }) => task)).size < completed.length)
      yield `process ${id} has a task that is completed twice`
  }
  const releases = countBy(calls, ({ asked, outcome }) =>
    asked.do === 'release' && outcome !== 'refused' ? `${asked.task} ${asked.attempt}` : undefined,
  )
  const handed = new Map<string, Set<string>>()
  for (const held of handOuts(calls)) {
    const key = `${held.task} ${held.attempt}`
    handed.set(key, (handed.get(key) ?? new Set()).add(held.claim))
    const made = completionOf(events, held.task)
    if (made?.attempt !== undefined && held.attempt > made.attempt)
      yield `${held.task} was handed out as attempt ${held.attempt}, but is completed by attempt ${made.attempt}`
  }
  for (const [key, claims] of handed) {
    if (claims.size > 1 + (releases.get(key) ?? 0)) yield `attempt ${key} was handed out ${claims.size} times`
  }
}

/** No task is held by two at a time, by the store's own clock. */
function* overlapping({ calls, events, leaseMs }: Evidence): Iterable<string> {
  for (const all of events.values()) {
    for (const { task, claimedAt, lapsed, attempt } of all) {
      if (claimedAt === undefined) continue
      const later = [...lapsed.slice(1).map((one) => Date.parse(one.claimedAt)), claimedAt]
      for (const [place, one] of lapsed.entries()) {
        const next = later[place] ?? Infinity
        // Times within `lapsed` are whole milliseconds, cut off.
        if (Date.parse(one.leaseExpiredAt) > next + 1)
          yield `${task}: attempt ${one.attempt} was live until ${one.leaseExpiredAt}, after a later one (of ${attempt}) began`
      }
    }
  }
  // A worker that was told until when it holds a task does so, unless it has given it up itself.
  const heldUntil = new Map<string, { attempt: number; claim: string; until: number }[]>()
  const givenUp = new Set<string>()
  for (const { asked, answered, outcome } of calls) {
    if ((asked.do === 'release' || asked.do === 'fail') && outcome !== 'refused')
      givenUp.add(`${asked.task} ${asked.claim}`)
    if (asked.do !== 'heartbeat' || outcome !== 'ok' || answered?.leaseExpiresAt === undefined) continue
    const spans = heldUntil.get(asked.task) ?? []
    spans.push({ attempt: asked.attempt, claim: asked.claim, until: Date.parse(answered.leaseExpiresAt) })
    heldUntil.set(asked.task, spans)
  }
  for (const { task, attempt, claim, leaseExpiresAt } of handOuts(calls)) {
    const spans = heldUntil.get(task) ?? []
    spans.push({ attempt, claim, until: Date.parse(leaseExpiresAt) })
    heldUntil.set(task, spans)
  }
  for (const { task, attempt, claim, leaseExpiresAt } of handOuts(calls)) {
    const claimedAt = Date.parse(leaseExpiresAt) - leaseMs
    for (const before of heldUntil.get(task) ?? []) {
      const isEarly = before.attempt < attempt && claimedAt < before.until - 1
      if (isEarly && !givenUp.has(`${task} ${before.claim}`))
        yield `${task}: attempt ${attempt} (${claim}) began while attempt ${before.attempt} was promised its lease`
    }
  }
}

/** A report is refused only when its claim is not live any more: others have the task, had it, or its process has ended. */
function* wronglyRefused({ calls, events, processes }: Evidence): Iterable<string> {
  const states = new Map(processes.map(({ id, state }) => [id, state]))
  const givenUp = new Set<string>()
  for (const { asked, outcome } of calls) {
    if ((asked.do === 'release' || asked.do === 'fail') && outcome !== 'refused')
      givenUp.add(`${asked.task} ${asked.claim}`)
  }
  for (const { asked, answered, outcome } of calls) {
    if (asked.do !== 'complete' || outcome !== 'refused') continue
    if (answered?.status !== 409) {
      yield `the report of ${asked.task} was refused with ${answered?.status} ${answered?.code}`
      continue
    }
    const made = completionOf(events, asked.task)
    if (made?.claim === asked.claim) {
      if (made.nonce === asked.nonce) yield `${asked.task} is completed by ${asked.claim}, which was refused`
      continue
    }
    const isOver = (states.get(processOf(asked.task)) ?? '') !== 'completed'
    const isLate = made?.attempt !== undefined && made.attempt > asked.attempt
    if (!isOver && !isLate && !givenUp.has(`${asked.task} ${asked.claim}`))
      yield `${asked.task}: ${asked.claim} was refused, though nobody else has had it`
  }
}

/** Versions are 1..n; tasks are completed after all that they need; a process is completed when all its tasks are. */
function* disordered({ processes, events, needs }: Evidence): Iterable<string> {
  for (const { id, state, version } of processes) {
    const all = events.get(id) ?? []
    if (all.some((event, place) => event.version !== place + 1)) yield `${id} has a gap in its versions`
    if (all.length !== version) yield `${id} is at version ${version}, with ${all.length} events`
    const completedIn = new Map<number, number>()
    for (const { type, task, version: at } of all) {
      if (type === 'task-completed' && task !== undefined) completedIn.set(placeOf(task), at)
    }
    for (const [task, at] of completedIn) {
      const early = (needs[task] ?? []).filter((need) => (completedIn.get(need) ?? Infinity) > at)
      if (early.length > 0) yield `${id}.${task} was completed before what it needs: ${early.join(', ')}`
    }
    const isWhole = completedIn.size === needs.length
    if (isWhole !== (state === 'completed'))
      yield `${id} is ${state}, with ${completedIn.size} tasks completed`
  }
}

/** After the storm, everything has come to its end. */
function* stuck({ processes, leftOnBoard }: Evidence): Iterable<string> {
  for (const { id, state } of processes) {
    if (state !== 'completed' && state !== 'cancelled') yield `${id} has come to a halt: it is ${state}`
  }
  if (leftOnBoard > 0) yield `${leftOnBoard} tasks are left on the board`
}

/** What cannot be done for now is answered 503: any other answer of that kind is a bug. */
function* brokenDown({ calls }: Evidence): Iterable<string> {
  for (const { asked, answered } of calls) {
    if (answered !== undefined && answered.status >= 500 && answered.status !== 503)
      yield `${asked.do} was answered ${answered.status} ${answered.code ?? ''}`
  }
}

function completionOf(events: Evidence['events'], task: string): StoredEvent | undefined {
  return events.get(processOf(task))?.find((event) => event.type === 'task-completed' && event.task === task)
}

function* handOuts(calls: readonly Call[]): Iterable<Held & { readonly leaseExpiresAt: string }> {
  for (const { asked, answered } of calls) if (asked.do === 'claim') yield* answered?.tasks ?? []
}

function processOf(task: string): string {
  return task.slice(0, task.indexOf('.'))
}

function placeOf(task: string): number {
  return Number(task.slice(task.indexOf('.') + 1))
}

function countBy<T>(items: Iterable<T>, keyOf: (item: T) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) {
    const key = keyOf(item)
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}
