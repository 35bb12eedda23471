import { describe, expect, test } from 'vitest'
import { anomaliesIn } from './support/storm/checker.js'
import type { Evidence } from './support/storm/checker/evidence.js'
import {
  beat,
  call,
  completed,
  evidence,
  eventful,
  eventfulEvents,
  eventfulFirst,
  eventfulSecond,
  first,
  handOut,
  held,
  over,
  plain,
  plainEvents,
  second,
  soundCalls,
  undone,
} from './support/storm/made-evidence.js'

const { started, first: firstDone, second: secondDone } = plainEvents
const startOf = (key: string) => ({ do: 'start', key, once: true, definition: 'two' }) as const
const report = (task: string, claim: string, nonce = task) =>
  ({ do: 'complete', ...held(task, claim), nonce }) as const
const failureOf = (task: string, claim: string, nonce: string, final = false) =>
  ({ do: 'fail', ...held(task, claim), nonce, final }) as const
const refused = (atMs: number, ...deed: [Parameters<typeof call>[2]]) => call('refused', atMs, ...deed)

/** Two attempts of the second task of the plain process; the first one lapsed, as the store has it. */
const takenOver = (fromMs: number, beganMs: number) => ({
  plain: [
    started,
    firstDone,
    completed(second, beganMs, beganMs + 100, '2.s', { lapsed: [over('1.s', 1_200, fromMs)] }),
  ],
  calls: {
    secondCompletion: call('ok', beganMs + 110, report(second, '2.s')),
  },
})

