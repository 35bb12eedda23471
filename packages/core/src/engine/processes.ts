import { createHash } from 'node:crypto'
import type { UnfinishedAttempt } from '../lists/board.js'
import type { HistoryEvent, ProcessList, ProcessOverview, ProcessRecord } from '../lists/process-list.js'
import type { Payload } from '../payload.js'
import { isLive, type ProcessStatus } from '../process/state.js'
import type { Lanes } from './lanes.js'
import type { Call, TracedCall } from './call.js'
import type { Logger } from './logger.js'
import type { Onlookers } from './onlookers.js'
import type { StartPlan } from './work.js'
import { inSpan, type SpanDescription } from '@tunacorn/protocol'
import { thrown, TunaCornError } from '../errors.js'
import { newId } from '../new-ids.js'
import { isProcessId } from './ids.js'
import {
  badCursor,
  defaultPageLimit,
  maxPageCharacters,
  page,
  payloadsReadAtOnce,
  type Page,
  type PageRequest,
} from './page.js'
import { refusalOf, type Refusal } from './refusal.js'
import type { TransactedStarts } from './transacted-starts.js'

export interface StartRequest {
  readonly definition: string
  /** The definition's version; the default one when absent. */
  readonly version?: number | undefined
  /** Any JSON value. */
  readonly input?: unknown
  /** 0 to 9, higher first; 0 when absent. */
  readonly priority?: number | undefined
  /** A name of your own for it, unique among the live processes of the definition. */
  readonly key?: string | undefined
}

export interface StartOptions extends TracedCall {
  /** The same request with the same key, within a day, is the same start. */
  readonly idempotencyKey?: string | undefined
  /** A transaction of the host's (a `pg` client): the process exists if and only if that is committed. */
  readonly transaction?: unknown
}

/** The key counts for each of them, at its place. */
export type StartManyOptions = Omit<StartOptions, 'transaction'>

export type StartResult =
  | { readonly process: ProcessRecord; readonly refusal?: undefined }
  | { readonly refusal: Refusal; readonly process?: undefined }

/** A process with what is asked about it most. */
export interface ProcessView extends ProcessOverview {
  /** The name of the task that it failed with. */
  readonly failedTask: string | undefined
}

export interface ProcessFilters extends PageRequest {
  readonly state?: ProcessStatus | undefined
  readonly definition?: string | undefined
  readonly key?: string | undefined
}

export interface HistoryRequest {
  /** Only events after this version; all when absent. */
  readonly after?: number | undefined
  readonly limit?: number | undefined
}

interface Named {
  readonly name: string | undefined
}

/** An event with the names of the tasks in it. */
export interface NamedEvent extends HistoryEvent, Named {
  readonly unfinished: readonly (UnfinishedAttempt & Named)[]
}

export interface HistoryPage {
  /** Oldest first. */
  readonly items: readonly NamedEvent[]
  /** The process, as of the last of them or later. */
  readonly record: ProcessRecord
  /** The version to go on after; absent on the last page. */
  readonly next: number | undefined
}

/** Who wants it and why, for the history. */
export interface Grounds {
  readonly by?: string | undefined
  readonly reason?: string | undefined
}

export interface ProcessesParts {
  readonly processList: ProcessList
  readonly lanes: Lanes
  readonly onlookers: Onlookers
  readonly transacted: TransactedStarts
  readonly payloadOf: (value: unknown) => Payload | undefined
  readonly logger: Logger
}

const controls = {
  cancel: 'process cancelled',
  pause: 'process paused',
  resume: 'process resumed',
  retry: 'process retried',
} as const

/** What the engine does with processes. */
export class Processes {
  readonly #parts: ProcessesParts

  constructor(parts: ProcessesParts) {
    this.#parts = parts
  }

  /** A step in the trace of who asks for it, or the first one: what the process does goes on from there. */
  async start(request: StartRequest, options: StartOptions): Promise<ProcessRecord> {
    return inSpan(
      options.traceparent,
      () => startSpan(request),
      ({ traceparent }) => this.#start(request, { ...options, traceparent }),
    )
  }

