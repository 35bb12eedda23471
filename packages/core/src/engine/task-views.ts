import type { TaskRef } from '../lists/board.js'
import type { BoardTask, TaskList } from '../lists/task-list.js'
import type { LapsedAttempt } from '../lists/board.js'
import type { HistoryEvent, ProcessList } from '../lists/process-list.js'
import type { Payload } from '../payload.js'
import type { Lanes } from './lanes.js'
import type { ProcessCopy } from './process-cache.js'
import { TunaCornError } from '../errors.js'
import { groupBy } from '../group-by.js'
import { formatTaskId } from './ids.js'
import { maxPageCharacters, payloadsReadAtOnce } from './page.js'

export type TaskViewState = 'pending' | 'scheduled' | 'claimed' | 'completed' | 'failed' | 'cancelled'

/** A task as people see it: what its process, the board and the history know of it, together. */
export interface TaskView {
  readonly id: string
  readonly name: string
  readonly process: string
  readonly definition: string
  readonly state: TaskViewState
  readonly needs: readonly string[]
  readonly priority?: number | undefined
  readonly attempt?: number | undefined
  readonly worker?: string | undefined
  readonly scheduledAt?: Date | undefined
  readonly claimableAt?: Date | undefined
  readonly claimedAt?: Date | undefined
  readonly leaseExpiresAt?: Date | undefined
  /** When it is given up, or this attempt of it, should nothing happen. */
  readonly expiresAt?: Date | undefined
  readonly maxAttempts?: number | undefined
  readonly isPaused?: boolean | undefined
  readonly endedAt?: Date | undefined
  readonly lapsed?: readonly LapsedAttempt[] | undefined
  readonly output?: Payload | undefined
  readonly error?: Payload | undefined
}

/** A task by its definition, with its state and, when it has ended, the version that ended it, or its process. */
interface Outline {
  readonly task: number
  readonly name: string
  readonly definition: string
  readonly state: TaskViewState
  readonly needs: readonly string[]
  readonly endedIn: number
}

/** Looking at tasks. The board is read before the process, so that a task which ends in between shows as ended. */
export class TaskViews {
  readonly #taskList: TaskList
  readonly #processList: ProcessList
  readonly #lanes: Lanes

  constructor(taskList: TaskList, processList: ProcessList, lanes: Lanes) {
    this.#taskList = taskList
    this.#processList = processList
    this.#lanes = lanes
  }

  async one({ processId, task }: TaskRef): Promise<TaskView> {
    const [onBoard] = await this.#taskList.fetch({
      processId,
      after: { processId, task: task - 1 },
      limit: 1,
    })
    const row = onBoard?.task === task ? onBoard : undefined
    const outline = await this.#lanes.look(processId, (copy) => {
      if (task < copy.state.graph.size) return outlineOf(copy, task, row)
      throw new TunaCornError('task-not-found', `Process ${processId} has no task ${task}.`)
    })
    const [view] = await this.#complete(processId, [outline], new Map(row === undefined ? [] : [[task, row]]))
    if (view === undefined) throw new TunaCornError('task-not-found')
    return view
  }

  /** Tasks of a process in the order of its definition, from an index on. */
  async ofProcess(
    processId: string,
    { state, from, limit }: { state?: TaskViewState | undefined; from: number; limit: number },
  ): Promise<{ items: TaskView[]; next: number | undefined }> {
    const rows = await this.#boardOf(processId)
    const { outlines, next } = await this.#lanes.look(processId, (copy) => {
      const shown: Outline[] = []
      let task = from
      for (; task < copy.state.graph.size && shown.length < limit; task += 1) {
        const outline = outlineOf(copy, task, rows.get(task))
        if (state === undefined || outline.state === state) shown.push(outline)
      }
      return { outlines: shown, next: task < copy.state.graph.size ? task : undefined }
    })
    const items: TaskView[] = []
    let characters = 0
    for (
      let begin = 0;
      begin < outlines.length && characters < maxPageCharacters;
      begin += payloadsReadAtOnce
    ) {
      const some = outlines.slice(begin, begin + payloadsReadAtOnce)
      for (const view of await this.#complete(processId, some, rows)) {
        items.push(view)
        characters += (view.output ?? view.error)?.text.length ?? 0
      }
    }
    return { items, next: outlines[items.length]?.task ?? next }
  }

  /** Rows of the board as tasks; their needs are the definition's to know. */
  async ofBoard(rows: readonly BoardTask[]): Promise<TaskView[]> {
    const byProcess = groupBy(rows, ({ processId }) => processId)
    const needs = new Map<BoardTask, readonly string[]>()
    // All at once, so that lanes read many in one go. One that cannot be understood is shown without its needs.
    await Promise.allSettled(
      [...byProcess].map(([processId, ofOne]) =>
        this.#lanes.look(processId, ({ state: { graph } }) => {
          for (const row of ofOne) needs.set(row, needsOf(graph, row.task))
        }),
      ),
    )
    return rows.map((row) => boardView(row, needs.get(row) ?? []))
  }

  async #boardOf(processId: string): Promise<Map<number, BoardTask>> {
    const rows = new Map<number, BoardTask>()
    for (let after = -1; ;) {
      const page = await this.#taskList.fetch({ processId, after: { processId, task: after }, limit: 1000 })
      for (const row of page) rows.set(row.task, row)
      const last = page.at(-1)
      if (last === undefined || page.length < 1000) return rows
      after = last.task
    }
  }

  async #complete(
    processId: string,
    outlines: readonly Outline[],
    rows: ReadonlyMap<number, BoardTask>,
  ): Promise<TaskView[]> {
    const versions = [...new Set(outlines.map(({ endedIn }) => endedIn).filter((version) => version > 0))]
    const events = await this.#processList.events(versions.map((version) => ({ id: processId, version })))
    const endings = new Map(versions.map((version, index) => [version, events[index]]))
    return outlines.map((outline) => {
      const { endedIn, task, ...shown } = outline
      const view = { ...shown, id: formatTaskId({ processId, task }), process: processId }
      const row = rows.get(task)
      const ending = endings.get(endedIn)
      if (view.state === 'cancelled') return { ...view, ...unfinishedView(task, ending) }
      if (ending !== undefined) return { ...view, ...endingView(ending) }
      return row === undefined ? view : { ...view, ...boardDetails(row) }
    })
  }
}