const faults: Record<string, { evidence: Evidence; found: RegExp }> = {
  'a completion that was acknowledged and is not there': {
    evidence: evidence({ plain: [started, firstDone] }),
    found: /acknowledged as completed, but is not/,
  },
  'a completion that was acknowledged to another': {
    evidence: evidence({ plain: [started, completed(first, 800, 1_000, '1.other'), secondDone] }),
    found: /acknowledged for claim 1.s, but is completed by 1.other/,
  },
  'a failure that was acknowledged and is not there': {
    evidence: evidence({ eventful: { failedOnce: undefined } }),
    found: /acknowledged as failed by 2.b, which is nowhere/,
  },
  'a failure that was acknowledged and says something else': {
    evidence: evidence({ eventful: { failedOnce: { ...eventfulEvents.failedOnce, nonce: 'other' } } }),
    found: /acknowledged as failed by 2.b, which is nowhere/,
  },
  'a failure for good that another attempt follows': {
    evidence: evidence({ eventful: { failed: { ...eventfulEvents.failed, type: 'attempt-failed' } } }),
    found: /was to fail for good, but that is a attempt-failed/,
  },
  'a cancellation that was acknowledged and is not there': {
    evidence: evidence({ eventful: { cancelled: undefined } }),
    found: /acknowledged to cancel, but did not/,
  },
  'a pause that was acknowledged and is not there': {
    evidence: evidence({ eventful: { paused: undefined } }),
    found: /acknowledged to pause, but did not/,
  },
  'a resumption that was acknowledged and is not there': {
    evidence: evidence({ eventful: { resumed: undefined } }),
    found: /acknowledged to resume, but did not/,
  },
  'a retry that was acknowledged and is not there': {
    evidence: evidence({ eventful: { retried: undefined } }),
    found: /acknowledged to retry, but did not/,
  },
  'two retries that were acknowledged, of which one is there': {
    evidence: evidence({
      more: [call('ok', 2_500, { do: 'retry', process: eventful, since: 7 }, { version: 8 })],
    }),
    found: /was retried 2 times, but that is there 1 times/,
  },
  'a claim that was given back, and lapsed later': {
    evidence: evidence({
      eventful: {
        failedOnce: {
          ...eventfulEvents.failedOnce,
          lapsed: [...eventfulEvents.failedOnce.lapsed, over('3.c', 1_350, 1_390)],
        },
      },
    }),
    found: /was given back by 3.c, which then lapsed/,
  },
  'a claim that was given back and completes its task': {
    evidence: evidence({ eventful: { completed: completed(eventfulFirst, 1_700, 1_990, '3.c') } }),
    found: /was given back by 3.c, which then reported/,
  },
  'a start that was acknowledged and is not there': {
    evidence: evidence({ more: [call('ok', 500, startOf('gone'), { process: 'nowhere' })] }),
    found: /process nowhere was acknowledged, but is not there/,
  },
  'a start that was acknowledged with another name': {
    evidence: evidence({ processes: { [eventful]: { job: 'other' } } }),
    found: /was started by eventful, but is another/,
  },
  'a start that has made two processes': {
    evidence: evidence({ more: [call('ok', 500, startOf('plain'), { process: 'other' })] }),
    found: /one start \(plain\) has made two processes/,
  },
  'a start of which there are two processes, of which nobody knows': {
    evidence: evidence({ processes: { [undone]: { startKey: 'plain' } } }),
    found: /one start \(plain\) has made 2 processes/,
  },
  'a completion that nobody has asked for': {
    evidence: evidence({ calls: { secondCompletion: undefined } }),
    found: /which nobody has reported, or was refused/,
  },
  'a failure that nobody has reported': {
    evidence: evidence({ calls: { failure: undefined } }),
    found: /has failed \(reported\) by 2.b, which nobody has reported/,
  },
  'an attempt that was given up by itself': {
    evidence: evidence({ eventful: { failedOnce: { ...eventfulEvents.failedOnce, reason: 'timed-out' } } }),
    found: /has failed \(timed-out\) by 2.b/,
  },
  'a late report that nobody has sent': {
    evidence: evidence({ calls: { late: undefined } }),
    found: /has a late report of 1.a, which nobody has sent/,
  },
  'a pause that nobody has asked for': {
    evidence: evidence({ calls: { pause: undefined } }),
    found: /pause .* was done 1 times, but asked for 0 times/,
  },
  'a retry that was refused and done': {
    evidence: evidence({ calls: { retry: undefined } }),
    found: /retry .* was done 1 times, but asked for 0 times/,
  },
  'a process that nobody has started': {
    evidence: evidence({ processes: { [undone]: { failureOf: undefined } } }),
    found: /was started by nobody/,
  },
  'a task that is completed twice': {
    evidence: evidence({ plain: [started, firstDone, firstDone, secondDone] }),
    found: /a task that is completed twice/,
  },
  'an attempt that was handed out to two': {
    evidence: evidence({ more: [handOut(second, 1_300, '1.other')] }),
    found: /was handed out 2 times/,
  },
  'a hand-out after the completion': {
    evidence: evidence({ more: [handOut(first, 9_000, '2.s')] }),
    found: /handed out as attempt 2, but is completed by attempt 1/,
  },
  'a hand-out before the completion of a need': {
    evidence: evidence({ calls: { secondHandOut: handOut(second, 700) } }),
    found: /was handed out as attempt 1 300 ms before it could be begun/,
  },
  'a hand-out of which only the store knows, before the completion of a need': {
    evidence: evidence({
      plain: [started, firstDone, { ...secondDone, lapsed: [over('0.s', 600, 700)] }],
    }),
    found: /was handed out as attempt 0 400 ms before it could be begun/,
  },
  'a hand-out before the start': {
    evidence: evidence({ calls: { firstHandOut: handOut(first, 200) } }),
    found: /was handed out as attempt 1 300 ms before it could be begun/,
  },
  'a lease that ended after the next attempt had begun': {
    evidence: evidence({
      plain: [started, completed(first, 800, 1_000, '2.s', { lapsed: [over('1.s', 600, 900)] }), secondDone],
    }),
    found: /was live until .* after a later one/,
  },
  'an attempt that began while its worker was promised the one before': {
    evidence: evidence({ ...takenOver(1_850, 1_900), more: [handOut(second, 1_900, '2.s')] }),
    found: /attempt 2 .* began while attempt 1 was promised its lease/,
  },
  'one that began so, of which only the store knows': {
    evidence: evidence(takenOver(1_850, 1_900)),
    found: /attempt 2 .* began while attempt 1 was promised its lease/,
  },
  'a heartbeat that was promised and not kept': {
    evidence: evidence({ ...takenOver(2_200, 2_500), more: [beat(second, 2_000)] }),
    found: /began while attempt 1 was promised its lease/,
  },
  'an answer that says something broke': {
    evidence: evidence({ more: [call('unknown', 1_500, report(second, '1.s'), { status: 500 })] }),
    found: /complete was answered 500/,
  },
  'a report that was done and refused': {
    evidence: evidence({ more: [refused(1_100, report(first, '1.s'))] }),
    found: /is completed by 1.s, which was refused/,
  },
  'a failure that was done and refused': {
    evidence: evidence({ more: [refused(1_700, failureOf(eventfulFirst, '2.b', 'b'))] }),
    found: /is failed by 2.b, which was refused/,
  },
  'a report that was refused though nobody else has had the task': {
    evidence: evidence({ more: [refused(1_100, report(first, '1.mine', 'mine'))] }),
    found: /1.mine was refused to complete, though nobody else has had it/,
  },
  'a failure that was refused though nobody else has had the task': {
    evidence: evidence({ more: [refused(1_100, failureOf(first, '1.mine', 'mine'))] }),
    found: /1.mine was refused to fail, though nobody else has had it/,
  },
  'a heartbeat that was refused, and then its claim was good': {
    evidence: evidence({
      calls: {
        secondHandOut: handOut(second, 1_200),
        firstCompletion: refused(900, { do: 'heartbeat', ...held(first) }),
      },
      more: [call('ok', 1_000, report(first, '1.s'))],
    }),
    found: /1.s was refused to heartbeat, though nobody else has had it/,
  },
  'a release that was refused though nobody else has had the task': {
    evidence: evidence({ calls: { release: undefined } }),
    found: /3.c was refused to release, though nobody else has had it/,
  },
  'a report that was refused before its lease had ended': {
    evidence: evidence({ more: [refused(1_200, report(eventfulFirst, '1.a', 'a'))] }),
    found: /1.a was refused to complete, though nobody else has had it/,
  },
  'a heartbeat that was refused before its process had ended': {
    evidence: evidence({ more: [refused(2_650, { do: 'heartbeat', ...held(eventfulSecond, '1.f') })] }),
    found: /1.f was refused to heartbeat, though nobody else has had it/,
  },
  'a report that was refused with something else': {
    evidence: evidence({ more: [call('refused', 1_100, report(first, '1.s'), { status: 404 })] }),
    found: /was refused with 404/,
  },
  'a claim that was refused': {
    evidence: evidence({ more: [refused(1_100, { do: 'claim', worker: 'w' })] }),
    found: /claim of w was refused with 409/,
  },
  'a start that was refused for another that was over': {
    evidence: evidence({ calls: { unansweredStart: undefined, eventfulStart: soundCalls.eventfulStart } }),
    found: /the start eventful was refused \(start-in-flight\)/,
  },
  'a start that was refused for a name that was free': {
    evidence: evidence({
      more: [call('refused', 9_000, soundStart('third'), { code: 'key-taken', takenBy: eventful })],
    }),
    found: /the start third was refused \(key-taken\)/,
  },
  'a start that was refused for the name of another': {
    evidence: evidence({
      more: [call('refused', 600, soundStart('third'), { code: 'key-taken', takenBy: plain })],
    }),
    found: /the start third was refused \(key-taken\)/,
  },
  'a start that was refused for the name that it has itself': {
    evidence: evidence({
      more: [call('refused', 600, soundStart('eventful'), { code: 'key-taken', takenBy: eventful })],
    }),
    found: /the start eventful was refused \(key-taken\)/,
  },
  'a cancellation that was refused while the process ran': {
    evidence: evidence({ more: [refused(1_950, { do: 'cancel', process: eventful, since: 4 })] }),
    found: /was refused to cancel/,
  },
  'a pause that was refused while the process ran': {
    evidence: evidence({ more: [refused(1_950, { do: 'pause', process: eventful, since: 4 })] }),
    found: /was refused to pause/,
  },
  'a resumption that was refused while the process was paused': {
    evidence: evidence({ more: [refused(1_860, { do: 'resume', process: eventful, since: 4 })] }),
    found: /was refused to resume/,
  },
  'a retry that was refused while the process had failed': {
    evidence: evidence({ more: [refused(2_300, { do: 'retry', process: eventful, since: 7 })] }),
    found: /was refused to retry/,
  },
  'a gap in the versions': {
    evidence: withVersions((version) => (version === 3 ? 4 : version)),
    found: /has a gap in its versions/,
  },
  'a task that was completed before what it needs': {
    evidence: evidence({ plain: [started, secondDone, firstDone] }),
    found: /was completed before what it needs: 0/,
  },
  'a process that is completed with tasks left': {
    evidence: evidence({ plain: [started, firstDone], calls: { secondCompletion: undefined } }),
    found: /is completed, with 1 tasks completed/,
  },
  'a process that is not what its history says': {
    evidence: evidence({ processes: { [eventful]: { state: 'failed' } } }),
    found: /is failed, but its history says cancelled/,
  },
  'a process that begins with something else': {
    evidence: evidence({ plain: [firstDone, secondDone] }),
    found: /begins with task-completed/,
  },
  'a process that goes on after its end': {
    evidence: evidence({ eventful: { retried: undefined } }),
    found: /goes on with process-cancelled though it was failed/,
  },
  'a failure that nothing cleans up after': {
    evidence: evidence({ eventful: { failed: { ...eventfulEvents.failed, failureProcess: undefined } } }),
    found: /nothing cleans up after the task-failed of/,
  },
  'something that cleans up after no failure': {
    evidence: evidence({ plain: [started, firstDone, { ...secondDone, failureProcess: undone }] }),
    found: /something cleans up after the task-completed of/,
  },
  'something that cleans up twice': {
    evidence: evidence({
      eventful: { cancelled: { ...eventfulEvents.cancelled, failureProcess: undone } },
    }),
    found: /cleans up twice/,
  },
  'something that cleans up and is not there': {
    evidence: evidence({
      eventful: { cancelled: { ...eventfulEvents.cancelled, failureProcess: 'nowhere' } },
    }),
    found: /nowhere is to clean up after .*, but does not/,
  },
  'something that cleans up and was started by another commit': {
    evidence: evidence({
      eventful: { failed: { ...eventfulEvents.failed, at: eventfulEvents.failed.at - 1 } },
    }),
    found: /was not started as .* ended/,
  },
  'something that cleans up of which what failed does not know': {
    evidence: evidence({ processes: { [plain]: { failureOf: eventful } } }),
    found: /cleans up after .*, which does not know/,
  },
  'two live processes of one name': {
    evidence: evidence({ processes: { [plain]: { definition: 'undoable', job: 'job' } } }),
    found: /had one name at the same time/,
  },
  'a process that has come to a halt': {
    evidence: evidence({ processes: { [plain]: { state: 'running' } } }),
    found: /has come to a halt: it is running/,
  },
  'tasks that are left on the board': {
    evidence: evidence({ leftOnBoard: 2 }),
    found: /2 tasks are left on the board/,
  },
}