  async #start(request: StartRequest, options: StartOptions): Promise<ProcessRecord> {
    const { transaction, logger = this.#parts.logger } = options
    const { lanes, transacted } = this.#parts
    const start = this.#plan(request, options)
    const id = newProcessId(start)
    const record =
      transaction === undefined
        ? (await lanes.done(id, { kind: 'start', start })).record
        : await transacted.start(id, start, transaction)
    const { definition, definitionVersion } = record
    if (record.id === id) logger.info({ process: id, definition, definitionVersion }, 'process started')
    else logger.debug({ process: record.id, definition }, 'process had been started before')
    return record
  }

  async startMany(
    requests: readonly StartRequest[],
    { idempotencyKey, ...call }: StartManyOptions,
  ): Promise<StartResult[]> {
    return Promise.all(
      requests.map(async (request, place) => {
        try {
          return {
            process: await this.start(request, { ...call, idempotencyKey: keyAt(idempotencyKey, place) }),
          }
        } catch (error) {
          return { refusal: refusalOf(error) }
        }
      }),
    )
  }

  async fetch(id: string): Promise<ProcessView> {
    const overview = isProcessId(id) ? await this.#parts.processList.overview(id) : undefined
    if (overview === undefined) throw notFound(id)
    const { ending } = overview
    if (ending?.type !== 'task-failed' || ending.task === undefined) {
      return { ...overview, failedTask: undefined }
    }
    const { task } = ending
    const failedTask = await this.#parts.lanes.look(id, ({ state }) => state.graph.names[task])
    return { ...overview, failedTask }
  }

  /** As `fetch`, but not before the process has ended, time is up or the caller has gone. */
  async fetchEnded(id: string, waitMs: number, signal: AbortSignal | undefined): Promise<ProcessView> {
    const view = await this.fetch(id)
    if (view.record.endedAt !== undefined || waitMs <= 0) return view
    await this.#parts.onlookers.wait(id, ({ state }) => !isLive(state), waitMs, signal)
    return this.fetch(id)
  }

  async list({ cursor, limit = defaultPageLimit, ...filters }: ProcessFilters): Promise<Page<ProcessRecord>> {
    if (cursor !== undefined && !isProcessId(cursor)) throw badCursor(cursor)
    const found = await this.#parts.processList.list({ ...filters, beforeId: cursor, limit: limit + 1 })
    return page(found, limit, ({ id }) => id)
  }

