import { inSpan, type SpanDescription } from '@tunacorn/protocol'
import type { HeldTask, TaskRef } from '../lists/board.js'
import type { BoardCriteria, ClaimCriteria, ClaimedBoardTask, TaskList } from '../lists/task-list.js'
import type { Payload } from '../payload.js'
import type { Claims } from './claims.js'
import type { Call } from './call.js'
import type { Observer } from './observer.js'
import { wantsDebug, type Logger } from './logger.js'
import type { TaskContext, ClaimedTask, TaskAttributes } from './task-context.js'
import type { TaskView, TaskViews, TaskViewState } from './task-views.js'
import { thrown, TunaCornError } from '../errors.js'
import { newSecret } from '../new-ids.js'
import { formatTaskId, hashOf, isProcessId, parseClaim, parseTaskId } from './ids.js'
import { notClaimable } from './not-claimable.js'
import { badCursor, defaultPageLimit, wholeNumber, type Page, type PageRequest } from './page.js'
import type { Polls } from './polls.js'
import { refusalOf } from './refusal.js'
import type { ReportResult, Reports } from './reports.js'

/** A finished piece of work: with `error` the task failed, else it is completed. */
export interface TaskResult {
  readonly task: string
  readonly claim: string
  readonly output?: unknown
  readonly error?: unknown
  /** With an error: `false` when no other attempt will do better, or milliseconds until the next one. */
  readonly retry?: false | number | undefined
  /** Of the span in which the work was done. */
  readonly traceparent?: string | undefined
}

export interface ClaimTaskRequest extends Call {
  /** Who claims, for people to read. */
  readonly worker: string
  /** How long the claim is kept without a heartbeat; the engine's default when absent. */
  readonly leaseMs?: number | undefined
  /** Whether claimed tasks carry attributes; they do when absent. */
  readonly attributes?: boolean | undefined
  /** Aborted when the caller has gone: what it would have been handed is given back. */
  readonly signal?: AbortSignal | undefined
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
}

export interface ClaimTasksResult {
  readonly tasks: readonly ClaimedTask[]
  /** One for each result sent, in the order sent. */
  readonly results: readonly (ReportResult & { readonly task: string })[]
}

/** A report that was committed. */
export interface AcceptedReport {
  /** The version of its process that it made. */
  readonly version: number
  /** `retrying`: it failed, and there will be another attempt. */
  readonly state: 'completed' | 'failed' | 'retrying'
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
  readonly polls: Polls
  readonly reports: Reports
  readonly context: TaskContext
  readonly views: TaskViews
  readonly payloadOf: (value: unknown) => Payload | undefined
  readonly defaultLeaseMs: number
  readonly logger: Logger
  readonly observer: Observer | undefined
}

