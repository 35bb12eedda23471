import { randomBytes } from 'node:crypto'
import { v7 as uuidV7 } from 'uuid'
import type { ErrorCode } from '@tunacorn/protocol'
import type { Definition } from '../definition/definition.js'
import type { DefinitionSummary, SourceFormat, StoredDefinition } from '../lists/definition-list.js'
import type { HistoryEvent, ProcessOverview, ProcessRecord } from '../lists/process-list.js'
import type { BoardCriteria, ClaimCriteria, HeldTask, TaskRef } from '../lists/task-list.js'
import type { ProcessStatus } from '../process/state.js'
import type { Outcome, StartPlan } from './work.js'
import { readDefinition } from '../definition/read-definition.js'
import { TunaCornError } from '../errors.js'
import { Payload } from '../payload.js'
import { Claims } from './claims.js'
import { isProcessId, parseClaim, parseTaskId } from './ids.js'
import { KnownDefinitions } from './known-definitions.js'
import { Lanes } from './lanes.js'
import { resolveOptions, type EngineOptions, type ResolvedOptions } from './options.js'
import { Outputs } from './outputs.js'
import { ProcessCache } from './process-cache.js'
import { Reports, versionOrThrow, type Report, type ReportResult } from './reports.js'
import { Round } from './round.js'
import { TaskContext, type ClaimedTask, type TaskAttributes } from './task-context.js'
import { TaskViews, type TaskView, type TaskViewState } from './task-views.js'

export interface StartRequest {
  readonly definition: string
  /** The definition's version; the default one when absent. */
  readonly version?: number | undefined
  /** Any JSON value. */
  readonly input?: unknown
  /** 0 to 9, higher first; 0 when absent. */
  readonly priority?: number | undefined
}

export type StartResult =
  | { readonly process: ProcessRecord; readonly refusal?: undefined }
  | { readonly refusal: { readonly code: ErrorCode; readonly detail: string }; readonly process?: undefined }

/** A finished piece of work: with `error` the task failed, else it is completed. */
export interface TaskResult {
  readonly task: string
  readonly claim: string
  readonly output?: unknown
  readonly error?: unknown
}

export interface ClaimTasksRequest extends Pick<ClaimCriteria, 'names' | 'definition'> {
  /** Who claims, for people to read. */
  readonly worker: string
  /** Only tasks of this process. */
  readonly process?: string | undefined
  /** How many at most, 1 when absent; 0 only reports. */
  readonly max?: number | undefined
  /** How long to wait when there is nothing; not at all when absent. */
  readonly waitMs?: number | undefined
  readonly leaseMs?: number | undefined
  /** Committed first, in the same call. */
  readonly results?: readonly TaskResult[] | undefined
  /** Whether claimed tasks carry attributes; they do when absent. */
  readonly attributes?: boolean | undefined
  /** Aborted when the caller has gone: what it would have been handed is given back. */
  readonly signal?: AbortSignal | undefined
}

export interface ClaimTasksResult {
  readonly tasks: readonly ClaimedTask[]
  /** One for each result sent, in the order sent. */
  readonly results: readonly (ReportResult & { readonly task: string })[]
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Where the next page begins; absent on the last. */
  readonly next: string | undefined
}

export interface PageRequest {
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
}

/**
 * The boundary of TunaCorn: definitions, processes, tasks. Everything that serves people or workers calls it.
 * Refusals are thrown as `TunaCornError` with a code of the registry, where a method does not say otherwise.
 */
export class Engine {
  readonly #options: ResolvedOptions
  readonly #definitions: KnownDefinitions
  readonly #lanes: Lanes
  readonly #claims: Claims
  readonly #reports: Reports
  readonly #context: TaskContext
  readonly #views: TaskViews
  #closing: Promise<void> | undefined