  async history(id: string, { after = 0, limit = defaultPageLimit }: HistoryRequest): Promise<HistoryPage> {
    if (!isProcessId(id)) throw notFound(id)
    const { found, isMore } = await this.#readHistory(id, after, limit)
    const { names, record } = await this.#parts.lanes.look(id, (copy) => ({
      names: copy.state.graph.names,
      record: copy.record,
    }))
    const items = found.map((event) => ({
      ...event,
      name: event.task === undefined ? undefined : names[event.task],
      unfinished: event.unfinished.map((attempt) => ({ ...attempt, name: names[attempt.task] })),
    }))
    return { items, record, next: isMore ? items.at(-1)?.version : undefined }
  }

  /** `undefined` when nothing is to come any more. */
  async follow(
    id: string,
    { after = 0 }: HistoryRequest,
    signal: AbortSignal | undefined,
  ): Promise<AsyncGenerator<HistoryPage> | undefined> {
    const first = await this.history(id, { after })
    return first.items.length === 0 && isOver(first, after)
      ? undefined
      : this.#follow(id, first, after, signal)
  }

  async *#follow(
    id: string,
    first: HistoryPage,
    after: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<HistoryPage> {
    const { onlookers } = this.#parts
    let seen = after
    for (let found = first; ; found = await this.history(id, { after: seen })) {
      yield found
      seen = found.items.at(-1)?.version ?? seen
      if (isOver(found, seen)) return
      if (found.next === undefined)
        await onlookers.wait(id, ({ version }) => version > seen, stillThereMs, signal)
      if (onlookers.isClosed || signal?.aborted === true) return
    }
  }

  /** Some at a time, until there are enough of them or they carry enough. */
  async #readHistory(
    id: string,
    after: number,
    limit: number,
  ): Promise<{ found: HistoryEvent[]; isMore: boolean }> {
    const found: HistoryEvent[] = []
    let characters = 0
    while (found.length < limit && characters < maxPageCharacters) {
      const wanted = Math.min(payloadsReadAtOnce, limit - found.length)
      const some = await this.#parts.processList.history(id, found.at(-1)?.version ?? after, wanted + 1)
      for (const event of some.slice(0, wanted)) {
        found.push(event)
        characters += event.payload?.text.length ?? 0
        characters += event.unfinished.length * charactersOfAttempt
      }
      if (some.length <= wanted) return { found, isMore: false }
    }
    return { found, isMore: true }
  }

  async control(
    type: keyof typeof controls,
    id: string,
    { by, reason }: Grounds,
    { logger = this.#parts.logger }: Call,
  ): Promise<ProcessRecord> {
    if (!isProcessId(id)) throw notFound(id)
    const said = by === undefined && reason === undefined ? undefined : { by, reason }
    const command = { type, reason: this.#parts.payloadOf(said) }
    const { lanes } = this.#parts
    const { record } = await lanes.done(id, { kind: 'command', command })
    // Not the reason: it may be anything, and stands in the history.
    logger.info({ process: id, by }, controls[type])
    // By how much the pause has moved its deadline, only the store knows.
    return type === 'resume' ? lanes.look(id, (copy) => copy.record) : record
  }

  async destroy(id: string, { logger = this.#parts.logger }: Call): Promise<void> {
    const destroyed = isProcessId(id) ? await this.#parts.processList.destroy([id]) : []
    if (destroyed.length === 0) {
      const { record } = await this.fetch(id)
      throw thrown({
        code: 'process-running',
        detail: `The process is ${record.state}. Cancel it before destroying it.`,
      })
    }
    logger.info({ process: id }, 'process destroyed')
  }

  #plan(request: StartRequest, { idempotencyKey, traceparent }: StartOptions): StartPlan {
    const { definition, version, input, priority = 0, key } = request
    const payload = this.#parts.payloadOf(input)
    const requestHash = hash(JSON.stringify([definition, version, payload?.text, priority, key]))
    const once = idempotencyKey === undefined ? undefined : { key: idempotencyKey, requestHash }
    return { definition, version, input: payload, priority, key, once, failureOf: undefined, traceparent }
  }
}

/** Who follows a process to which nothing happens is told so as often as this. */
const stillThereMs = 15_000

function isOver({ record, next }: HistoryPage, seen: number): boolean {
  return next === undefined && !isLive(record.state) && record.version <= seen
}

function startSpan({ definition }: StartRequest): SpanDescription {
  const attributes = {
    'messaging.system': 'tunacorn',
    'messaging.operation.name': 'start',
    'messaging.operation.type': 'send',
    'messaging.destination.name': definition,
  }
  return { name: `start ${definition}`, kind: 'producer', attributes }
}

/** No key of a single start has a space in it. */
function keyAt(key: string | undefined, place: number): string | undefined {
  return key === undefined ? undefined : `${key} ${place}`
}

/** About as many as one unfinished attempt takes in an answer. */
const charactersOfAttempt = 250

/** An id ends with where it is kept: what must be unique beside it shall be kept at the same place. */
function newProcessId({ once, key, definition }: StartPlan): string {
  const id = newId()
  const place = once?.key ?? (key === undefined ? undefined : `${definition}\n${key}`)
  return place === undefined ? id : id.slice(0, -4) + hash(place).slice(0, 4)
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function notFound(id: string): TunaCornError {
  return new TunaCornError('process-not-found', `There is no process ${id}.`)
}
