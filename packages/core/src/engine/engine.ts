import type { DefinitionSummary, SourceFormat, StoredDefinition } from '../lists/definition-list.js'
import type { ProcessRecord } from '../lists/process-list.js'
import type { TaskAttributes, ClaimedTask } from './task-context.js'
import type { TaskView } from './task-views.js'
import type { Call, TracedCall } from './call.js'
import { TunaCornError } from '../errors.js'
import { Payload } from '../payload.js'
import { Claims } from './claims.js'
import { Definitions, type RegisteredDefinition, type ValidDefinition } from './definitions.js'
import { Explain, type ProcessExplanation } from './explain.js'
import { KnownDefinitions } from './known-definitions.js'
import type { EngineLoad } from './observer.js'
import { Lanes } from './lanes.js'
import { resolveOptions, type EngineOptions, type ResolvedOptions } from './options.js'
import { Onlookers } from './onlookers.js'
import { Outputs } from './outputs.js'
import { Overviews, type Overview } from './overview.js'
import type { Page, PageRequest } from './page.js'
import { Polls } from './polls.js'
import { ProcessCache } from './process-cache.js'
import { ProcessCopies } from './process-copies.js'
import {
  Processes,
  type Grounds,
  type HistoryPage,
  type HistoryRequest,
  type ProcessFilters,
  type ProcessView,
  type StartManyOptions,
  type StartOptions,
  type StartRequest,
  type StartResult,
} from './processes.js'
import { Reports } from './reports.js'
import { Round } from './round.js'
import { TaskContext } from './task-context.js'
import { TaskViews } from './task-views.js'
import {
  Tasks,
  type AcceptedReport,
  type BoardFilters,
  type ClaimTaskRequest,
  type ClaimTasksRequest,
  type ClaimTasksResult,
  type HeldTaskId,
  type ProcessTaskFilters,
} from './tasks.js'
import { Timekeeper } from './timekeeper.js'
import { TransactedStarts } from './transacted-starts.js'

/** For so long, who asks whether the store answers is told what came of it last. */
const pingKeptMs = 1_000
/** Probes give up sooner than statements do: a store that takes longer does not serve anybody. */
const pingLimitMs = 3_000

/**
 * The boundary of TunaCorn: definitions, processes, tasks. Everything that serves people or workers calls it.
 * What it refuses is thrown as `TunaCornError` with a code of the registry, where a method does not say otherwise.
 */
export class Engine {
  readonly #options: ResolvedOptions
  readonly #definitions: Definitions
  readonly #processes: Processes
  readonly #tasks: Tasks
  readonly #claims: Claims
  readonly #polls: Polls
  readonly #lanes: Lanes
  readonly #onlookers: Onlookers
  readonly #explain: Explain
  readonly #overviews: Overviews
  readonly #timekeeper: Timekeeper
  #pinged: Promise<unknown> | undefined
  #closing: Promise<void> | undefined

