import { describe, expect, test } from 'vitest'
import { anomaliesIn, type Evidence } from './support/storm/checker.js'
import type { Answered, Call, Deed } from './support/storm/record.js'

const process = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'
const [first, second] = [`${process}.0`, `${process}.1`]
const beginMs = Date.parse('2026-01-01T00:00:00Z')
const leaseMs = 1_000

let calls = 0

function call(outcome: Call['outcome'], deed: Deed, answer: Partial<Answered> = {}): Call {
  const n = (calls += 1)
  const status = { ok: 200, refused: 409, unknown: 0 }[outcome]
  return { asked: { n, at: n, ...deed }, answered: { n, at: n, status, ...answer }, outcome }
}

const held = (task: string, attempt = 1, secret = 's') => ({ task, attempt, claim: `${attempt}.${secret}` })

const leaseEnd = (atMs: number) => new Date(beginMs + atMs + leaseMs).toISOString()

function handOut(task: string, atMs: number, attempt = 1, secret = 's'): Call {
  const tasks = [{ ...held(task, attempt, secret), leaseExpiresAt: leaseEnd(atMs) }]
  return call('ok', { do: 'claim', worker: 'w' }, { tasks })
}

type Event = Evidence['events'] extends ReadonlyMap<string, readonly (infer One)[]> ? One : never

function completed(task: string, version: number, attempt = 1, more: Partial<Event> = {}): Event {
  return {
    process,
    version,
    type: 'task-completed',
    task,
    attempt,
    claim: `${attempt}.s`,
    nonce: task,
    at: beginMs + 500 * version,
    claimedAt: beginMs + 400 * version,
    lapsed: [],
    ...more,
  }
}

const started: Event = {
  ...completed(first, 1),
  type: 'process-started',
  task: undefined,
  claimedAt: undefined,
}

/** A process of two tasks, one after the other, as it should be. */
function sound(): Evidence {
  return {
    calls: [
      call('ok', { do: 'start', key: 'k' }, { process }),
      handOut(first, 800),
      call('ok', { do: 'complete', ...held(first), nonce: first }),
      handOut(second, 1_200),
      call('ok', { do: 'complete', ...held(second), nonce: second }),
    ],
    processes: [{ id: process, state: 'completed', version: 3 }],
    events: new Map([[process, [started, completed(first, 2), completed(second, 3)]]]),
    idempotencyKeys: new Map([['k', process]]),
    leftOnBoard: 0,
    needs: [[], [0]],
    leaseMs,
  }
}

const withEvents = (...events: readonly Event[]): Evidence => ({
  ...sound(),
  processes: [{ id: process, state: 'completed', version: events.length }],
  events: new Map([[process, events]]),
})

const withCalls = (...more: readonly Call[]): Evidence => ({ ...sound(), calls: [...sound().calls, ...more] })

const lapse = (attempt: number, fromMs: number, untilMs: number) => ({
  attempt,
  secret: 's',
  claimedAt: new Date(beginMs + fromMs).toISOString(),
  leaseExpiredAt: new Date(beginMs + untilMs).toISOString(),
})

const faults: Record<string, { evidence: Evidence; found: RegExp }> = {
  'a completion that was acknowledged and is not there': {
    evidence: withEvents(started, completed(first, 2)),
    found: /acknowledged as completed, but is not/,
  },
  'a completion that was acknowledged to another': {
    evidence: withEvents(started, completed(first, 2, 1, { claim: '1.other' }), completed(second, 3)),
    found: /acknowledged for claim 1.s, but is completed by 1.other/,
  },
  'a start that was acknowledged and is not there': {
    evidence: withCalls(call('ok', { do: 'start', key: 'gone' }, { process: 'nowhere' })),
    found: /process nowhere was acknowledged, but is not there/,
  },
  'a start that has made two processes': {
    evidence: withCalls(call('ok', { do: 'start', key: 'k' }, { process: 'other' })),
    found: /one start \(k\) has made two processes/,
  },
  'a completion that nobody has asked for': {
    evidence: { ...sound(), calls: sound().calls.slice(0, 4) },
    found: /which nobody has reported, or was refused/,
  },
  'a task that is completed twice': {
    evidence: withEvents(started, completed(first, 2), completed(first, 3), completed(second, 4)),
    found: /a task that is completed twice/,
  },
  'an attempt that was handed out to two': {
    evidence: withCalls(handOut(second, 1_300, 1, 'other')),
    found: /was handed out 2 times/,
  },
  'a hand-out after the completion': {
    evidence: withCalls(handOut(first, 9_000, 2)),
    found: /handed out as attempt 2, but is completed by attempt 1/,
  },
  'a lease that ended after the next attempt had begun': {
    evidence: withEvents(
      started,
      completed(first, 2, 2, { claim: '2.s', lapsed: [lapse(1, 100, 900)] }),
      completed(second, 3),
    ),
    found: /was live until .* after a later one/,
  },
  'an answer that says something broke': {
    evidence: withCalls(call('unknown', { do: 'complete', ...held(second), nonce: second }, { status: 500 })),
    found: /complete was answered 500/,
  },
  'an attempt that began while its worker was promised the one before': {
    evidence: withCalls(handOut(second, 1_900, 2)),
    found: /attempt 2 .* began while attempt 1 was promised its lease/,
  },
  'a heartbeat that was promised and not kept': {
    evidence: withCalls(
      call('ok', { do: 'heartbeat', ...held(second) }, { leaseExpiresAt: leaseEnd(5_000) }),
      handOut(second, 5_500, 2),
    ),
    found: /began while attempt 1 was promised its lease/,
  },
  'a report that was done and refused': {
    evidence: withCalls(call('refused', { do: 'complete', ...held(first), nonce: first })),
    found: /is completed by 1.s, which was refused/,
  },
  'a report that was refused though nobody else has had the task': {
    evidence: withCalls(call('refused', { do: 'complete', ...held(first, 1, 'mine'), nonce: 'mine' })),
    found: /1.mine was refused, though nobody else has had it/,
  },
  'a report that was refused with something else': {
    evidence: withCalls(call('refused', { do: 'complete', ...held(first), nonce: first }, { status: 404 })),
    found: /was refused with 404/,
  },
  'a gap in the versions': {
    evidence: withEvents(started, completed(first, 2), completed(second, 4)),
    found: /has a gap in its versions/,
  },
  'a task that was completed before what it needs': {
    evidence: withEvents(started, completed(second, 2), completed(first, 3)),
    found: /was completed before what it needs: 0/,
  },
  'a process that is completed with tasks left': {
    evidence: { ...withEvents(started, completed(first, 2)), calls: sound().calls.slice(0, 3) },
    found: /is completed, with 1 tasks completed/,
  },
  'a process that has come to a halt': {
    evidence: { ...sound(), processes: [{ id: process, state: 'running', version: 3 }] },
    found: /has come to a halt: it is running/,
  },
  'tasks that are left on the board': {
    evidence: { ...sound(), leftOnBoard: 2 },
    found: /2 tasks are left on the board/,
  },
}

describe('what the storm is held against', () => {
  test('finds nothing where everything is as it should be', () => {
    expect(anomaliesIn(sound())).toEqual([])
  })

  test('takes a call without an answer for done or not done', () => {
    const unanswered = call('unknown', { do: 'complete', ...held(second), nonce: second })
    expect(anomaliesIn({ ...sound(), calls: [...sound().calls.slice(0, 4), unanswered] })).toEqual([])
  })

  test.for(Object.entries(faults))('finds %s', ([, { evidence, found }]) => {
    expect(anomaliesIn(evidence)).toContainEqual(expect.stringMatching(found))
  })
})