  constructor(options: EngineOptions) {
    this.#options = resolveOptions(options)
    const { definitionList, processList, taskList, logger, pollMs } = this.#options
    const cache = new ProcessCache(this.#options.maxCachedTasks)
    const outputs = new Outputs(processList)
    this.#definitions = new KnownDefinitions(definitionList)
    this.#claims = new Claims({ taskList, logger, pollMs })
    const round = new Round({
      processList,
      definitions: this.#definitions,
      cache,
      outputs,
      onEntered: (entered) => this.#claims.wake(entered),
    })
    this.#lanes = new Lanes(this.#options.lanes, round, logger)
    this.#reports = new Reports(this.#lanes, processList)
    this.#context = new TaskContext(this.#lanes, cache, outputs)
    this.#views = new TaskViews(taskList, processList, this.#lanes)
  }

  // Definitions

  /** @throws DefinitionError with every problem of the text. */
  async registerDefinition(
    source: string,
    format: SourceFormat = 'yaml',
  ): Promise<{ stored: DefinitionSummary; definition: Definition; created: boolean }> {
    this.#refuseWhenClosing()
    const definition = await this.#read(source, format, true)
    const { name = '' } = definition
    const { stored, created } = await this.#options.definitionList.register({
      name,
      definition,
      source,
      format,
    })
    this.#definitions.forgetDefault(name)
    this.#log('definition registered', { definition: name, definitionVersion: stored.version, created })
    return { stored, definition, created }
  }

  /** Checks a text and stores nothing. @throws DefinitionError */
  async validateDefinition(source: string, format: SourceFormat = 'yaml'): Promise<Definition> {
    return this.#read(source, format, false)
  }

  async fetchDefinition(name: string, version?: number): Promise<StoredDefinition> {
    const stored = await this.#options.definitionList.fetch(name, version)
    if (stored === undefined) throw noDefinition(name, version)
    return stored
  }

  async listDefinitions({ cursor, limit = 100 }: PageRequest = {}): Promise<Page<DefinitionSummary>> {
    const items = await this.#options.definitionList.list({ afterName: cursor, limit: limit + 1 })
    return page(items, limit, ({ name }) => name)
  }

  async listDefinitionVersions(
    name: string,
    { cursor, limit = 100 }: PageRequest = {},
  ): Promise<Page<DefinitionSummary>> {
    const beforeVersion = cursor === undefined ? undefined : wholeNumber(cursor)
    const items = await this.#options.definitionList.versions(name, { beforeVersion, limit: limit + 1 })
    if (items.length === 0 && cursor === undefined) throw noDefinition(name)
    return page(items, limit, ({ version }) => String(version))
  }

  async removeDefinition(name: string, version: number): Promise<void> {
    const result = await this.#options.definitionList.remove(name, version)
    if (result === 'not-found') throw noDefinition(name, version)
    if (result === 'in-use') {
      throw new TunaCornError(
        'definition-in-use',
        `Processes refer to version ${version} of ${JSON.stringify(name)}. Destroy them first.`,
      )
    }
    this.#definitions.forget(name, version)
    this.#log('definition removed', { definition: name, definitionVersion: version })
  }

  // Processes

  async startProcess(request: StartRequest): Promise<ProcessRecord> {
    const { process, refusal } = await this.#start(request)
    if (refusal !== undefined) throw new TunaCornError(refusal.code, refusal.detail)
    return process
  }

  /** Starts many; each is answered by itself, in the order asked. */
  async startProcesses(requests: readonly StartRequest[]): Promise<StartResult[]> {
    return Promise.all(
      requests.map((request) =>
        this.#start(request).catch((error: unknown) => ({ refusal: refusalOf(error) })),
      ),
    )
  }

  async fetchProcess(id: string): Promise<ProcessOverview & { readonly failedTask: string | undefined }> {
    const overview = isProcessId(id) ? await this.#options.processList.overview(id) : undefined
    if (overview === undefined) throw noProcess(id)
    const { ending } = overview
    const task = ending?.type === 'task-failed' ? ending.task : undefined
    const failedTask = task === undefined ? undefined : await this.#lanes.look(id, nameOf(task))
    return { ...overview, failedTask }
  }

  async listProcesses({
    cursor,
    limit = 100,
    ...filters
  }: PageRequest & { state?: ProcessStatus | undefined; definition?: string | undefined } = {}): Promise<
    Page<ProcessRecord>
  > {
    if (cursor !== undefined && !isProcessId(cursor)) throw badCursor(cursor)
    const items = await this.#options.processList.list({ ...filters, beforeId: cursor, limit: limit + 1 })
    return page(items, limit, ({ id }) => id)
  }

  /** Ends a running process; what is on the board for it goes. One that is cancelled already stays so. */
  async cancelProcess(id: string, reason?: string): Promise<ProcessRecord> {
    this.#refuseWhenClosing()
    if (!isProcessId(id)) throw noProcess(id)
    const command = { type: 'cancel', reason: this.#payload(reason) } as const
    const { record } = done(await this.#lanes.submit(id, { kind: 'command', command }))
    this.#log('process cancelled', { process: id, reason })
    return record
  }

  /** Removes an ended process and its history. */
  async destroyProcess(id: string): Promise<void> {
    const destroyed = isProcessId(id) ? await this.#options.processList.destroy([id]) : []
    if (destroyed.length > 0) {
      this.#log('process destroyed', { process: id })
      return
    }
    const { record } = await this.fetchProcess(id)
    throw new TunaCornError(
      'process-running',
      `The process is ${record.state}. Cancel it before destroying it.`,
    )
  }

  async listProcessTasks(
    id: string,
    { state, cursor, limit = 100 }: PageRequest & { state?: TaskViewState | undefined } = {},
  ): Promise<Page<TaskView>> {
    if (!isProcessId(id)) throw noProcess(id)
    const from = cursor === undefined ? 0 : wholeNumber(cursor)
    const { items, next } = await this.#views.ofProcess(id, { state, from, limit })
    return { items, next: next === undefined ? undefined : String(next) }
  }

  /** Events after a version, oldest first, with the names of their tasks. */
  async history(
    id: string,
    { after = 0, limit = 100 }: { after?: number | undefined; limit?: number | undefined } = {},
  ): Promise<{
    items: (HistoryEvent & { name: string | undefined })[]
    input: Payload | undefined
    next: number | undefined
  }> {
    if (!isProcessId(id)) throw noProcess(id)
    const events = await this.#options.processList.history(id, after, limit + 1)
    const { names, input } = await this.#lanes.look(id, ({ state, record }) => ({
      names: state.graph.names,
      input: record.input,
    }))
    const items = events
      .slice(0, limit)
      .map((event) => ({ ...event, name: event.task === undefined ? undefined : names[event.task] }))
    return { items, input, next: events.length > limit ? items.at(-1)?.version : undefined }
  }

  // Tasks

  /** The board, by process. */
  async listTasks({
    cursor,
    limit = 100,
    process,
    ...criteria
  }: PageRequest &
    Omit<BoardCriteria, 'after' | 'limit' | 'processId'> & { process?: string | undefined } = {}): Promise<
    Page<TaskView>
  > {
    const after = cursor === undefined ? undefined : parseTaskId(cursor)
    if (cursor !== undefined && after === undefined) throw badCursor(cursor)
    const rows = await this.#options.taskList.fetch({
      ...criteria,
      processId: process,
      after,
      limit: limit + 1,
    })
    const items = await this.#views.ofBoard(rows.slice(0, limit))
    return { items, next: rows.length > limit ? items.at(-1)?.id : undefined }
  }

  async fetchTask(id: string): Promise<TaskView> {
    const { processId, task } = taskRef(id)
    return this.#views.one(processId, task)
  }

  async fetchAttributes(id: string): Promise<TaskAttributes> {
    const { processId, task } = taskRef(id)
    return this.#context.attributesOf(processId, task)
  }

  /**
   * The whole of a worker's loop: results are committed and answered one by one, then tasks are claimed. With results
   * and nothing at hand it answers at once instead of waiting.
   */
  async claimTasks(request: ClaimTasksRequest): Promise<ClaimTasksResult> {
    this.#refuseWhenClosing()
    const { max = 1, results: sent = [], waitMs = 0, signal, attributes = true, ...rest } = request
    const results = await Promise.all(sent.map((result) => this.#reportOneOfMany(result)))
    if (max === 0) return { tasks: [], results }
    const { worker, names, definition, process: processId, leaseMs = this.#options.defaultLeaseMs } = rest
    const claimed = await this.#claims.claim(
      { worker, names, definition, processId, max, leaseMs, secret: newSecret() },
      { waitMs: sent.length > 0 ? 0 : waitMs, signal },
    )
    const tasks = await Promise.all(claimed.map((task) => this.#context.describe(task, attributes)))
    return { tasks, results }
  }

  /** Claims this very task. */
  async claimTask(
    id: string,
    {
      worker,
      leaseMs = this.#options.defaultLeaseMs,
      attributes = true,
    }: Pick<ClaimTasksRequest, 'worker' | 'leaseMs' | 'attributes'>,
  ): Promise<ClaimedTask> {
    this.#refuseWhenClosing()
    const { processId, task } = taskRef(id)
    const [claimed] = await this.#options.taskList.claim({
      worker,
      processId,
      task,
      max: 1,
      leaseMs,
      secret: newSecret(),
    })
    if (claimed !== undefined) return this.#context.describe(claimed, attributes)
    throw notClaimable(await this.#views.one(processId, task))
  }

  /** @returns the version of its process that the report made; the same for the same report sent again. */
  async completeTask(id: string, claim: string, output?: unknown): Promise<number> {
    return versionOrThrow(await this.#report({ task: id, claim, output }))
  }

  /** The task fails for good: what is on the board for its process is cancelled, and the process ends as failed. */
  async failTask(id: string, claim: string, error: unknown): Promise<number> {
    return versionOrThrow(await this.#report({ task: id, claim, error }))
  }

  /**
   * Starts leases anew, for `leaseMs` or as long as they were claimed for.
   * @returns in the order asked, when each runs out now; `undefined` when the claim is not live.
   */
  async heartbeat(
    held: readonly { readonly task: string; readonly claim: string }[],
    leaseMs?: number,
  ): Promise<(Date | undefined)[]> {
    this.#refuseWhenClosing()
    return this.#options.taskList.extend(
      held.map(({ task, claim }) => heldTask(task, claim)),
      leaseMs,
    )
  }

  /** One lease: when it runs out now. @throws TunaCornError `claim-lost` */
  async heartbeatTask(id: string, claim: string, leaseMs?: number): Promise<Date> {
    const [leaseExpiresAt] = await this.heartbeat([{ task: id, claim }], leaseMs)
    if (leaseExpiresAt === undefined) throw claimLost(id)
    return leaseExpiresAt
  }

  /** Gives a task back; it does not count as an attempt. */
  async releaseTask(id: string, claim: string): Promise<void> {
    const held = heldTask(id, claim)
    if (!(await this.#options.taskList.release(held))) throw claimLost(id)
    const view = await this.#views.one(held.processId, held.task)
    this.#claims.wake([{ processId: held.processId, definition: view.definition, names: [view.name] }])
    this.#log('task released', { task: id })
  }

  /** Resolves when the store answers. @throws TunaCornError `unavailable` */
  async ping(): Promise<void> {
    await this.#options.processList.list({ limit: 1 })
  }

  /** Answers all who wait, commits what is under way. Nothing new is taken on. */
  async close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  async #drain(): Promise<void> {
    this.#claims.close()
    await this.#lanes.drain()
  }

  async #start({ definition, version, input, priority = 0 }: StartRequest): Promise<StartResult> {
    this.#refuseWhenClosing()
    const start: StartPlan = { definition, version, input: this.#payload(input), priority }
    const id = uuidV7()
    const outcome = await this.#lanes.submit(id, { kind: 'start', start })
    if (outcome.status === 'rejected') return { refusal: outcome.rejection }
    const { record } = done(outcome)
    this.#log('process started', { process: id, definition, definitionVersion: record.definitionVersion })
    return { process: record }
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

  async #report(result: TaskResult): Promise<ReportResult> {
    this.#refuseWhenClosing()
    const failed = result.error !== undefined
    const report: Report = {
      ...heldTask(result.task, result.claim),
      type: failed ? 'fail-task' : 'complete-task',
      payload: this.#payload(failed ? result.error : result.output),
    }
    const answer = await this.#reports.commit(report)
    const { attempt } = report.claim
    if (answer.refusal !== undefined)
      this.#log('report refused', { task: result.task, attempt, code: answer.refusal.code })
    else
      this.#log(failed ? 'task failed' : 'task completed', {
        task: result.task,
        attempt,
        version: answer.version,
      })
    return answer
  }

  #read(source: string, format: SourceFormat, requireName: boolean): Promise<Definition> {
    return readDefinition(source, { format, requireName, limits: this.#options.definitionLimits })
  }

  #payload(value: unknown): Payload | undefined {
    return Payload.from(value, this.#options.maxPayloadBytes)
  }

  #refuseWhenClosing(): void {
    if (this.#closing !== undefined)
      throw new TunaCornError('closing', 'The engine is closing. Try another replica.')
  }

  #log(message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#options.logger.info(fields, message)
  }
}

/** 128 random bits. */
function newSecret(): string {
  return randomBytes(16).toString('base64url')
}

function taskRef(id: string): TaskRef {
  const ref = parseTaskId(id)
  if (ref === undefined) throw new TunaCornError('task-not-found', `There is no task ${JSON.stringify(id)}.`)
  return ref
}

function heldTask(id: string, claim: string): HeldTask {
  const parsed = parseClaim(claim)
  if (parsed === undefined) throw claimLost(id)
  return { ...taskRef(id), claim: parsed }
}

function nameOf(
  task: number,
): (copy: { state: { graph: { names: readonly string[] } } }) => string | undefined {
  return ({ state }) => state.graph.names[task]
}

function done(outcome: Outcome): Extract<Outcome, { status: 'done' }> {
  if (outcome.status === 'done') return outcome
  if (outcome.status === 'rejected') throw new TunaCornError(outcome.rejection.code, outcome.rejection.detail)
  throw new TunaCornError('claim-lost')
}

/** For one of many: what the engine refuses is an answer, what broke is not. */
function refusalOf(error: unknown): { code: ErrorCode; detail: string } {
  if (!(error instanceof TunaCornError)) throw error
  return { code: error.code, detail: error.message }
}

function notClaimable({ id, name, state }: TaskView): TunaCornError {
  const what = `Task ${JSON.stringify(name)} (${id}) is ${state}`
  switch (state) {
    case 'pending':
      return new TunaCornError('task-not-active', `${what}: it waits for others.`)
    case 'scheduled':
    case 'claimed':
      return new TunaCornError('task-held', `${what}, so it cannot be claimed now.`)
    default:
      return new TunaCornError('task-ended', `${what}, so it cannot be claimed any more.`)
  }
}

function claimLost(id: string): TunaCornError {
  return new TunaCornError('claim-lost', `Task ${id} is not held by this claim.`)
}

function noProcess(id: string): TunaCornError {
  return new TunaCornError('process-not-found', `There is no process ${id}.`)
}

function noDefinition(name: string, version?: number): TunaCornError {
  const which = version === undefined ? '' : ` with a version ${version}`
  return new TunaCornError('definition-not-found', `There is no definition ${JSON.stringify(name)}${which}.`)
}

function badCursor(cursor: string): TunaCornError {
  return new TunaCornError(
    'invalid-request',
    `Expected the cursor that the page before gave, but found ${JSON.stringify(cursor)}.`,
  )
}

function wholeNumber(cursor: string): number {
  if (!/^\d{1,15}$/.test(cursor)) throw badCursor(cursor)
  return Number(cursor)
}

function page<T>(found: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, next: found.length > limit && last !== undefined ? cursorOf(last) : undefined }
}
