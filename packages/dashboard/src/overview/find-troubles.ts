import type { Overview } from '@tunacorn/protocol'

type NameOnBoard = Overview['tasks'][number]

export interface Trouble {
  readonly kind: 'unasked' | 'lapsed' | 'retrying'
  readonly task: NameOnBoard
  readonly count: number
}

/** Workers ask at least once a minute while they wait. */
const silenceMs = 120_000
/** Nothing is wrong yet with what has only just come. */
const patienceMs = 30_000

/** What somebody should look at: tasks that no worker asks for, whose worker is silent, and that fail and fail. */
export function findTroubles(tasks: Overview['tasks'], nowMs: number): Trouble[] {
  return [
    ...tasks
      .filter((task) => isUnasked(task, nowMs))
      .map((task) => ({ kind: 'unasked' as const, task, count: task.waiting })),
    ...tasks
      .filter(({ lapsed }) => lapsed > 0)
      .map((task) => ({ kind: 'lapsed' as const, task, count: task.lapsed })),
    ...tasks
      .filter(({ retrying }) => retrying > 0)
      .map((task) => ({ kind: 'retrying' as const, task, count: task.retrying })),
  ]
}

function isUnasked({ waiting, waitingSince, lastPolledAt, claimed }: NameOnBoard, nowMs: number): boolean {
  if (waiting === 0 || waitingSince === undefined || nowMs - Date.parse(waitingSince) < patienceMs)
    return false
  // A worker that works need not ask.
  return claimed === 0 && (lastPolledAt === undefined || nowMs - Date.parse(lastPolledAt) > silenceMs)
}
