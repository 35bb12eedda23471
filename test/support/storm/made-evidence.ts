import type { Evidence, StoredEvent, StoredProcess } from './checker/evidence.js'
import type { Answered, Call, Deed } from './record.js'

// What a storm could have left, made by hand: as it should be, for faults to be put into it. Times are in milliseconds
// since it began.

export const leaseMs = 1_000
const beginMs = Date.parse('2026-01-01T00:00:00Z')
const idOf = (name: string) => `01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a${name}`

/** Two tasks, one after the other, and nothing happened. */
export const plain = idOf('01')
export const [first, second] = [`${plain}.0`, `${plain}.1`]
/** Two tasks; everything happened, and it was cancelled in the end. */
export const eventful = idOf('02')
export const [eventfulFirst, eventfulSecond] = [`${eventful}.0`, `${eventful}.1`]
/** What cleaned up after it, when it had failed and when it was cancelled. */
export const [undone, undoneAgain] = [idOf('03'), idOf('04')]

export const momentOf = (atMs: number) => new Date(beginMs + atMs).toISOString()

let calls = 0

/** @param atMs when it was asked and answered */
export function call(
  outcome: Call['outcome'],
  atMs: number,
  deed: Deed,
  answer: Partial<Answered> = {},
): Call {
  const n = (calls += 1)
  const at = beginMs + atMs
  const status = { ok: 200, refused: 409, unknown: 0 }[outcome]
  return { asked: { n, at, ...deed }, answered: { n, at, status, ...answer }, outcome }
}

export const held = (task: string, claim = '1.s') => ({ task, attempt: Number.parseInt(claim, 10), claim })

export function handOut(task: string, atMs: number, claim = '1.s'): Call {
  const tasks = [{ ...held(task, claim), leaseExpiresAt: momentOf(atMs + leaseMs) }]
  return call('ok', atMs, { do: 'claim', worker: 'w' }, { tasks })
}

export function beat(task: string, atMs: number, claim = '1.s'): Call {
  const leaseExpiresAt = momentOf(atMs + leaseMs)
  return call('ok', atMs, { do: 'heartbeat', ...held(task, claim) }, { leaseExpiresAt })
}

/** An attempt that is over, as events have it. */
export function over(claim: string, fromMs: number, untilMs?: number): StoredEvent['lapsed'][number] {
  const [attempt = '', secret = ''] = claim.split('.')
  const leaseExpiredAt = untilMs === undefined ? null : momentOf(untilMs)
  return { attempt: Number(attempt), secret, claimedAt: momentOf(fromMs), leaseExpiredAt }
}

type EventPart = Partial<Omit<StoredEvent, 'at' | 'claimedAt'>> & { readonly fromMs?: number }

/** The next event of a process, whose place in its history is its version. */
export function event(type: string, atMs: number, { fromMs, ...part }: EventPart = {}) {
  const claimedAt = fromMs === undefined ? undefined : beginMs + fromMs
  return { type, at: beginMs + atMs, claimedAt, lapsed: [], unfinished: [], ...part }
}

type Draft = ReturnType<typeof event>

export function historyOf(process: string, events: readonly Draft[]): StoredEvent[] {
  return events.map((draft, place) => ({ process, version: place + 1, ...draft }))
}

export function completed(task: string, fromMs: number, atMs: number, claim = '1.s', part: EventPart = {}) {
  return event('task-completed', atMs, { ...held(task, claim), fromMs, nonce: task, ...part })
}

const control = (what: 'cancel' | 'pause' | 'resume' | 'retry', since: number) =>
  ({ do: what, process: eventful, since }) as const

const startOf = (key: string, definition: string, job?: string) =>
  ({ do: 'start', key, once: true, definition, ...(job !== undefined && { job }) }) as const

export const plainEvents = {
  started: event('process-started', 500),
  first: completed(first, 800, 1_000),
  second: completed(second, 1_200, 1_500),
}

const undoneEvents = (process: string, atMs: number) =>
  historyOf(process, [event('process-started', atMs), completed(`${process}.0`, atMs + 10, atMs + 20)])

export const eventfulEvents = {
  started: event('process-started', 100),
  late: event('report-refused', 1_490, held(eventfulFirst, '1.a')),
  failedOnce: event('attempt-failed', 1_590, {
    ...held(eventfulFirst, '2.b'),
    fromMs: 1_400,
    nonce: 'b',
    reason: 'reported',
    lapsed: [over('1.a', 200, 1_300)],
  }),
  paused: event('process-paused', 1_840),
  resumed: event('process-resumed', 1_890),
  completed: completed(eventfulFirst, 1_800, 1_990, '3.d'),
  failed: event('task-failed', 2_190, {
    ...held(eventfulSecond, '1.e'),
    fromMs: 2_100,
    nonce: 'e',
    reason: 'reported',
    failureProcess: undone,
  }),
  retried: event('process-retried', 2_490),
  cancelled: event('process-cancelled', 2_690, {
    failureProcess: undoneAgain,
    unfinished: [{ task: 1, attempts: [over('1.f', 2_600)] }],
  }),
}

