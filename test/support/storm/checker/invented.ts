import type { Control } from '../record.js'
import { countBy, type Evidence } from './evidence.js'

const controls: Readonly<Record<string, Control>> = {
  'process-cancelled': 'cancel',
  'process-paused': 'pause',
  'process-resumed': 'resume',
  'process-retried': 'retry',
}

/** Stored ⊆ acknowledged ∪ unknown: nothing is there that nobody has asked for, or that was refused. */
export function* invented(evidence: Evidence): Iterable<string> {
  yield* inventedStarts(evidence)
  yield* inventedReports(evidence)
  yield* inventedControls(evidence)
}

function* inventedStarts({ calls, idempotencyKeys, processes }: Evidence): Iterable<string> {
  const keys = new Set<string>()
  for (const { asked, outcome } of calls)
    if (asked.do === 'start' && outcome !== 'refused') keys.add(asked.key)
  for (const [key] of idempotencyKeys)
    if (!keys.has(key)) yield `a start is kept that nobody has asked for: ${key}`
  const made = countBy(processes, ({ startKey }) => startKey)
  for (const { id, startKey, failureOf } of processes) {
    const isAsked = startKey !== undefined && keys.has(startKey)
    if (!isAsked && failureOf === undefined) yield `process ${id} was started by nobody`
  }
  for (const [key, count] of made) if (count > 1) yield `one start (${key}) has made ${count} processes`
}

function* inventedReports({ calls, events }: Evidence): Iterable<string> {
  const asked = new Set<string>()
  const late = new Set<string>()
  for (const { asked: one, outcome } of calls) {
    if (one.do !== 'complete' && one.do !== 'fail') continue
    if (outcome !== 'refused') asked.add(`${one.do} ${one.task} ${one.claim} ${one.nonce}`)
    if (outcome !== 'ok') late.add(`${one.task} ${one.claim}`)
  }
  for (const { task, claim, nonce, type, reason } of [...events.values()].flat()) {
    if (type === 'task-completed' && !asked.has(`complete ${task} ${claim} ${nonce}`))
      yield `${task} is completed by ${claim}, which nobody has reported, or was refused`
    const hasFailed = type === 'attempt-failed' || type === 'task-failed'
    // Nobody but a worker gives up: there is always another attempt, and time for it.
    if (hasFailed && (reason !== 'reported' || !asked.has(`fail ${task} ${claim} ${nonce}`)))
      yield `${task} has failed (${reason}) by ${claim}, which nobody has reported, or was refused`
    if (type === 'report-refused' && !late.has(`${task} ${claim}`))
      yield `${task} has a late report of ${claim}, which nobody has sent`
  }
}

function* inventedControls({ calls, events }: Evidence): Iterable<string> {
  const asked = countBy(calls, ({ asked: one, outcome }) =>
    'process' in one && outcome !== 'refused' ? `${one.do} ${one.process}` : undefined,
  )
  const made = countBy([...events.values()].flat(), ({ type, process }) => {
    return controls[type] === undefined ? undefined : `${controls[type]} ${process}`
  })
  for (const [what, count] of made) {
    const times = asked.get(what) ?? 0
    if (count > times) yield `${what} was done ${count} times, but asked for ${times} times`
  }
}