function outlineOf({ record, state }: ProcessCopy, task: number, row: BoardTask | undefined): Outline {
  return {
    task,
    name: state.graph.names[task] ?? '',
    definition: record.definition,
    state: stateOf(state, task, row),
    needs: needsOf(state.graph, task),
    endedIn: state.isLive ? state.endedIn(task) : state.endedIn(task) || state.version,
  }
}

function stateOf(state: ProcessCopy['state'], task: number, row: BoardTask | undefined): TaskViewState {
  if (!state.isActive(task)) return state.taskStatus(task)
  return row?.worker === undefined ? 'scheduled' : 'claimed'
}

function needsOf(graph: ProcessCopy['state']['graph'], task: number): string[] {
  return Array.from(graph.needsOf(task), (need) => graph.names[need] ?? '')
}

function boardView(row: BoardTask, needs: readonly string[]): TaskView {
  return {
    id: formatTaskId(row),
    name: row.name,
    process: row.processId,
    definition: row.definition,
    state: row.worker === undefined ? 'scheduled' : 'claimed',
    needs,
    ...boardDetails(row),
  }
}

function boardDetails(row: BoardTask): Partial<TaskView> {
  const isClaimed = row.worker !== undefined
  return {
    priority: row.priority,
    attempt: row.attempt,
    worker: row.worker,
    scheduledAt: row.scheduledAt,
    claimableAt: isClaimed ? undefined : row.claimableAt,
    claimedAt: row.claimedAt,
    leaseExpiresAt: isClaimed ? row.claimableAt : undefined,
    expiresAt: row.expiresAt,
    maxAttempts: row.maxAttempts,
    isPaused: row.isPaused,
    lapsed: row.lapsed,
  }
}

/** The last attempt of a task that was cancelled with its process, and those before it that had lapsed. */
function unfinishedView(task: number, ending: HistoryEvent | undefined): Partial<TaskView> {
  const attempts = ending?.unfinished.filter((one) => one.task === task) ?? []
  const last = attempts.at(-1)
  if (last === undefined) return {}
  const { attempt, worker, claimedAt, leaseExpiredAt } = last
  const lapsed = attempts.flatMap((one) => {
    const { leaseExpiredAt: expiredAt, task: _task, ...rest } = one
    return one === last || expiredAt === undefined ? [] : [{ ...rest, leaseExpiredAt: expiredAt }]
  })
  return { attempt, worker, claimedAt, leaseExpiresAt: leaseExpiredAt, lapsed }
}

function endingView(event: HistoryEvent): Partial<TaskView> {
  return {
    attempt: event.claim?.attempt,
    worker: event.worker,
    scheduledAt: event.scheduledAt,
    claimedAt: event.claimedAt,
    endedAt: event.at,
    lapsed: event.lapsed,
    ...(event.type === 'task-failed' ? { error: event.payload } : { output: event.payload }),
  }
}
