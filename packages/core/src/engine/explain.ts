import type { ProcessList } from '../lists/process-list.js'
import type { BoardTask, TaskList } from '../lists/task-list.js'
import type { ProcessStatus } from '../process/state.js'
import type { Lanes } from './lanes.js'
import type { ProcessCopy } from './process-cache.js'
import { formatTaskId } from './ids.js'
import { noTroubles, troublesIn, type Troubles } from './troubles.js'

/** Why a task is not done. */
export type Cause =
  'waits-for-needs' | 'waits-for-worker' | 'waits-for-time' | 'is-worked-on' | 'has-lapsed' | 'is-paused'

export interface Explanation {
  readonly task: string
  readonly name: string
  readonly cause: Cause
  /** In plain words. */
  readonly because: string
  /** For `waits-for-needs`: those that are not completed. */
  readonly openNeeds?: readonly string[] | undefined
  readonly attempt?: number | undefined
  readonly attemptsLeft?: number | undefined
  readonly worker?: string | undefined
  readonly leaseExpiresAt?: Date | undefined
  readonly claimableAt?: Date | undefined
  /** When somebody last asked for tasks of this name. */
  readonly lastPolledAt?: Date | undefined
}

export interface ProcessExplanation {
  readonly state: ProcessStatus
  /** In plain words. */
  readonly because: string
  /** Every open task, in the order of the definition, up to a thousand. */
  readonly tasks: readonly Explanation[]
}

const maxTasks = 1_000
/** So far back the history is looked into for what went wrong. */
const lastEvents = 200

interface OpenTask {
  readonly task: number
  readonly name: string
  readonly openNeeds: readonly string[]
}

/** Says, for each open task of a process, why it is not done. */
export class Explain {
  readonly #lanes: Lanes
  readonly #taskList: TaskList
  readonly #processList: ProcessList

  constructor(lanes: Lanes, lists: { readonly taskList: TaskList; readonly processList: ProcessList }) {
    this.#lanes = lanes
    this.#taskList = lists.taskList
    this.#processList = lists.processList
  }

  async process(id: string): Promise<ProcessExplanation> {
    const rows = await this.#taskList.fetch({ processId: id, limit: maxTasks })
    const board = new Map(rows.map((row) => [row.task, row]))
    const { state, version, definition, open, completed, total } = await this.#lanes.look(id, openTasksOf)
    const names = new Set(open.filter(({ openNeeds }) => openNeeds.length === 0).map(({ name }) => name))
    const polls = await this.#taskList.lastPolls([...names], definition)
    const hasTroubles = state === 'paused' || rows.some(({ attempt }) => attempt > 0)
    const troubles = hasTroubles ? await this.#troubles(id, version) : noTroubles
    const tasks = open.map((task) => {
      const row = board.get(task.task)
      return withTroubles(explain(id, task, row, polls.get(task.name)), task, troubles)
    })
    return { state, because: summary(state, completed, total, tasks), tasks }
  }

  async #troubles(id: string, version: number): Promise<Troubles> {
    return troublesIn(await this.#processList.history(id, Math.max(0, version - lastEvents), lastEvents))
  }
}

function openTasksOf({ state, record: { definition } }: ProcessCopy) {
  const { graph } = state
  const open: OpenTask[] = []
  for (let task = 0; state.isLive && task < graph.size && open.length < maxTasks; task += 1) {
    if (state.taskStatus(task) !== 'pending') continue
    const openNeeds = [...graph.needsOf(task)]
      .filter((need) => state.taskStatus(need) !== 'completed')
      .map((need) => graph.names[need] ?? '')
    open.push({ task, name: graph.names[task] ?? '', openNeeds })
  }
  const { status, version } = state
  return { state: status, version, definition, open, completed: state.completed, total: graph.size }
}

