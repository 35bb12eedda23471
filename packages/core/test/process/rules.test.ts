import { describe, expect, it } from 'vitest'
import { compileDefinition } from '../../src/definition/compiled-definition.js'
import { parseDefinition } from '../../src/definition/parse-definition.js'
import { engineDefaults } from '../../src/definition/task-settings.js'
import { apply } from '../../src/process/apply.js'
import type { ProcessCommand } from '../../src/process/commands.js'
import { decide } from '../../src/process/decide.js'
import type { ProcessEvent } from '../../src/process/events.js'
import { retryInMs } from '../../src/process/next-attempt.js'
import { ProcessState } from '../../src/process/state.js'

const text = `
name: rules
tasks:
  - name: first
    retry: 2
  - name: beside
  - name: last
    needs: [first, beside]
`
const [first, beside, last] = [0, 1, 2]
const completed = (task: number): ProcessEvent => ({ type: 'task-completed', task })
const failed = (task: number): ProcessEvent => ({ type: 'task-failed', task, reason: 'reported' })

function after(...events: readonly ProcessEvent[]): ProcessState {
  const state = new ProcessState(compileDefinition(parseDefinition(text), engineDefaults))
  for (const event of [{ type: 'process-started' } as const, ...events]) apply(state, event)
  return state
}

describe('what is asked of a process that does not allow it', () => {
  it.for<[string, ProcessState, ProcessCommand, string, RegExp]>([
    ['a start', after(), { type: 'start' }, 'process-running', /started already/],
    [
      'the end of a task that it has not',
      after(),
      { type: 'complete-task', task: 7 },
      'task-not-found',
      /no task 7/,
    ],
    [
      'the end of a task that has ended',
      after(completed(first)),
      { type: 'complete-task', task: first },
      'task-ended',
      /"first" is completed already/,
    ],
    [
      'the end of a task that waits for others',
      after(completed(first)),
      { type: 'fail-task', task: last },
      'task-not-active',
      /"last" still waits/,
    ],
    [
      'the end of a task, when it is cancelled',
      after({ type: 'process-cancelled' }),
      { type: 'complete-task', task: first },
      'process-ended',
      /is cancelled/,
    ],
    [
      'a judgement on a task that waits for others',
      after(),
      { type: 'judge-task', task: last, reason: 'lapsed', attempt: 1, secret: 's', elapsedMs: 0 },
      'task-not-active',
      /"last" still waits/,
    ],
    [
      'a late report',
      after(failed(first)),
      { type: 'refuse-report', task: first },
      'process-ended',
      /is failed/,
    ],
    [
      'its end by time, while it is paused',
      after({ type: 'process-paused' }),
      { type: 'time-out' },
      'process-ended',
      /is paused/,
    ],
    [
      'a pause',
      after(failed(first)),
      { type: 'pause' },
      'process-ended',
      /is failed, so it cannot be paused/,
    ],
    [
      'to go on',
      after(failed(first)),
      { type: 'resume' },
      'process-ended',
      /is failed, so it cannot be resumed/,
    ],
    [
      'to be cancelled',
      after(failed(first)),
      { type: 'cancel' },
      'process-ended',
      /is failed, so it cannot be cancelled/,
    ],
    [
      'another try while it runs',
      after(),
      { type: 'retry' },
      'process-running',
      /is running. Only a failed one/,
    ],
  ])('is rejected with a code and the reason: %s', ([, state, command, code, detail]) => {
    const { version } = state
    expect(decide(state, command)).toMatchObject({
      rejection: { code, detail: expect.stringMatching(detail) },
    })
    expect(state.version).toBe(version)
  })
})

describe('a failed process that is tried again', () => {
  it('has what failed or was cancelled open again, and answers what of it is active', () => {
    const state = after(completed(beside), failed(first))
    expect([first, beside, last].map((task) => state.taskStatus(task))).toEqual([
      'failed',
      'completed',
      'cancelled',
    ])
    expect([first, beside, last].map((task) => state.endedIn(task))).toEqual([3, 2, 0])
    expect(state.finished).toBe(2)

    expect(apply(state, { type: 'process-retried' })).toEqual([first])
    expect([first, beside, last].map((task) => state.taskStatus(task))).toEqual([
      'pending',
      'completed',
      'pending',
    ])
    expect([first, beside, last].map((task) => state.endedIn(task))).toEqual([0, 2, 0])
    expect([state.finished, state.failed, state.status]).toEqual([1, 0, 'running'])
    expect(state.activeNames()).toEqual(['first'])

    expect(apply(state, completed(first))).toEqual([last])
    expect(state.activeNames()).toEqual(['last'])
    apply(state, completed(last))
    expect(state.status).toBe('completed')
  })

  it('has the same open needs as before, however often it is tried', () => {
    const state = after()
    for (let tries = 0; tries < 3; tries += 1) {
      apply(state, failed(first))
      expect(state.activeNames()).toEqual([])
      expect(apply(state, { type: 'process-retried' })).toEqual([first, beside])
    }
    expect(apply(state, completed(beside))).toEqual([])
    expect(apply(state, completed(first))).toEqual([last])
  })
})

describe('events', () => {
  it('that change nothing of the process make it one version older, and activate nothing', () => {
    const state = after()
    const unchanging: ProcessEvent[] = [
      { type: 'attempt-failed', task: first, reason: 'reported', retryInMs: 5 },
      { type: 'report-refused', task: first },
      { type: 'process-paused' },
      { type: 'process-resumed' },
    ]
    for (const [place, event] of unchanging.entries()) {
      expect(apply(state, event)).toEqual([])
      expect(state.version).toBe(place + 2)
    }
    expect(state.status).toBe('running')
    expect(state.activeNames()).toEqual(['first', 'beside'])
  })

  it('that stop it activate nothing', () => {
    expect(apply(after(), failed(first))).toEqual([])
    expect(apply(after(), { type: 'process-timed-out' })).toEqual([])
    expect(apply(after(), { type: 'process-cancelled' })).toEqual([])
  })

  it('of a type that is not known are refused, with what to do', () => {
    const event = { type: 'task-blessed' } as unknown as ProcessEvent
    expect(() => apply(after(), event)).toThrow(/"task-blessed"\. A newer version wrote it/)
  })

  it('that end what a timekeeper judges carry the claim that was held, if there was one', () => {
    const judge = (secret: string | undefined, task: number) =>
      decide(after(), { type: 'judge-task', task, reason: 'lapsed', attempt: 1, secret, elapsedMs: 0 })
    expect(judge('s', first)).toMatchObject({
      events: [{ type: 'attempt-failed', claim: { attempt: 1, secret: 's' }, retryInMs: 0 }],
    })
    expect(judge(undefined, beside)).toMatchObject({
      events: [{ type: 'task-failed', claim: { attempt: 1, secret: '' } }],
    })
  })
})

it('another attempt follows only if it can begin before the time for all of them is over', () => {
  const { retry } = compileDefinition(parseDefinition(text), engineDefaults).policyOf(first)
  const policy = { ...retry, delayMs: 10, factor: 1, jitter: false, withinMs: 100 }
  const inMs = (elapsedMs: number) => retryInMs(policy, { attempt: 1, elapsedMs, wantedMs: 10 })
  expect([0, 89, 90, 91].map(inMs)).toEqual([10, 10, undefined, undefined])
  const { withinMs: _withinMs, ...endless } = policy
  expect(retryInMs(endless, { attempt: 1, elapsedMs: 1e9, wantedMs: 10 })).toBe(10)
})
