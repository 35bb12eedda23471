import type { Definition, HistoryEvent, Process, Task } from '@tunacorn/protocol'
import { describe, expect, test } from 'vitest'
import { attemptName, outcomeWords } from '../src/process/attempt-words.js'
import { isRetryPromised } from '../src/process/next-try.js'
import { standingOf } from '../src/process/standing.js'
import { countDue, taskRuns } from '../src/process/task-run.js'
import { begunRuns, ticksOf, timelineRows } from '../src/process/timeline.js'
import { whyEnded } from '../src/process/why-ended.js'

const id = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'
const startMs = Date.parse('2026-11-24T09:00:00.000Z')
const at = (seconds: number) => new Date(startMs + seconds * 1_000).toISOString()

const definition = {
  name: 'catch',
  version: 1,
  tasks: [
    { name: 'Fish', needs: [] },
    { name: 'Cook', needs: ['Fish'] },
  ],
} as unknown as Definition

const event = (given: Partial<HistoryEvent> & Pick<HistoryEvent, 'type'>): HistoryEvent => ({
  version: 2,
  at: at(10),
  ...given,
})
const onBoard = (given: Partial<Task>) =>
  ({ id: `${id}.0`, name: 'Fish', state: 'scheduled', attempt: 0, ...given }) as Task

interface Known {
  readonly events?: HistoryEvent[]
  readonly board?: Task[]
  readonly process?: Partial<Process>
}

function runs(known: Known) {
  const { events = [], board = [] } = known
  const process = { id, state: 'running', startedAt: at(0), ...known.process } as Process
  return taskRuns({ process, definition, events, board, nowMs: startMs + 20_000 })
}

const completed = event({
  type: 'task-completed',
  task: `${id}.0`,
  attempt: 1,
  scheduledAt: at(0),
  claimedAt: at(4),
  worker: 'a',
})
const failedOnce = event({
  type: 'attempt-failed',
  task: `${id}.0`,
  attempt: 1,
  scheduledAt: at(0),
  claimedAt: at(4),
  worker: 'a',
})
const failed = event({
  type: 'task-failed',
  task: `${id}.0`,
  attempt: 1,
  scheduledAt: at(0),
  claimedAt: at(4),
  worker: 'a',
})

describe('how a task looks', () => {
  test.each([
    ['waits for a worker', { board: [onBoard({})] }, 'scheduled', 'pending'],
    [
      'is held',
      { board: [onBoard({ state: 'claimed', attempt: 1, leaseExpiresAt: at(30) })] },
      'claimed',
      'pending',
    ],
    [
      'is held by who is silent',
      { board: [onBoard({ state: 'claimed', attempt: 1, leaseExpiresAt: at(15) })] },
      'lapsed',
      'pending',
    ],
    ['waits for its time', { board: [onBoard({ claimableAt: at(60) })] }, 'delayed', 'pending'],
    [
      'is failing and will be retried',
      { events: [failedOnce], board: [onBoard({ attempt: 1, claimableAt: at(60) })] },
      'retrying',
      'pending',
    ],
    ['is paused', { board: [onBoard({ isPaused: true })] }, 'paused', 'pending'],
    ['is completed', { events: [completed] }, 'completed', 'scheduled'],
    [
      'has failed for good',
      { events: [failed], process: { state: 'failed', endedAt: at(10) } },
      'failed',
      'cancelled',
    ],
    [
      'is open again after a retry',
      { events: [failed, event({ type: 'process-retried' })], board: [onBoard({ attempt: 0 })] },
      'scheduled',
      'pending',
    ],
    [
      'is failing again after a retry',
      {
        events: [failed, event({ type: 'process-retried' }), failedOnce],
        board: [onBoard({ attempt: 1, claimableAt: at(60) })],
      },
      'retrying',
      'pending',
    ],
    [
      'is completed, whatever an older look at the board says',
      { events: [completed], board: [onBoard({ state: 'claimed' })] },
      'completed',
      'scheduled',
    ],
  ] satisfies [string, Known, string, string][])('that %s', (_, known, first, second) => {
    expect(runs(known).map(({ look }) => look)).toEqual([first, second])
  })
})

test('with the clock alone, tasks look otherwise only when a lease is over or a time has come', () => {
  const board = [
    onBoard({ state: 'claimed', attempt: 1, leaseExpiresAt: at(30), claimableAt: at(1) }),
    onBoard({ claimableAt: at(60) }),
  ]
  const due = [0, 29, 31, 59, 61].map((seconds) => countDue(board, startMs + seconds * 1_000))
  expect(due).toEqual([0, 0, 1, 1, 2])
})

test('where a process stands is told by all of its tasks', () => {
  expect(standingOf(runs({ events: [completed] }))).toBe('1 of 2 tasks completed, 1 waiting for a worker.')
  const [one] = runs({})
  expect(standingOf(Array.from({ length: 2_000 }, () => one!))).toBe(
    '0 of 2,000 tasks completed, 2,000 waiting for a worker.',
  )
})

