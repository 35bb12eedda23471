import type { Answered, Controlling, Start } from '../record.js'
import type { Claims } from './claims.js'
import type { Evidence, StoredEvent } from './evidence.js'
import { completionOf, countBy } from './evidence.js'
import { Histories } from './histories.js'

/** Acknowledged ⊆ stored: what was answered 2xx is there, as it was sent. */
export function* lost(evidence: Evidence, claims: Claims): Iterable<string> {
  const histories = new Histories(evidence)
  const startedBy = new Map<string, string>()
  for (const { asked, answered, outcome } of evidence.calls) {
    if (outcome !== 'ok') continue
    switch (asked.do) {
      case 'complete': {
        const made = completionOf(evidence.events, asked.task)
        if (made === undefined) yield `${asked.task} was acknowledged as completed, but is not`
        else if (made.claim !== asked.claim || made.nonce !== asked.nonce)
          yield `${asked.task} was acknowledged for claim ${asked.claim}, but is completed by ${made.claim}`
        break
      }
      case 'fail': {
        const made = reportOf(claims, asked.task, asked.claim)
        if (made === undefined || made.type === 'task-completed' || made.nonce !== asked.nonce)
          yield `${asked.task} was acknowledged as failed by ${asked.claim}, which is nowhere`
        else if ((made.type === 'task-failed') !== asked.final)
          yield `${asked.task} was to fail ${asked.final ? 'for good' : 'once'}, but that is a ${made.type}`
        break
      }
      case 'release': {
        const end = claims.endsOf(asked.task, asked.claim).find(({ by }) => by !== 'released')
        if (end !== undefined) yield `${asked.task} was given back by ${asked.claim}, which then ${end.by}`
        break
      }
      case 'start': {
        const id = answered?.process ?? ''
        yield* lostStart(evidence, histories, asked, id)
        if ((startedBy.get(asked.key) ?? id) !== id) yield `one start (${asked.key}) has made two processes`
        startedBy.set(asked.key, id)
        break
      }
      case 'cancel':
      case 'pause':
      case 'resume':
      case 'retry':
        if (!isDone(histories, asked, answered))
          yield `${asked.process} was acknowledged to ${asked.do}, but did not`
        break
      case 'claim':
      case 'heartbeat':
    }
  }
  yield* lostRetries(evidence)
}

function* lostStart(
  { idempotencyKeys }: Evidence,
  histories: Histories,
  { key, once, definition, job }: Start,
  id: string,
): Iterable<string> {
  const process = histories.process(id)
  if (process === undefined) yield `process ${id} was acknowledged, but is not there`
  else if (process.startKey !== key || process.definition !== definition || process.job !== job)
    yield `process ${id} was started by ${key}, but is another`
  if (once && idempotencyKeys.get(key) !== id) yield `the key ${key} stands for another process`
}

function isDone(histories: Histories, asked: Controlling, answered: Answered | undefined): boolean {
  const seen = histories.during(asked, answered)
  switch (asked.do) {
    case 'cancel':
      return histories.statesOf(asked.process).at(-1) === 'cancelled' && seen.includes('cancelled')
    case 'pause':
      return seen.includes('paused')
    case 'resume':
      return seen.includes('running')
    case 'retry':
      return histories.madeDuring(asked, answered).some(({ type }) => type === 'process-retried')
  }
}

/** Each retry that was acknowledged is one of its own. */
function* lostRetries({ calls, events }: Evidence): Iterable<string> {
  const acknowledged = countBy(calls, ({ asked, outcome }) =>
    asked.do === 'retry' && outcome === 'ok' ? asked.process : undefined,
  )
  for (const [process, count] of acknowledged) {
    const made = (events.get(process) ?? []).filter(({ type }) => type === 'process-retried')
    if (made.length < count)
      yield `${process} was retried ${count} times, but that is there ${made.length} times`
  }
}

function reportOf(claims: Claims, task: string, claim: string): StoredEvent | undefined {
  const [made] = claims.endsOf(task, claim).filter((end) => end.by === 'reported')
  return made?.event
}