/** How long a task that cannot be understood is kept from the board. */
const notUnderstoodMs = 5_000
/** How often somebody who was given nothing but such tasks is given others, within one call. */
const triesToUnderstand = 100

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
    const { max = 1, results: sent = [], waitMs = 0, signal, process } = request
    const report = () => Promise.all(sent.map((one) => this.#reportOneOfMany(one, request)))
    if (max === 0) return { tasks: [], results: await report() }
    const { worker, names, definition, leaseMs = this.#parts.defaultLeaseMs } = request
    this.#parts.polls.note(worker, { names, definition, processId: process })
    let secret = newSecret()
    const claim = { worker, names, definition, processId: process, max, leaseMs, secret: hashOf(secret) }
    const { results, tasks } =
      sent.length > 0
        ? await this.#parts.claims.claimWith(claim, sent.length, report)
        : { results: [], tasks: await this.#parts.claims.claim(claim, { waitMs, signal }) }
    let handed = await this.#handOver(tasks, secret, request)
    // Those that come first on the board shall not keep away what is behind them.
    for (let tries = 0; isNothingOf(tasks, handed, signal) && tries < triesToUnderstand; tries += 1) {
      secret = newSecret()
      const again = { ...claim, secret: hashOf(secret) }
      const others = await this.#parts.claims.claim(again, { waitMs: 0, signal })
      if (others.length === 0) break
      handed = await this.#handOver(others, secret, request)
    }
    return { tasks: handed, results }
  }

  async claimOne(id: string, request: ClaimTaskRequest): Promise<ClaimedTask> {
    const { worker, leaseMs = this.#parts.defaultLeaseMs } = request
    const place = placeOf(id)
    const secret = newSecret()
    const holder = { worker, leaseMs, secret: hashOf(secret) }
    const { tasks } = await this.#parts.taskList.claim(place, [{ ...holder, max: 1 }])
    const [task] = await this.#handOver(tasks.flat(), secret, request)
    if (task === undefined) throw notClaimable(await this.#parts.views.one(place))
    return task
  }

  async report(result: TaskResult, call: Call = {}): Promise<AcceptedReport> {
    const answer = await this.#report(result, call)
    if (answer.refusal !== undefined) throw thrown(answer.refusal)
    return answer
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

  async release(id: string, claim: string, { logger = this.#parts.logger }: Call = {}): Promise<void> {
    const held = heldTask(id, claim)
    if (held === undefined || !(await this.#parts.taskList.release(held))) throw claimLost(id)
    const { name, definition } = await this.#parts.views.one(held)
    this.#parts.claims.wake([{ processId: held.processId, definition, names: [name] }])
    const fields = { process: held.processId, task: id, name, attempt: held.claim.attempt }
    logger.info(fields, 'task released')
  }

  /**
   * To a caller who has gone nothing is handed: all goes back. Nor is what cannot be understood: that goes back a little
   * later, so that it does not stand in the way of all others; another replica may understand it, and an attempt that
   * nobody has made is not to be used up. And what would make the answer too large goes back.
   *
   * @param secret that of which the store has the hash.
   */
  async #handOver(
    claimed: readonly ClaimedBoardTask[],
    secret: string,
    { worker, attributes = true, signal, logger = this.#parts.logger }: ClaimTaskRequest,
  ): Promise<ClaimedTask[]> {
    for (const one of claimed) if (one.takenFrom !== undefined) this.#noteLapse(one, worker, logger)
    const described = await this.#parts.context.describeAll(claimed, { secret, withAttributes: attributes })
    if (signal?.aborted === true) {
      await this.#giveBack(claimed)
      return []
    }
    const handed: ClaimedTask[] = []
    let characters = 0
    for (const [index, one] of claimed.entries()) {
      const result = described[index]
      if (result?.status === 'fulfilled' && characters <= maxAnswerCharacters) {
        characters += charactersOf(result.value)
        handed.push(result.value)
      } else if (result?.status === 'rejected') {
        // The store has gone away: as far as it can still be told, nobody has anything.
        if (result.reason instanceof TunaCornError && result.reason.code === 'unavailable') {
          await this.#giveBack(claimed)
          throw result.reason
        }
        const fields = { err: result.reason as unknown, task: formatTaskId(one) }
        logger.error(fields, 'a claimed task cannot be handed over')
        setTimeout(() => void this.#giveBack([one]), notUnderstoodMs).unref()
      } else await this.#giveBack([one])
    }
    if (wantsDebug(logger)) {
      for (const { id: task, name, attempt, process } of handed)
        logger.debug({ process: process.id, task, name, attempt, worker }, 'task claimed')
    }
    return handed
  }

  #noteReport(
    answer: ReportResult,
    held: HeldTask & { readonly name: string | undefined },
    hasFailed: boolean,
    { worker, logger = this.#parts.logger }: Reporter,
  ): void {
    const isWorthALine = answer.refusal !== undefined || hasFailed || wantsDebug(logger)
    if (!isWorthALine) return
    const { processId: process, claim, name } = held
    const fields = { process, task: formatTaskId(held), name, attempt: claim.attempt, worker }
    if (answer.refusal !== undefined) logger.info({ ...fields, code: answer.refusal.code }, 'report refused')
    else if (hasFailed) logger.info({ ...fields, state: answer.state }, 'attempt failed')
    else logger.debug({ ...fields, version: answer.version }, 'task completed')
  }

  /** Nobody has decided it: that an attempt was over is seen when its task is handed out again. */
  #noteLapse(
    { name, claim, takenFrom, ...place }: ClaimedBoardTask,
    takenOverBy: string,
    logger: Logger,
  ): void {
    this.#parts.observer?.attemptEnded(name, 'lapsed')
    const { processId: process } = place
    const attempt = claim.attempt - 1
    const fields = { process, task: formatTaskId(place), name, attempt, worker: takenFrom, takenOverBy }
    logger.info(fields, 'attempt lapsed')
  }

  async #giveBack(claimed: readonly ClaimedBoardTask[]): Promise<void> {
    // One that fails has its lease to run out; the others shall not wait for that.
    await Promise.allSettled(claimed.map((task) => this.#parts.taskList.release(task)))
    this.#parts.claims.lookAgain()
  }

  /** One that is refused, for its payload as well as for its claim, does not stop the others. */
  async #reportOneOfMany(
    result: TaskResult,
    by: Reporter,
  ): Promise<ReportResult & { readonly task: string }> {
    const { task } = result
    try {
      return { task, ...(await this.#report(result, by)) }
    } catch (error) {
      return { task, refusal: refusalOf(error) }
    }
  }

  /** Where the work was done in a span, what becomes of it is a step of the same trace. */
  #report(result: TaskResult, by: Reporter): Promise<ReportResult> {
    const { traceparent } = result
    if (traceparent === undefined) return this.#commit(result, by)
    return inSpan(
      traceparent,
      () => reportSpan(result),
      async ({ fail }) => {
        const answer = await this.#commit(result, by)
        if (answer.refusal !== undefined) fail(thrown(answer.refusal))
        return answer
      },
    )
  }

  async #commit({ task, claim, output, error, retry }: TaskResult, by: Reporter): Promise<ReportResult> {
    const held = heldTask(task, claim)
    if (held === undefined) throw claimLost(task)
    const hasFailed = error !== undefined
    // Before it ends the process: then it is not at hand any more.
    const name = this.#parts.context.nameOf(held)
    const type = hasFailed ? 'fail-task' : 'complete-task'
    const payload = this.#parts.payloadOf(hasFailed ? error : output)
    const answer = await this.#parts.reports.commit({ ...held, type, payload, retry })
    this.#noteReport(answer, { ...held, name }, hasFailed, by)
    return answer
  }
}

/** Who reports: known where results come with a claim. */
interface Reporter extends Call {
  readonly worker?: string | undefined
}

/** How large the tasks of one answer may be together; the first one always fits. */
const maxAnswerCharacters = 16 * 1024 * 1024

function charactersOf({ process, needs = {}, attributes }: ClaimedTask): number {
  const input = process.input?.text.length ?? 0
  const outputs = Object.values(needs).reduce((sum, { text }) => sum + text.length, 0)
  return input + outputs + (attributes?.text.length ?? 0)
}

function reportSpan({ task, error }: TaskResult): SpanDescription {
  const name = error === undefined ? 'complete' : 'fail'
  const attributes = {
    'messaging.system': 'tunacorn',
    'messaging.operation.name': name,
    'messaging.operation.type': 'settle',
    'messaging.message.id': task,
  }
  return { name, kind: 'internal', attributes }
}

function isNothingOf(
  claimed: readonly ClaimedBoardTask[],
  handed: readonly ClaimedTask[],
  signal: AbortSignal | undefined,
): boolean {
  return claimed.length > 0 && handed.length === 0 && signal?.aborted !== true
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

function claimLost(id: string): TunaCornError {
  return new TunaCornError('claim-lost', `Task ${id} is not held by this claim.`)
}
