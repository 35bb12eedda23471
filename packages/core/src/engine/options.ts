import { pino } from 'pino'
import type { DefinitionLimits } from '../definition/definition.js'
import type { DefinitionList } from '../lists/definition-list.js'
import type { News } from '../lists/news.js'
import type { ProcessList } from '../lists/process-list.js'
import type { TaskList } from '../lists/task-list.js'
import type { Logger } from './logger.js'
import type { Observer } from './observer.js'
import { engineDefaults, type EngineDefaults } from '../definition/task-settings.js'
import { defaultMaxPayloadBytes } from '../payload.js'

export interface EngineOptions {
  readonly definitionList: DefinitionList
  readonly processList: ProcessList
  readonly taskList: TaskList
  /** Of the same store: who waits gets at once what comes through other replicas; within `pollMs` when absent. */
  readonly news?: News | undefined
  /** One line for each decision, at `info` and below; nothing is logged when absent. */
  readonly logger?: Logger | undefined
  /** Told what the engine does, for metrics. */
  readonly observer?: Observer | undefined
  /** What definitions may be, where they shall be less than the library's limits. */
  readonly definitionLimits?: Partial<DefinitionLimits> | undefined
  /** Largest input, output or error, in bytes of JSON; 1 MB when absent. */
  readonly maxPayloadBytes?: number | undefined
  /** How long a claim is kept without a heartbeat when it does not say; 30 s when absent. */
  readonly defaultLeaseMs?: number | undefined
  /** How many commits this replica may have under way at once, beside the first only full ones; 2 when absent. */
  readonly lanes?: number | undefined
  /** How often the board is looked at for what other replicas have put there; 500 ms when absent. */
  readonly pollMs?: number | undefined
  /** What holds for tasks and processes where their definition says nothing; see `engineDefaults`. */
  readonly defaults?: Partial<EngineDefaults> | undefined
  /** Whether this replica keeps time; it does when absent. One at least must. */
  readonly timekeeping?: boolean | undefined
  /** How often it looks for what is due, at most a minute; a second when absent. */
  readonly tickMs?: number | undefined
  /** Ended processes are destroyed after so long; never when absent. */
  readonly retentionMs?: number | undefined
  /** How many tasks the copies of processes kept at hand may have in all; 8,000,000 when absent, some 70 MB. */
  readonly maxCachedTasks?: number | undefined
}

export type ResolvedOptions = {
  readonly [K in Exclude<keyof EngineOptions, 'defaults' | 'retentionMs' | 'observer' | 'news'>]-?: Exclude<
    EngineOptions[K],
    undefined
  >
} & {
  readonly defaults: EngineDefaults
  readonly retentionMs: number | undefined
  readonly observer: Observer | undefined
  readonly news: News | undefined
}

/** Defaults filled in, once; everything checked that could be wrong. */
export function resolveOptions(options: EngineOptions): ResolvedOptions {
  const { definitionList, processList, taskList } = options
  if (processList.store !== taskList.store || processList.store !== definitionList.store) {
    throw new TypeError(
      'Expected definitionList, processList and taskList to be of one store, because a commit must be one transaction, but they are of different ones. Take all three from the same store.',
    )
  }
  return Object.freeze({
    definitionList,
    processList,
    taskList,
    logger: options.logger ?? pino({ level: 'silent' }),
    observer: options.observer,
    news: options.news,
    definitionLimits: options.definitionLimits ?? {},
    maxPayloadBytes: positive('maxPayloadBytes', options.maxPayloadBytes ?? defaultMaxPayloadBytes),
    defaultLeaseMs: positive('defaultLeaseMs', options.defaultLeaseMs ?? 30_000),
    lanes: positive('lanes', options.lanes ?? 2),
    pollMs: positive('pollMs', options.pollMs ?? 500),
    defaults: Object.freeze({ ...engineDefaults, ...options.defaults }),
    timekeeping: options.timekeeping ?? true,
    tickMs: atMost(60_000, 'tickMs', options.tickMs ?? 1_000),
    retentionMs: options.retentionMs === undefined ? undefined : positive('retentionMs', options.retentionMs),
    maxCachedTasks: positive('maxCachedTasks', options.maxCachedTasks ?? 8_000_000),
  })
}

function atMost(max: number, name: string, value: number): number {
  if (positive(name, value) <= max) return value
  throw new TypeError(`Expected the option ${name} to be at most ${max}, but found ${value}.`)
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new TypeError(`Expected the option ${name} to be a whole number above 0, but found ${value}.`)
}