/** By what they are about. */
export const soundCalls = {
  start: call('ok', 500, startOf('plain', 'two'), { process: plain }),
  firstHandOut: handOut(first, 800),
  firstCompletion: call('ok', 1_000, { do: 'complete', ...held(first), nonce: first }),
  secondHandOut: handOut(second, 1_200),
  secondCompletion: call('ok', 1_500, { do: 'complete', ...held(second), nonce: second }),

  unansweredStart: call('unknown', 100, startOf('eventful', 'undoable', 'job')),
  startInFlight: call('refused', 110, startOf('eventful', 'undoable', 'job'), { code: 'start-in-flight' }),
  eventfulStart: call('ok', 120, startOf('eventful', 'undoable', 'job'), { process: eventful }),
  nameTaken: call('refused', 130, startOf('other', 'undoable', 'job'), {
    code: 'key-taken',
    takenBy: eventful,
  }),
  lapsing: handOut(eventfulFirst, 200, '1.a'),
  beat: beat(eventfulFirst, 300, '1.a'),
  failing: handOut(eventfulFirst, 1_400, '2.b'),
  late: call('refused', 1_500, { do: 'complete', ...held(eventfulFirst, '1.a'), nonce: 'a' }),
  failure: call('ok', 1_600, { do: 'fail', ...held(eventfulFirst, '2.b'), nonce: 'b', final: false }),
  releasing: handOut(eventfulFirst, 1_700, '3.c'),
  release: call('ok', 1_750, { do: 'release', ...held(eventfulFirst, '3.c') }),
  releaseAgain: call('refused', 1_760, { do: 'release', ...held(eventfulFirst, '3.c') }),
  completing: handOut(eventfulFirst, 1_800, '3.d'),
  pause: call('ok', 1_850, control('pause', 1), { version: 4 }),
  resumption: call('ok', 1_900, control('resume', 4), { version: 5 }),
  completion: call('ok', 2_000, { do: 'complete', ...held(eventfulFirst, '3.d'), nonce: eventfulFirst }),
  givingUp: handOut(eventfulSecond, 2_100, '1.e'),
  finalFailure: call('ok', 2_200, { do: 'fail', ...held(eventfulSecond, '1.e'), nonce: 'e', final: true }),
  tooEarlyToResume: call('refused', 2_300, control('resume', 7)),
  retry: call('ok', 2_500, control('retry', 7), { version: 8 }),
  retryAgain: call('refused', 2_550, control('retry', 7)),
  left: handOut(eventfulSecond, 2_600, '1.f'),
  cancellation: call('ok', 2_700, control('cancel', 8), { version: 9 }),
  lateFailure: call('refused', 2_800, {
    do: 'fail',
    ...held(eventfulSecond, '1.f'),
    nonce: 'f',
    final: false,
  }),
  lateBeat: call('refused', 2_850, { do: 'heartbeat', ...held(eventfulSecond, '1.f') }),
  latePause: call('refused', 3_000, control('pause', 9)),
  undoing: handOut(`${undone}.0`, 2_200),
  undoingAgain: handOut(`${undoneAgain}.0`, 2_700),
  undo: call('ok', 2_210, { do: 'complete', ...held(`${undone}.0`), nonce: `${undone}.0` }),
  undoAgain: call('ok', 2_710, { do: 'complete', ...held(`${undoneAgain}.0`), nonce: `${undoneAgain}.0` }),
}

type CallName = keyof typeof soundCalls

/** Each part of it can be another. */
export interface Changes {
  readonly calls?: Readonly<Partial<Record<CallName, Call | undefined>>>
  readonly more?: readonly Call[]
  readonly plain?: readonly Draft[]
  readonly eventful?: Readonly<Partial<Record<keyof typeof eventfulEvents, Draft | undefined>>>
  readonly processes?: Readonly<Record<string, Partial<StoredProcess> | undefined>>
  readonly leftOnBoard?: number
}

export function evidence(changes: Changes = {}): Evidence {
  const { more = [], leftOnBoard = 0, plain: plainDrafts = Object.values(plainEvents) } = changes
  const eventfulDrafts = present({ ...eventfulEvents, ...changes.eventful })
  const events = new Map([
    [plain, historyOf(plain, plainDrafts)],
    [eventful, historyOf(eventful, eventfulDrafts)],
    [undone, undoneEvents(undone, 2_190)],
    [undoneAgain, undoneEvents(undoneAgain, 2_690)],
  ])
  const processes: StoredProcess[] = [
    { id: plain, definition: 'two', state: 'completed', version: 0, startKey: 'plain' },
    {
      id: eventful,
      definition: 'undoable',
      state: 'cancelled',
      version: 0,
      startKey: 'eventful',
      job: 'job',
    },
    { id: undone, definition: 'one', state: 'completed', version: 0, failureOf: eventful },
    { id: undoneAgain, definition: 'one', state: 'completed', version: 0, failureOf: eventful },
  ]
  const as = (process: StoredProcess) => ({
    ...process,
    version: events.get(process.id)?.length ?? 0,
    ...changes.processes?.[process.id],
  })
  return {
    calls: [...present({ ...soundCalls, ...changes.calls }), ...more],
    processes: processes.map(as),
    events,
    idempotencyKeys: new Map([
      ['plain', plain],
      ['eventful', eventful],
    ]),
    leftOnBoard,
    definitions: new Map([
      ['one', { needs: [[]] }],
      ['two', { needs: [[], [0]] }],
      ['undoable', { needs: [[], [0]], failureProcess: 'one' }],
    ]),
    leaseMs,
  }
}

function present<T>(parts: Readonly<Record<string, T | undefined>>): T[] {
  return Object.values(parts).filter((part) => part !== undefined)
}
