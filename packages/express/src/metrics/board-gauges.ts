import type { Registry } from 'prom-client'
import type { NameOnBoard, Overview } from '@tunacorn/core'
import { addGauge } from './gauge.js'
import type { Reading } from './reading.js'

/** So many names, those with the most tasks on the board, are told by themselves; the others together. */
const maxNames = 50

const otherNames = '(other)'

const taskStates = ['waiting', 'claimed', 'lapsed', 'retrying', 'delayed', 'paused'] as const
const processStates = ['running', 'paused', 'failed', 'cancelled'] as const

/** The states of one name's tasks, or of all that have none of their own. */
type Told = Pick<NameOnBoard, 'name' | 'waitingSince' | (typeof taskStates)[number]>

/** What there is of everything, as all replicas on one store tell it alike; nothing while it cannot be read. */
export function addBoardGauges(registry: Registry, reading: Reading<Overview>): void {
  addGauge(registry, {
    name: 'tunacorn_tasks',
    help: 'Tasks on the board, by task and state.',
    labels: ['task', 'state'],
    look: async () =>
      namesOf(await reading.get()).flatMap((told) =>
        taskStates.map((state) => [told[state], { task: told.name, state }] as const),
      ),
  })
  addGauge(registry, {
    name: 'tunacorn_oldest_waiting_task_seconds',
    help: 'How long the task that has waited longest for a worker has waited, by task.',
    labels: ['task'],
    async look() {
      const overview = await reading.get()
      const now = overview?.readAt.getTime() ?? 0
      const waitedMs = ({ waitingSince }: Told) => Math.max(0, now - (waitingSince?.getTime() ?? now))
      return namesOf(overview).map((told) => [waitedMs(told) / 1_000, { task: told.name }])
    },
  })
  addGauge(registry, {
    name: 'tunacorn_processes',
    help: 'Processes by state; completed ones are not counted.',
    labels: ['state'],
    async look() {
      const overview = await reading.get()
      return overview === undefined ? [] : processStates.map((state) => [overview.counts[state], { state }])
    },
  })
  addGauge(registry, {
    name: 'tunacorn_workers',
    help: 'Workers that hold tasks or have asked for some within a minute.',
    labels: [],
    async look() {
      const overview = await reading.get()
      if (overview === undefined) return []
      return [[overview.workers.filter((worker) => isAbout(worker, overview.readAt)).length]]
    },
  })
}

const aboutForMs = 60_000

function isAbout({ lastSeenAt, claimed }: Overview['workers'][number], now: Date): boolean {
  return claimed > 0 || now.getTime() - lastSeenAt.getTime() < aboutForMs
}

function namesOf(overview: Overview | undefined): Told[] {
  const names = overview?.names ?? []
  const others = names.slice(maxNames)
  return others.length === 0 ? [...names] : [...names.slice(0, maxNames), others.reduce(together, nothing)]
}

const nothing: Told = {
  name: otherNames,
  waitingSince: undefined,
  waiting: 0,
  claimed: 0,
  lapsed: 0,
  retrying: 0,
  delayed: 0,
  paused: 0,
}

function together(sum: Told, one: Told): Told {
  const { waitingSince: a, ...counts } = sum
  const { waitingSince: b } = one
  const waitingSince = a === undefined || (b !== undefined && b < a) ? b : a
  const added = taskStates.map((state) => [state, counts[state] + one[state]])
  return { ...sum, ...(Object.fromEntries(added) as Omit<Told, 'name' | 'waitingSince'>), waitingSince }
}
