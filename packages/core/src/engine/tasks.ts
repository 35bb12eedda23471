import { randomBytes } from 'node:crypto'
import type {
  BoardCriteria,
  ClaimCriteria,
  ClaimedBoardTask,
  HeldTask,
  TaskList,
  TaskRef,
} from '../lists/task-list.js'
import type { Payload } from '../payload.js'
import type { Claims } from './claims.js'
import type { Logger } from './logger.js'
import type { TaskContext, ClaimedTask, TaskAttributes } from './task-context.js'
import type { TaskView, TaskViews, TaskViewState } from './task-views.js'
import { TunaCornError } from '../errors.js'
import { isProcessId, parseClaim, parseTaskId } from './ids.js'
import { badCursor, defaultPageLimit, wholeNumber, type Page, type PageRequest } from './page.js'
import { refusalOf, thrown } from './refusal.js'
import type { ReportResult, Reports } from './reports.js'

/** A finished piece of work: with `error` the task failed, else it is completed. */
export interface TaskResult {
  readonly task: string
  readonly claim: string
  readonly output?: unknown
  readonly error?: unknown
}

export interface ClaimTaskRequest {
  /** Who claims, for people to read. */
  readonly worker: string
  /** How long the claim is kept without a heartbeat; the engine's default when absent. */
  readonly leaseMs?: number | undefined
  /** Whether claimed tasks carry attributes; they do when absent. */
  readonly attributes?: boolean | undefined
}

export interface ClaimTasksRequest extends ClaimTaskRequest, Pick<ClaimCriteria, 'names' | 'definition'> {
  /** Only tasks of this process. */
  readonly process?: string | undefined
  /** How many at most, 1 when absent; 0 only reports. */
  readonly max?: number | undefined
  /** How long to wait when there is nothing; not at all when absent. */
  readonly waitMs?: number | undefined
  /** Committed first, in the same call. */
  readonly results?: readonly TaskResult[] | undefined
  /** Aborted when the caller has gone: what it would have been handed is given back. */
  readonly signal?: AbortSignal | undefined
}

export interface ClaimTasksResult {
  readonly tasks: readonly ClaimedTask[]
  /** One for each result sent, in the order sent. */
  readonly results: readonly (ReportResult & { readonly task: string })[]
}

export interface BoardFilters extends PageRequest, Pick<BoardCriteria, 'name' | 'definition' | 'state'> {
  readonly process?: string | undefined
}

export interface ProcessTaskFilters extends PageRequest {
  readonly state?: TaskViewState | undefined
}

/** A task by its id, and the claim that holds it. */
export interface HeldTaskId {
  readonly task: string
  readonly claim: string
}

export interface TasksParts {
  readonly taskList: TaskList
  readonly claims: Claims
  readonly reports: Reports
  readonly context: TaskContext
  readonly views: TaskViews
  readonly payloadOf: (value: unknown) => Payload | undefined
  readonly defaultLeaseMs: number
  readonly logger: Logger
}

/** What the engine does with tasks: the board, claims and reports. */
export class Tasks {
  readonly #parts: TasksParts

  constructor(parts: TasksParts) {
    this.#parts = parts
  }

  async list({
    cursor,
    limit = defaultPageLimit,
    process,
    ...filters
  }: BoardFilters): Promise<Page<TaskView>> {
    const after = cursor === undefined ? undefined : parseTaskId(cursor)
    if (cursor !== undefined && after === undefined) throw badCursor(cursor)
    const criteria = { ...filters, processId: process, after, limit: limit + 1 }
    const rows = await this.#parts.taskList.fetch(criteria)
    const items = await this.#parts.views.ofBoard(rows.slice(0, limit))
    return { items, next: rows.length > limit ? items.at(-1)?.id : undefined }
  }

  async ofProcess(
    id: string,
    { state, cursor, limit = defaultPageLimit }: ProcessTaskFilters,
  ): Promise<Page<TaskView>> {
    if (!isProcessId(id)) throw new TunaCornError('process-not-found', `There is no process ${id}.`)
    const from = cursor === undefined ? 0 : wholeNumber(cursor)
    const { items, next } = await this.#parts.views.ofProcess(id, { state, from, limit })
    return { items, next: next === undefined ? undefined : String(next) }
  }

  async fetch(id: string): Promise<TaskView> {
    return this.#parts.views.one(placeOf(id))
  }

  async attributes(id: string): Promise<TaskAttributes> {
    return this.#parts.context.attributesOf(placeOf(id))
  }

