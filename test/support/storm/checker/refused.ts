import type { Asked, Call, Control, Controlling, Deed, Start } from '../record.js'
import type { Claims } from './claims.js'
import type { State } from './states.js'
import { commitMs, type Evidence, type StoredEvent } from './evidence.js'
import { Histories } from './histories.js'

type HeldDeed = Extract<Asked, { do: 'complete' | 'fail' | 'release' | 'heartbeat' }>

/** Whatever was refused was refused rightly, and with 409: nobody asks for anything that is wrong by itself. */
export function* wronglyRefused(evidence: Evidence, claims: Claims): Iterable<string> {
  const refused = evidence.calls.filter(({ outcome }) => outcome === 'refused')
  const histories = new Histories(evidence)
  const reports = new Reports(evidence.calls)
  for (const call of refused) {
    const { asked, answered } = call
    if (answered?.status !== 409 || asked.do === 'claim') {
      yield `${asked.do} of ${subjectOf(asked)} was refused with ${answered?.status} ${answered?.code}`
    } else if (asked.do === 'start') {
      if (!mayNotStart(evidence, histories, call, asked))
        yield `the start ${asked.key} was refused (${answered.code}), though nothing was in its way`
    } else if ('task' in asked) {
      yield* wronglyLost(claims, reports, call, asked)
    } else if (!mayNotBe(evidence, histories, call, asked)) {
      yield `${asked.process} was refused to ${asked.do} (${answered.code}), though it could`
    }
  }
}

/** A claim is refused only when it is over: handed out again since, reported, given back, or left by its process. */
function* wronglyLost(claims: Claims, reports: Reports, call: Call, asked: HeldDeed): Iterable<string> {
  const { task, claim } = asked
  const ends = claims.endsOf(task, claim)
  for (const end of ends) {
    if (end.by === 'reported' && isOwn(asked, end.event)) {
      const done = asked.do === 'complete' ? 'completed' : 'failed'
      yield `${task} is ${done} by ${claim}, which was refused`
      return
    }
  }
  const answeredAt = call.answered?.at ?? Infinity
  const isOver = ends.some((end) => {
    if (end.by === 'reported') return reports.isBefore(end.event, asked.n)
    return Math.floor(end.at) <= answeredAt
  })
  if (!isOver) yield `${task}: ${claim} was refused to ${asked.do}, though nobody else has had it`
}

/** Whether this event is what this very report has made. */
function isOwn(asked: HeldDeed, { type, nonce }: StoredEvent): boolean {
  if (asked.do !== 'complete' && asked.do !== 'fail') return false
  return (type === 'task-completed') === (asked.do === 'complete') && nonce === asked.nonce
}

/** When reports were sent. */
class Reports {
  /** The first of each, as its worker counts. A worker says one thing after the other of what it holds. */
  readonly #sent = new Map<string, number>()

  constructor(calls: readonly Call[]) {
    for (const { asked } of calls) {
      if (asked.do !== 'complete' && asked.do !== 'fail') continue
      const name = `${asked.task} ${asked.claim} ${asked.nonce}`
      this.#sent.set(name, Math.min(this.#sent.get(name) ?? Infinity, asked.n))
    }
  }

  isBefore({ task, claim, nonce }: StoredEvent, n: number): boolean {
    return (this.#sent.get(`${task} ${claim} ${nonce}`) ?? Infinity) < n
  }
}

const refusing: Readonly<Record<Control, readonly State[]>> = {
  cancel: ['completed', 'failed'],
  pause: ['completed', 'failed', 'cancelled'],
  resume: ['completed', 'failed', 'cancelled'],
  retry: ['running', 'paused', 'completed', 'cancelled'],
}

function mayNotBe(evidence: Evidence, histories: Histories, call: Call, asked: Controlling): boolean {
  const process = histories.process(asked.process)
  switch (call.answered?.code) {
    case 'key-taken':
      return asked.do === 'retry' && isTaken(histories, call, process)
    case 'start-in-flight':
      return asked.do === 'retry' && isInFlight(evidence, histories, call, process)
    default:
      return histories.during(asked, call.answered).some((state) => refusing[asked.do].includes(state))
  }
}

/** Another has the name that it wants, or another call may have been about it at the same time. */
function mayNotStart(evidence: Evidence, histories: Histories, call: Call, asked: Start): boolean {
  const { key: startKey, definition, job } = asked
  const wanted = { startKey, definition, job }
  if (call.answered?.code === 'start-in-flight') return isInFlight(evidence, histories, call, wanted)
  return call.answered?.code === 'key-taken' && isTaken(histories, call, wanted)
}

interface Wanted {
  readonly id?: string
  readonly startKey?: string | undefined
  readonly definition: string
  readonly job?: string | undefined
}

/** Whether who is said to have the name had it then, and is another. */
function isTaken(histories: Histories, { asked, answered }: Call, wanted: Wanted | undefined): boolean {
  const by = histories.process(answered?.takenBy ?? '')
  if (by === undefined || wanted?.job === undefined || answered === undefined) return false
  const isOther = by.id !== wanted.id && by.startKey !== wanted.startKey
  const hasName = by.definition === wanted.definition && by.job === wanted.job
  const wasLive = histories
    .livesOf(by.id)
    .some(({ from, until }) => Math.floor(from) <= answered.at && until + commitMs >= asked.at)
  return isOther && hasName && wasLive
}

function isInFlight(
  { calls }: Evidence,
  histories: Histories,
  call: Call,
  wanted: Wanted | undefined,
): boolean {
  return calls.some((other) => {
    if (other === call || !overlaps(other, call)) return false
    const { asked } = other
    if (asked.do === 'start' && asked.once && asked.key === wanted?.startKey) return true
    const named = asked.do === 'retry' ? histories.process(asked.process) : asked
    const isAlike = named !== undefined && 'job' in named && named.job === wanted?.job
    return isAlike && named.job !== undefined && named.definition === wanted?.definition
  })
}

/** What was not answered may still be going on. */
function overlaps(other: Call, { asked, answered }: Call): boolean {
  const isEarlier = other.asked.at <= (answered?.at ?? Infinity)
  return isEarlier && (other.outcome === 'unknown' || (other.answered?.at ?? Infinity) >= asked.at)
}

function subjectOf(asked: Deed): string {
  if ('task' in asked) return asked.task
  if ('process' in asked) return asked.process
  return asked.do === 'start' ? asked.key : asked.worker
}
