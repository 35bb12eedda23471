import type { Overview } from '@tunacorn/protocol'
import { stemOf } from '../graph/collapse.js'

type NameOnBoard = Overview['tasks'][number]

/** In the order in which they are shown. */
export const troubleKinds = ['unasked', 'lapsed', 'retrying'] as const

export interface Trouble {
  readonly kind: (typeof troubleKinds)[number]
  /** What the names begin with, when they are several. */
  readonly name: string
  readonly tasks: readonly NameOnBoard[]
  /** How many tasks are so: of each name one in each process. */
  readonly count: number
  /** Since when the one that has waited longest waits. */
  readonly waitingSince?: string | undefined
}

/** Workers ask at least once a minute while they wait. */
const silenceMs = 120_000
/** Nothing is wrong yet with what has only just come. */
const patienceMs = 30_000
/** So many names that begin alike are said as one. */
const leastAlike = 3

/**
 * What somebody should look at: tasks that no worker asks for, whose worker is silent, and that fail and fail. Names
 * that begin alike are one trouble.
 */
export function findTroubles(tasks: Overview['tasks'], nowMs: number): Trouble[] {
  const counts: Record<Trouble['kind'], (task: NameOnBoard) => number> = {
    unasked: (task) => (isUnasked(task, nowMs) ? task.waiting : 0),
    lapsed: ({ lapsed }) => lapsed,
    retrying: ({ retrying }) => retrying,
  }
  return troubleKinds.flatMap((kind) =>
    alike(tasks.filter((task) => counts[kind](task) > 0)).map(([name, some]) => ({
      kind,
      name,
      tasks: some,
      count: some.reduce((sum, task) => sum + counts[kind](task), 0),
      waitingSince: some.flatMap(({ waitingSince = [] }) => waitingSince).toSorted()[0],
    })),
  )
}

function alike(tasks: Overview['tasks']): [name: string, tasks: NameOnBoard[]][] {
  const groups = new Map<string, NameOnBoard[]>()
  for (const task of tasks) {
    const stem = stemOf(task.name)
    groups.set(stem, [...(groups.get(stem) ?? []), task])
  }
  return [...groups].flatMap(([stem, some]): [string, NameOnBoard[]][] =>
    some.length >= leastAlike ? [[stem, some]] : some.map((task) => [task.name, [task]]),
  )
}

function isUnasked({ waiting, waitingSince, lastPolledAt, claimed }: NameOnBoard, nowMs: number): boolean {
  if (waiting === 0 || waitingSince === undefined || nowMs - Date.parse(waitingSince) < patienceMs)
    return false
  // A worker that works need not ask.
  return claimed === 0 && (lastPolledAt === undefined || nowMs - Date.parse(lastPolledAt) > silenceMs)
}