  constructor(options: EngineOptions) {
    this.#options = resolveOptions(options)
    const { definitionList, processList, taskList, news, logger, observer, pollMs, defaultLeaseMs } =
      this.#options
    const known = new KnownDefinitions(definitionList, this.#options.defaults)
    const cache = new ProcessCache(this.#options.maxCachedTasks)
    const copies = new ProcessCopies({ processList, definitions: known, cache })
    const outputs = new Outputs(processList)
    const claims = new Claims({ taskList, news, logger, observer, pollMs })
    const onlookers = new Onlookers(processList, logger, pollMs)
    const polls = new Polls(taskList, logger)
    const round = new Round({
      processList,
      definitions: known,
      copies,
      cache,
      outputs,
      logger,
      observer,
      maxPayloadBytes: this.#options.maxPayloadBytes,
      reserve: (task) => claims.reserve(task),
      takeAlong: () => claims.takeAlong(),
      onEntered: (entered) => claims.wake(entered),
      onChanged: (records) => onlookers.tell(records),
    })
    const lanes = new Lanes(this.#options.lanes, round, logger, observer)
    const reports = new Reports(lanes, processList, taskList)
    const context = new TaskContext(lanes, copies, outputs)
    const views = new TaskViews(taskList, processList, lanes)
    const payloadOf = (value: unknown) => Payload.from(value, this.#options.maxPayloadBytes)

    this.#claims = claims
    this.#polls = polls
    this.#lanes = lanes
    this.#onlookers = onlookers
    this.#explain = new Explain(lanes, { taskList, processList })
    this.#overviews = new Overviews(processList, taskList)
    const { tickMs, retentionMs } = this.#options
    this.#timekeeper = new Timekeeper({ processList, taskList, lanes, logger, tickMs, retentionMs })
    if (this.#options.timekeeping) this.startTimekeeping()
    this.#definitions = new Definitions({
      definitionList,
      known,
      limits: this.#options.definitionLimits,
      defaults: this.#options.defaults,
      logger,
    })
    const transacted = new TransactedStarts(processList, known)
    this.#processes = new Processes({ processList, lanes, onlookers, transacted, payloadOf, logger })
    this.#tasks = new Tasks({
      taskList,
      claims,
      polls,
      reports,
      context,
      views,
      payloadOf,
      defaultLeaseMs,
      logger,
      observer,
    })
  }

  /** Stores a definition, or makes the version with this very text the default. @throws DefinitionError */
  async registerDefinition(
    source: string,
    format: SourceFormat = 'yaml',
    call: Call = {},
  ): Promise<RegisteredDefinition> {
    return this.#open.#definitions.register(source, format, call)
  }

  /** Checks a text and stores nothing. @throws DefinitionError */
  async validateDefinition(source: string, format: SourceFormat = 'yaml'): Promise<ValidDefinition> {
    return this.#definitions.validate(source, format)
  }

  /** One version; the default one when none is named. */
  async fetchDefinition(name: string, version?: number): Promise<StoredDefinition> {
    return this.#definitions.fetch(name, version)
  }

  /** Default versions, by name. */
  async listDefinitions(request: PageRequest = {}): Promise<Page<DefinitionSummary>> {
    return this.#definitions.list(request)
  }

  /** Newest first. */
  async listDefinitionVersions(name: string, request: PageRequest = {}): Promise<Page<DefinitionSummary>> {
    return this.#definitions.versions(name, request)
  }

  /** Refused while processes refer to the version. */
  async removeDefinition(name: string, version: number, call: Call = {}): Promise<void> {
    return this.#open.#definitions.remove(name, version, call)
  }

  /** Starts a process; see `StartOptions` for starting it once, or within a transaction of yours. */
  async startProcess(request: StartRequest, options: StartOptions = {}): Promise<ProcessRecord> {
    return this.#open.#processes.start(request, options)
  }

  /** Starts many; each is answered by itself, in the order asked. With an idempotency key each is started once. */
  async startProcesses(
    requests: readonly StartRequest[],
    options: StartManyOptions = {},
  ): Promise<StartResult[]> {
    return this.#open.#processes.startMany(requests, options)
  }

  async fetchProcess(id: string): Promise<ProcessView> {
    return this.#processes.fetch(id)
  }

  /** Waits until the process has ended, but not longer than `waitMs`; then as `fetchProcess`. */
  async fetchEndedProcess(id: string, waitMs: number, signal?: AbortSignal): Promise<ProcessView> {
    return this.#processes.fetchEnded(id, waitMs, signal)
  }

  /** Why each open task of a process is not done. */
  async explainProcess(id: string): Promise<ProcessExplanation> {
    await this.#processes.fetch(id)
    return this.#explain.process(id)
  }

  /** Newest first. */
  async listProcesses(filters: ProcessFilters = {}): Promise<Page<ProcessRecord>> {
    return this.#processes.list(filters)
  }

  /** What has happened to a process, oldest first. */
  async history(id: string, request: HistoryRequest = {}): Promise<HistoryPage> {
    return this.#processes.history(id, request)
  }

  /**
   * What has happened after a version, and what happens from now on, until the process has ended, the caller has gone or
   * the engine closes. A page without events comes when nothing has happened for a while. `undefined` when nothing is
   * to come any more.
   */
  async followHistory(
    id: string,
    request: Pick<HistoryRequest, 'after'> = {},
    signal?: AbortSignal,
  ): Promise<AsyncGenerator<HistoryPage> | undefined> {
    return this.#processes.follow(id, request, signal)
  }

  /** Ends a running process; what is on the board for it goes. One that is cancelled already stays so. */
  async cancelProcess(id: string, grounds: Grounds = {}, call: Call = {}): Promise<ProcessRecord> {
    return this.#open.#processes.control('cancel', id, grounds, call)
  }

  /** Nothing new is handed out, held claims may finish, and its deadline stands still. */
  async pauseProcess(id: string, grounds: Grounds = {}, call: Call = {}): Promise<ProcessRecord> {
    return this.#open.#processes.control('pause', id, grounds, call)
  }

  /** Its deadline goes on, later by the pause. */
  async resumeProcess(id: string, grounds: Grounds = {}, call: Call = {}): Promise<ProcessRecord> {
    return this.#open.#processes.control('resume', id, grounds, call)
  }

  /** Opens the failed and cancelled tasks of a failed process again; the completed ones keep their outputs. */
  async retryProcess(id: string, grounds: Grounds = {}, call: Call = {}): Promise<ProcessRecord> {
    return this.#open.#processes.control('retry', id, grounds, call)
  }

  /** Removes an ended process and its history. */
  async destroyProcess(id: string, call: Call = {}): Promise<void> {
    return this.#open.#processes.destroy(id, call)
  }

  /** Every task of a process, in the order of its definition. */
  async listProcessTasks(id: string, filters: ProcessTaskFilters = {}): Promise<Page<TaskView>> {
    return this.#tasks.ofProcess(id, filters)
  }

  /** The board, by process. */
  async listTasks(filters: BoardFilters = {}): Promise<Page<TaskView>> {
    return this.#tasks.list(filters)
  }

  /** One task, whether on the board, ended or still waiting for others. */
  async fetchTask(id: string): Promise<TaskView> {
    return this.#tasks.fetch(id)
  }

  /** What came before a task. */
  async fetchAttributes(id: string): Promise<TaskAttributes> {
    return this.#tasks.attributes(id)
  }

  /**
   * The whole of a worker's loop: results are committed and answered one by one, then tasks are claimed. With
   * results and nothing at hand it answers at once instead of waiting.
   */
  async claimTasks(request: ClaimTasksRequest): Promise<ClaimTasksResult> {
    return this.#open.#tasks.claimMany(request)
  }

  /** Claims this very task. */
  async claimTask(id: string, request: ClaimTaskRequest): Promise<ClaimedTask> {
    return this.#open.#tasks.claimOne(id, request)
  }

  /** @returns the version of its process that the report made; the same for the same report sent again. */
  async completeTask(
    id: string,
    claim: string,
    output?: unknown,
    call: TracedCall = {},
  ): Promise<AcceptedReport> {
    return this.#open.#tasks.report({ task: id, claim, output, traceparent: call.traceparent }, call)
  }

  /**
   * The attempt has failed. Another follows if the task's policy has one left, else the task and its process fail.
   * @param retry `false` when no attempt will do better, or milliseconds until the next one.
   */
  async failTask(
    id: string,
    claim: string,
    error: unknown,
    retry?: false | number,
    call: TracedCall = {},
  ): Promise<AcceptedReport> {
    return this.#open.#tasks.report({ task: id, claim, error, retry, traceparent: call.traceparent }, call)
  }

  /**
   * Starts leases anew, for `leaseMs` or as long as they were claimed for.
   * @returns in the order asked, when each runs out now; `undefined` when the claim is not live.
   */
  async heartbeat(held: readonly HeldTaskId[], leaseMs?: number): Promise<(Date | undefined)[]> {
    return this.#tasks.heartbeat(held, leaseMs)
  }

  /** One lease. @throws TunaCornError `claim-lost` */
  async heartbeatTask(id: string, claim: string, leaseMs?: number): Promise<Date> {
    return this.#tasks.heartbeatOne(id, claim, leaseMs)
  }

  /** Gives a task back; it does not count as an attempt. */
  async releaseTask(id: string, claim: string, call: Call = {}): Promise<void> {
    return this.#tasks.release(id, claim, call)
  }

  /** What goes on inside at this moment, without asking the store. */
  load(): EngineLoad {
    return { waitingForTasks: this.#claims.waiting, waitingForProcesses: this.#onlookers.waiting }
  }

  /** What there is of everything, for who looks after it all; counted every two seconds at most. */
  async overview(): Promise<Overview> {
    return this.#overviews.read()
  }

  /**
   * Resolves when the store answers. Nobody needs a right to ask that: so it is asked once a second at most, for all,
   * and not again while it owes an answer.
   * @param opened resolves when the store is there to be asked
   * @throws TunaCornError `unavailable`, after 3 s at most
   */
  async ping(opened?: Promise<void>): Promise<void> {
    const answered = opened === undefined ? this.#askStore() : opened.then(() => this.#askStore())
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const message = `Expected the store to answer within ${pingLimitMs} ms, but it has not`
      timer = setTimeout(() => reject(new TunaCornError('unavailable', message)), pingLimitMs)
    })
    await Promise.race([answered, late]).finally(() => clearTimeout(timer))
  }

  #askStore(): Promise<unknown> {
    this.#pinged ??= this.#options.processList.list({ limit: 1 }).finally(() => {
      setTimeout(() => (this.#pinged = undefined), pingKeptMs).unref()
    })
    return this.#pinged
  }

  /** For an engine that was made without, because its store was not there yet. Once is enough. */
  startTimekeeping(): void {
    this.#open.#timekeeper.start()
  }

  /** One turn of the timekeeper, for who keeps time in other ways than by the clock: then nobody notices outages. */
  async keepTime(): Promise<void> {
    await this.#timekeeper.turn()
  }

  /** Answers all who wait and commits what is under way. Nothing new is taken on. */
  async close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  async #drain(): Promise<void> {
    this.#claims.close()
    this.#onlookers.close()
    await this.#timekeeper.stop()
    await this.#polls.close()
    await this.#lanes.drain()
  }

  /** This engine, for what changes something. @throws TunaCornError `closing` */
  get #open(): this {
    if (this.#closing === undefined) return this
    throw new TunaCornError('closing', 'The engine is closing. Try another replica.')
  }
}