function soundStart(key: string) {
  return { do: 'start', key, once: true, definition: 'undoable', job: 'job' } as const
}

function withVersions(versionOf: (version: number) => number): Evidence {
  const sound = evidence()
  const changed = (sound.events.get(plain) ?? []).map((one) => ({ ...one, version: versionOf(one.version) }))
  return { ...sound, events: new Map([...sound.events, [plain, changed]]) }
}

describe('what the storm is held against', () => {
  test('finds nothing where everything is as it should be', () => {
    expect(anomaliesIn(evidence())).toEqual([])
  })

  test('takes a call without an answer for done or not done', () => {
    const unanswered = call('unknown', 1_500, report(second, '1.s'))
    expect(anomaliesIn(evidence({ calls: { secondCompletion: unanswered } }))).toEqual([])
  })

  test('does not mind what is said of a claim after it was taken over', () => {
    const late = [report(second, '1.s', 'late'), failureOf(second, '1.s', 'late')] as const
    const calls = late.map((deed) => refused(2_550, deed))
    expect(anomaliesIn(evidence({ ...takenOver(2_200, 2_500), more: calls }))).toEqual([])
  })

  test('takes a paused process that goes on for one that was never paused, where nobody has heard of it', () => {
    const unanswered = call('unknown', 1_850, { do: 'pause', process: eventful, since: 1 })
    const resumption = call('ok', 1_900, { do: 'resume', process: eventful, since: 1 }, { version: 5 })
    const calls = { pause: unanswered, resumption }
    expect(anomaliesIn(evidence({ calls }))).toEqual([])
  })

  test.for(Object.entries(faults))('finds %s', ([, { evidence: faulty, found }]) => {
    expect(anomaliesIn(faulty)).toContainEqual(expect.stringMatching(found))
  })
})
