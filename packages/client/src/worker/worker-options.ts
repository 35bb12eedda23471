import { TunaCornClient } from '../client.js'
import { silentLogger, type Logger } from '../logger.js'
import type { Handler } from './task-runner.js'

export interface WorkerOptions {
  /** Where TunaCorn is. Either this or `client`. */
  readonly url?: string
  /** With `url`: an access key with the scope `work`. */
  readonly key?: string
  /** For what `url` and `key` alone does not say, such as headers. */
  readonly client?: WorkerClient
  /** Who works, for people to read. Made up when absent. */
  readonly name?: string
  /** By the name of the task that they handle. */
  readonly handlers?: Readonly<Record<string, Handler>>
  /** Handles tasks that have no handler of their own: with it the worker claims tasks of any name. */
  readonly handler?: Handler
  /** Only tasks of processes of this definition. */
  readonly definition?: string
  /** Only tasks of this process, by its id. */
  readonly process?: string
  /** How many handlers run at a time at most. 10 when absent. */
  readonly concurrency?: number
  /** How long a claim waits for work to come, at most a minute. 30,000 when absent. */
  readonly waitMs?: number
  /**
   * How long the server keeps a task for a worker that went silent, 100 to 86,400,000. 30,000 when absent. A task's own
   * `heartbeat` may make it shorter.
   */
  readonly leaseMs?: number
  /** Whether claimed tasks carry attributes. They do when absent. */
  readonly attributes?: boolean
  /** Silent when absent. */
  readonly logger?: Logger
}

/** What a worker needs of a client. */
export type WorkerClient = Pick<TunaCornClient, 'claimTasks' | 'heartbeatTasks' | 'releaseTask'>

/** Defaults filled in, checked across fields. */
export interface ResolvedOptions {
  readonly client: WorkerClient
  readonly name: string
  /** The names to claim; undefined claims any. */
  readonly names: readonly string[] | undefined
  readonly handlerOf: (name: string) => Handler
  readonly definition: string | undefined
  readonly process: string | undefined
  readonly concurrency: number
  readonly waitMs: number
  readonly leaseMs: number
  readonly attributes: boolean
  readonly logger: Logger
}

/** The most names that one claim may list. */
const maxNames = 1_000

/** @throws TypeError | RangeError when the options do not fit together */
export function resolveOptions(options: WorkerOptions): ResolvedOptions {
  const { handlers = {}, handler } = options
  const own = new Map(Object.entries(handlers))
  if (own.size === 0 && handler === undefined) {
    throw new TypeError('Expected handlers, or a handler for tasks of any name, but there are none')
  }
  if (own.size > maxNames && handler === undefined) {
    throw new RangeError(
      `Expected at most ${maxNames} handlers, but there are ${own.size}: use handler instead`,
    )
  }
  const handlerOf = (name: string): Handler => {
    const found = own.get(name) ?? handler
    if (found === undefined) throw new Error(`Expected only tasks that have a handler, but was given ${name}`)
    return found
  }
  return Object.freeze({
    client: clientOf(options),
    name: options.name ?? `worker-${crypto.randomUUID().slice(0, 8)}`,
    names: handler === undefined ? [...own.keys()] : undefined,
    handlerOf,
    definition: options.definition,
    process: options.process,
    concurrency: within('concurrency', options.concurrency ?? 10, 1, 100_000),
    waitMs: within('waitMs', options.waitMs ?? 30_000, 1, 60_000),
    leaseMs: within('leaseMs', options.leaseMs ?? 30_000, 100, 86_400_000),
    attributes: options.attributes ?? true,
    logger: options.logger ?? silentLogger,
  })
}

function clientOf({ client, url, key }: WorkerOptions): WorkerClient {
  if (client !== undefined && url === undefined && key === undefined) return client
  if (url !== undefined && client === undefined)
    return new TunaCornClient({ url, ...(key !== undefined && { key }) })
  throw new TypeError('Expected either a url, perhaps with a key, or a client')
}

function within(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new RangeError(`Expected ${name} to be a whole number from ${least} to ${most}, but it is ${value}`)
}
