import { expect, test } from 'vitest'
import type { HistoryEvent, Process, Task } from '../packages/protocol/dist/index.js'
import { breachesOf, type Run } from './support/judge.js'
import type { ClaimRecord, ReportRecord } from './support/worker-processes.js'

// Who judges must be judged: a sound run of a → b, and everything that could be wrong with one.

const claims: ClaimRecord[] = [
  { worker: 'w', task: 'p.0', name: 'a', process: 'p', claim: '1.x', attempt: 1, needs: {}, claimedAt: 10 },
  {
    worker: 'w',
    task: 'p.1',
    name: 'b',
    process: 'p',
    claim: '1.y',
    attempt: 1,
    needs: { a: 'p.0' },
    claimedAt: 30,
  },
]
const reports: ReportRecord[] = [
  { worker: 'w', task: 'p.0', claim: '1.x', status: 200, sentAt: 20, answeredAt: 30, tries: 1 },
  { worker: 'w', task: 'p.1', claim: '1.y', status: 200, sentAt: 40, answeredAt: 50, tries: 1 },
]
const at = '2020-01-01T00:00:00.000Z'
const history: HistoryEvent[] = [
  { version: 1, type: 'process-started', at },
  { version: 2, type: 'task-completed', at, name: 'a' },
  { version: 3, type: 'task-completed', at, name: 'b' },
]
const taskOf = (id: string, name: string, needs: string[]): Task => {
  return { id, name, needs, process: 'p', definition: 'd', state: 'completed', output: id }
}
const process: Process = {
  id: 'p',
  definition: 'd',
  definitionVersion: 1,
  state: 'completed',
  version: 3,
  priority: 0,
  progress: { percent: 100, total: 2, finished: 2 },
  startedAt: at,
  deadline: at,
}
const sound: Run = {
  graph: {
    name: 'd',
    tasks: [
      { name: 'a', needs: [] },
      { name: 'b', needs: ['a'] },
    ],
  },
  process,
  history,
  tasks: [taskOf('p.0', 'a', []), taskOf('p.1', 'b', ['a'])],
  board: [],
  work: { claims, reports, releases: [] },
  handOuts: 'once',
}
const [claimOfA, claimOfB] = claims as [ClaimRecord, ClaimRecord]
const [reportOfA, reportOfB] = reports as [ReportRecord, ReportRecord]
const [began, doneA, doneB] = history as [HistoryEvent, HistoryEvent, HistoryEvent]
const again = { ...claimOfA, worker: 'other', claim: '2.z', attempt: 2, claimedAt: 15 }
const withWork = (work: Partial<Run['work']>): Partial<Run> => ({ work: { ...sound.work, ...work } })

test('a sound run has no breaches', () => {
  expect(breachesOf(sound)).toEqual([])
})

test.for<[string, Partial<Run>, string]>([
  ['a process that has not ended', { process: { ...process, state: 'running' } }, 'the process is running'],
  ['a task left on the board', { board: [taskOf('p.1', 'b', [])] }, '1 tasks are left on the board'],
  [
    'progress that does not fit',
    { process: { ...process, progress: { percent: 50, total: 2, finished: 1 } } },
    '2 of 2',
  ],
  ['a gap in the history', { history: [began, doneA, { ...doneB, version: 4 }] }, 'has version 4'],
  ['a missing event', { history: [began, doneA] }, 'b was not completed'],
  ['an event twice', { history: [began, doneA, { ...doneA, version: 3 }] }, 'a was completed twice'],
  [
    'the wrong order',
    { history: [began, { ...doneB, version: 2 }, { ...doneA, version: 3 }] },
    'before its need a',
  ],
  [
    'another state',
    { tasks: [taskOf('p.0', 'a', []), { ...taskOf('p.1', 'b', ['a']), state: 'failed' }] },
    'as failed',
  ],
  ['other needs', { tasks: [taskOf('p.0', 'a', []), taskOf('p.1', 'b', [])] }, 'other needs'],
  [
    'a second hand-out',
    withWork({ claims: [claimOfA, claimOfB, again] }),
    'handed out 2 times: to w (attempt 1), other',
  ],
  ['a refused report', withWork({ reports: [reportOfA, { ...reportOfB, status: 409 }] }), 'answered 409'],
  [
    'a report accepted from two claims',
    withWork({ reports: [...reports, { ...reportOfB, claim: '2.z' }] }),
    'two claims',
  ],
  [
    'a claim before its need',
    withWork({ claims: [claimOfA, { ...claimOfB, claimedAt: 19 }] }),
    'b was handed out before',
  ],
  [
    'outputs of another',
    withWork({ claims: [claimOfA, { ...claimOfB, needs: { a: 'p.9' } }] }),
    'other outputs',
  ],
  [
    'the same attempt twice after a lapse',
    { ...withWork({ claims: [claimOfA, claimOfB, { ...again, attempt: 1 }] }), handOuts: 'after-a-lapse' },
    'handed out 2 times',
  ],
  [
    'a hand-out before the release',
    {
      ...withWork({
        claims: [claimOfA, claimOfB, again],
        releases: [{ worker: 'w', task: 'p.0', claim: '1.x', releasedAt: 16, status: 204 }],
        reports: [{ ...reportOfA, claim: '2.z' }, reportOfB],
      }),
      handOuts: 'after-a-release',
    },
    'handed out 2 times',
  ],
])('%s is found', ([, wrong, message]) => {
  expect(breachesOf({ ...sound, ...wrong }).join('\n')).toContain(message)
})
