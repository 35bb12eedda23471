import { v7 as uuidV7 } from 'uuid'
import type { HistoryEvent, ProcessList, ProcessOverview, ProcessRecord } from '../lists/process-list.js'
import type { Payload } from '../payload.js'
import type { ProcessStatus } from '../process/state.js'
import type { Lanes } from './lanes.js'
import type { Logger } from './logger.js'
import { TunaCornError } from '../errors.js'
import { isProcessId } from './ids.js'
import { badCursor, defaultPageLimit, page, type Page, type PageRequest } from './page.js'
import { refusalOf, thrown, type Refusal } from './refusal.js'

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
  | { readonly refusal: Refusal; readonly process?: undefined }

/** A process with what is asked about it most. */
export interface ProcessView extends ProcessOverview {
  /** The name of the task that it failed with. */
  readonly failedTask: string | undefined
}

export interface ProcessFilters extends PageRequest {
  readonly state?: ProcessStatus | undefined
  readonly definition?: string | undefined
}

export interface HistoryRequest {
  /** Only events after this version; all when absent. */
  readonly after?: number | undefined
  readonly limit?: number | undefined
}

export interface HistoryPage {
  /** Oldest first, each with the name of its task. */
  readonly items: readonly (HistoryEvent & { readonly name: string | undefined })[]
  /** What the process was started with. */
  readonly input: Payload | undefined
  /** The version to go on after; absent on the last page. */
  readonly next: number | undefined
}

export interface ProcessesParts {
  readonly processList: ProcessList
  readonly lanes: Lanes
  readonly payloadOf: (value: unknown) => Payload | undefined
  readonly logger: Logger
}

/** What the engine does with processes. */
export class Processes {
  readonly #parts: ProcessesParts

  constructor(parts: ProcessesParts) {
    this.#parts = parts
  }

  async start(request: StartRequest): Promise<ProcessRecord> {
    const { definition, version, input, priority = 0 } = request
    const start = { definition, version, input: this.#parts.payloadOf(input), priority }
    const id = uuidV7()
    const { record } = await this.#parts.lanes.done(id, { kind: 'start', start })
    const { definitionVersion } = record
    this.#parts.logger.info({ process: id, definition, definitionVersion }, 'process started')
    return record
  }

  async startMany(requests: readonly StartRequest[]): Promise<StartResult[]> {
    return Promise.all(
      requests.map(async (request) => {
        try {
          return { process: await this.start(request) }
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
    if (ending?.type !== 'task-failed' || ending.task === undefined)
      return { ...overview, failedTask: undefined }
    const { task } = ending
    return {
      ...overview,
      failedTask: await this.#parts.lanes.look(id, ({ state }) => state.graph.names[task]),
    }
  }

  async list({ cursor, limit = defaultPageLimit, ...filters }: ProcessFilters): Promise<Page<ProcessRecord>> {
    if (cursor !== undefined && !isProcessId(cursor)) throw badCursor(cursor)
    const found = await this.#parts.processList.list({ ...filters, beforeId: cursor, limit: limit + 1 })
    return page(found, limit, ({ id }) => id)
  }

  async history(id: string, { after = 0, limit = defaultPageLimit }: HistoryRequest): Promise<HistoryPage> {
    if (!isProcessId(id)) throw notFound(id)
    const found = await this.#parts.processList.history(id, after, limit + 1)
    const { names, input } = await this.#parts.lanes.look(id, ({ state, record }) => ({
      names: state.graph.names,
      input: record.input,
    }))
    const items = found
      .slice(0, limit)
      .map((event) => ({ ...event, name: event.task === undefined ? undefined : names[event.task] }))
    return { items, input, next: found.length > limit ? items.at(-1)?.version : undefined }
  }

  async cancel(id: string, reason: string | undefined): Promise<ProcessRecord> {
    if (!isProcessId(id)) throw notFound(id)
    const command = { type: 'cancel', reason: this.#parts.payloadOf(reason) } as const
    const { record } = await this.#parts.lanes.done(id, { kind: 'command', command })
    this.#parts.logger.info({ process: id, reason }, 'process cancelled')
    return record
  }

  async destroy(id: string): Promise<void> {
    const destroyed = isProcessId(id) ? await this.#parts.processList.destroy([id]) : []
    if (destroyed.length === 0) {
      const { record } = await this.fetch(id)
      throw thrown({
        code: 'process-running',
        detail: `The process is ${record.state}. Cancel it before destroying it.`,
      })
    }
    this.#parts.logger.info({ process: id }, 'process destroyed')
  }
}

function notFound(id: string): TunaCornError {
  return new TunaCornError('process-not-found', `There is no process ${id}.`)
}