  async claimMany(request: ClaimTasksRequest): Promise<ClaimTasksResult> {
    const { max = 1, results: sent = [], waitMs = 0, signal, attributes = true, process } = request
    const results = await Promise.all(sent.map((result) => this.#reportOneOfMany(result)))
    if (max === 0) return { tasks: [], results }
    const { worker, names, definition, leaseMs = this.#parts.defaultLeaseMs } = request
    const claimed = await this.#parts.claims.claim(
      { worker, names, definition, processId: process, max, leaseMs, secret: newSecret() },
      { waitMs: sent.length > 0 ? 0 : waitMs, signal },
    )
    return { tasks: await this.#handOver(claimed, attributes, signal), results }
  }

  async claimOne(id: string, request: ClaimTaskRequest): Promise<ClaimedTask> {
    const { worker, leaseMs = this.#parts.defaultLeaseMs, attributes = true } = request
    const place = placeOf(id)
    const claimed = await this.#parts.taskList.claim({
      ...place,
      worker,
      leaseMs,
      max: 1,
      secret: newSecret(),
    })
    const [task] = await this.#handOver(claimed, attributes, undefined)
    if (task === undefined) throw notClaimable(await this.#parts.views.one(place))
    return task
  }

  /** @returns the version of its process that the report made. */
  async report(result: TaskResult): Promise<number> {
    const { version, refusal } = await this.#report(result)
    if (refusal !== undefined) throw thrown(refusal)
    return version
  }

  async heartbeat(held: readonly HeldTaskId[], leaseMs?: number): Promise<(Date | undefined)[]> {
    // A claim that cannot be read is no claim that is live.
    const readable = held.map(({ task, claim }) => heldTask(task, claim))
    const asked = readable.filter((one) => one !== undefined)
    const leases = new Map<HeldTask, Date | undefined>()
    const extended = await this.#parts.taskList.extend(asked, leaseMs)
    for (const [index, one] of asked.entries()) leases.set(one, extended[index])
    return readable.map((one) => (one === undefined ? undefined : leases.get(one)))
  }

  async heartbeatOne(id: string, claim: string, leaseMs?: number): Promise<Date> {
    const [leaseExpiresAt] = await this.heartbeat([{ task: id, claim }], leaseMs)
    if (leaseExpiresAt === undefined) throw claimLost(id)
    return leaseExpiresAt
  }

  async release(id: string, claim: string): Promise<void> {
    const held = heldTask(id, claim)
    if (held === undefined || !(await this.#parts.taskList.release(held))) throw claimLost(id)
    const { name, definition } = await this.#parts.views.one(held)
    this.#parts.claims.wake([{ processId: held.processId, definition, names: [name] }])
    this.#parts.logger.info({ task: id, attempt: held.claim.attempt }, 'task released')
  }

  /** To a caller who has gone, or when what came before a task cannot be read, nothing is handed: all goes back. */
  async #handOver(
    claimed: readonly ClaimedBoardTask[],
    attributes: boolean,
    signal: AbortSignal | undefined,
  ): Promise<ClaimedTask[]> {
    try {
      const described = await Promise.all(
        claimed.map((task) => this.#parts.context.describe(task, attributes)),
      )
      if (signal?.aborted !== true) return described
    } catch (error) {
      await this.#giveBack(claimed).catch(() => {})
      throw error
    }
    await this.#giveBack(claimed)
    return []
  }

  async #giveBack(claimed: readonly ClaimedBoardTask[]): Promise<void> {
    for (const task of claimed) await this.#parts.taskList.release(task)
  }

  /** One that is refused, for its payload as well as for its claim, does not stop the others. */
  async #reportOneOfMany(result: TaskResult): Promise<ReportResult & { readonly task: string }> {
    const { task } = result
    try {
      return { task, ...(await this.#report(result)) }
    } catch (error) {
      return { task, refusal: refusalOf(error) }
    }
  }

  async #report({ task, claim, output, error }: TaskResult): Promise<ReportResult> {
    const held = heldTask(task, claim)
    if (held === undefined) throw claimLost(task)
    const hasFailed = error !== undefined
    const answer = await this.#parts.reports.commit({
      ...held,
      type: hasFailed ? 'fail-task' : 'complete-task',
      payload: this.#parts.payloadOf(hasFailed ? error : output),
    })
    const { attempt } = held.claim
    const { version, refusal } = answer
    if (refusal !== undefined)
      this.#parts.logger.info({ task, attempt, code: refusal.code }, 'report refused')
    else this.#parts.logger.info({ task, attempt, version }, hasFailed ? 'task failed' : 'task completed')
    return answer
  }
}

/** 128 random bits. */
function newSecret(): string {
  return randomBytes(16).toString('base64url')
}

function placeOf(id: string): TaskRef {
  const place = parseTaskId(id)
  if (place === undefined)
    throw new TunaCornError('task-not-found', `There is no task ${JSON.stringify(id)}.`)
  return place
}

function heldTask(id: string, claim: string): HeldTask | undefined {
  const place = placeOf(id)
  const parsed = parseClaim(claim)
  return parsed === undefined ? undefined : { ...place, claim: parsed }
}

function notClaimable({ id, name, state }: TaskView): TunaCornError {
  const what = `Task ${JSON.stringify(name)} (${id}) is ${state}`
  switch (state) {
    case 'pending':
      return new TunaCornError('task-not-active', `${what}: it waits for others.`)
    case 'scheduled':
    case 'claimed':
      return new TunaCornError('task-held', `${what}, so it cannot be claimed now.`)
    case 'completed':
    case 'failed':
    case 'cancelled':
      return new TunaCornError('task-ended', `${what}, so it cannot be claimed any more.`)
  }
}

function claimLost(id: string): TunaCornError {
  return new TunaCornError('claim-lost', `Task ${id} is not held by this claim.`)
}