function explain(
  processId: string,
  { task, name, openNeeds }: OpenTask,
  row: BoardTask | undefined,
  lastPolledAt: Date | undefined,
): Explanation {
  const own = { task: formatTaskId({ processId, task }), name }
  if (openNeeds.length > 0) {
    return { ...own, cause: 'waits-for-needs', because: `waits for ${listed(openNeeds)}`, openNeeds }
  }
  // Between the board and the process being read, it came onto the board or left it.
  if (row === undefined)
    return { ...own, cause: 'waits-for-worker', because: 'has just come onto the board', lastPolledAt }
  const { attempt, worker, claimableAt, readAt } = row
  const attempts = { attempt, attemptsLeft: Math.max(0, row.maxAttempts - attempt) }
  if (worker !== undefined) return { ...own, ...attempts, ...held(row, worker) }
  if (row.isPaused)
    return { ...own, ...attempts, cause: 'is-paused', because: 'is not handed out: the process is paused' }
  if (claimableAt > readAt) {
    const what = attempt > 0 ? `will be tried again (attempt ${attempt + 1})` : 'can be claimed'
    return {
      ...own,
      ...attempts,
      cause: 'waits-for-time',
      because: `${what} at ${shown(claimableAt)}`,
      claimableAt,
    }
  }
  return {
    ...own,
    ...attempts,
    cause: 'waits-for-worker',
    because: waitsForWorker(row, lastPolledAt),
    lastPolledAt,
  }
}

/** What is known of why, besides. */
function withTroubles(
  explanation: Explanation,
  { task }: OpenTask,
  { pausedFor, failures }: Troubles,
): Explanation {
  const { cause, attempt = 0, because } = explanation
  const failure = attempt > 0 ? failures.get(task) : undefined
  const pause = cause === 'is-paused' && pausedFor !== undefined ? ` (${pausedFor})` : ''
  return { ...explanation, because: `${because}${pause}${failure === undefined ? '' : `; ${failure}`}` }
}

function held(
  { attempt, claimableAt, readAt, isPaused }: BoardTask,
  worker: string,
): Pick<Explanation, 'cause' | 'because' | 'worker' | 'leaseExpiresAt'> {
  const who = `${JSON.stringify(worker)} (attempt ${attempt})`
  const paused = isPaused ? '; the process is paused, but what is held may be finished' : ''
  if (claimableAt > readAt) {
    const because = `is held by ${who} until ${shown(claimableAt)}${paused}`
    return { cause: 'is-worked-on', because, worker, leaseExpiresAt: claimableAt }
  }
  const because = `was held by ${who}, which has not been heard of since its lease ran out at ${shown(claimableAt)}${paused}`
  return { cause: 'has-lapsed', because, worker, leaseExpiresAt: claimableAt }
}

function waitsForWorker({ scheduledAt, expiresAt, name }: BoardTask, lastPolledAt: Date | undefined): string {
  const polled =
    lastPolledAt === undefined
      ? `nobody is known to have asked for ${JSON.stringify(name)}`
      : `somebody last asked for it at ${shown(lastPolledAt)}`
  return `waits for a worker since ${shown(scheduledAt)}, at most until ${shown(expiresAt)}; ${polled}`
}

function summary(
  state: ProcessStatus,
  completed: number,
  total: number,
  tasks: readonly Explanation[],
): string {
  if (state !== 'running' && state !== 'paused') return `The process is ${state}.`
  const count = (cause: Cause) => tasks.filter((task) => task.cause === cause).length
  const causes = [
    [count('is-worked-on'), 'worked on'],
    [count('waits-for-worker'), 'waiting for a worker'],
    [count('waits-for-time'), 'waiting for their time'],
    [count('has-lapsed'), 'whose worker has gone silent'],
    [count('is-paused'), 'paused'],
  ] as const
  const parts = causes.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`)
  const counted = tasks.length < maxTasks ? '' : `of the first ${maxTasks} open ones `
  return `The process is ${state}: ${completed} of ${total} tasks completed${parts.length > 0 ? `, ${counted}${parts.join(', ')}` : ''}.`
}

function listed(names: readonly string[]): string {
  const shownNames = names.slice(0, 5).map((name) => JSON.stringify(name))
  const more = names.length - shownNames.length
  return more > 0 ? `${shownNames.join(', ')} and ${more} more` : shownNames.join(', ')
}

function shown(date: Date): string {
  return date.toISOString()
}