describe('the attempts of a task', () => {
  test('are one each: those that lapsed, that failed, and the one under way', () => {
    const lapsed = [{ attempt: 1, worker: 'a', claimedAt: at(1), leaseExpiredAt: at(3) }]
    const [fish] = runs({
      events: [{ ...failedOnce, attempt: 2, lapsed }],
      board: [onBoard({ state: 'claimed', attempt: 3, worker: 'b', scheduledAt: at(10), claimedAt: at(15) })],
    })
    expect(fish?.attempts.map(({ number, outcome, worker }) => [number, outcome, worker])).toEqual([
      [1, 'lapsed', 'a'],
      [2, 'retried', 'a'],
      [3, 'working', 'b'],
    ])
  })

  test('say that the worker is silent once its lease is over', () => {
    const held = { state: 'claimed', attempt: 1, worker: 'a', claimedAt: at(5) } as const
    const outcomesAt = (leaseExpiresAt: string) =>
      runs({ board: [onBoard({ ...held, leaseExpiresAt })] })[0]?.attempts.map(
        ({ outcome }) => outcomeWords[outcome],
      )
    expect(outcomesAt(at(15))).toEqual(['worker silent'])
    expect(outcomesAt(at(25))).toEqual(['being worked on'])
  })

  test('before a retry of the process are told from those after it', () => {
    const [fish] = runs({
      events: [failed, event({ type: 'process-retried', at: at(15) })],
      board: [onBoard({ attempt: 0, claimableAt: at(2) })],
    })
    expect(fish?.attempts.map((attempt) => attemptName(attempt))).toEqual([
      'Attempt 1',
      'Attempt 1 after the retry',
    ])
    expect(fish?.board?.claimableAt).toBe(at(15))
  })

  test.each<[string, string, Known]>([
    ['while the process lives', 'will-retry', { board: [onBoard({ attempt: 1, claimableAt: at(60) })] }],
    ['but not when it has ended', 'not-retried', { process: { state: 'cancelled', endedAt: at(15) } }],
  ])('that failed promise another one %s', (_, outcome, known) => {
    expect(runs({ events: [failedOnce], ...known })[0]?.attempts[0]?.outcome).toBe(outcome)
  })

  test('that the end of the process cut off are told from those that failed', () => {
    const unfinished = [{ task: `${id}.1`, name: 'Cook', attempt: 1, worker: 'b', claimedAt: at(5) }]
    const [, cook] = runs({
      events: [event({ type: 'process-cancelled', unfinished })],
      process: { state: 'cancelled', endedAt: at(10) },
    })
    expect(cook).toMatchObject({
      look: 'cancelled',
      attempts: [{ outcome: 'unfinished', endedAtMs: startMs + 10_000 }],
    })
  })
})

test('the history promises another try only while it may come', () => {
  const promised = { ...failedOnce, retryAt: at(60) }
  const retried = event({ type: 'process-retried', version: 3 })
  const promises = (isEnded: boolean, events: HistoryEvent[], nowMs = startMs) =>
    isRetryPromised(promised, { isEnded, events, nowMs })
  expect(promises(false, [promised])).toBe(true)
  expect(promises(true, [promised])).toBe(false)
  expect(promises(false, [promised, retried])).toBe(false)
  expect(promises(false, [promised], startMs + 61_000)).toBe(false)
})

test.each<[string, Partial<Process>, HistoryEvent[]]>([
  ['Its process failed with "Fish" first.', { state: 'failed', failedTask: 'Fish' }, [failed]],
  [
    'Its process was cancelled by Ada: Enough',
    { state: 'cancelled', by: 'Ada', reason: 'Enough' },
    [completed],
  ],
  ['The time of its process was up first.', { state: 'failed', timedOut: true }, []],
])('of a task of an ended process it is said why it is not done: %s', (words, given, events) => {
  const process = { id, state: 'failed', startedAt: at(0), endedAt: at(10), ...given } as Process
  const [fish, cook] = runs({ events, process })
  expect(whyEnded(process, cook!)).toBe(words)
  if (events.includes(failed)) expect(whyEnded(process, fish!)).toBe('It failed.')
  if (events.includes(completed)) expect(whyEnded(process, fish!)).toBeUndefined()
})

describe('the timeline', () => {
  const span = { fromMs: startMs, toMs: startMs + 20_000 }

  test('has a bar for each attempt, and the wait before it apart', () => {
    const [row] = timelineRows(runs({ events: [completed] }), span)
    expect(row?.bars.map(({ kind, outcome, left, width }) => [kind, outcome, left, width])).toEqual([
      ['wait', 'completed', 0, 20],
      ['work', 'completed', 20, 30],
    ])
  })

  test('lets what goes on reach to the end', () => {
    const board = [
      onBoard({ state: 'claimed', attempt: 1, scheduledAt: at(0), claimedAt: at(5), leaseExpiresAt: at(90) }),
    ]
    const [row] = timelineRows(runs({ board }), span)
    expect(row?.bars.at(-1)).toMatchObject({ kind: 'work', outcome: 'working', left: 25, width: 75 })
  })

  test('leaves out what has not been on the board', () => {
    expect(begunRuns(runs({}))).toEqual([])
    expect(begunRuns(runs({ board: [onBoard({})] })).map(({ name }) => name)).toEqual(['Fish'])
  })

  test.each([
    [1_000, [0, 200, 400, 600, 800, 1_000]],
    [95_000, [0, 15_000, 30_000, 45_000, 60_000, 75_000, 90_000]],
    [3 * 86_400_000, [0, 12, 24, 36, 48, 60, 72].map((hours) => hours * 3_600_000)],
  ])('of %i ms has round marks', (lengthMs, marks) => {
    expect(ticksOf({ fromMs: 0, toMs: lengthMs }, 7)).toEqual(marks)
  })
})
