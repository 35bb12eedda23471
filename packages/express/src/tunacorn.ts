import { Router, type Request, type Response } from 'express'
import { pino } from 'pino'
import type { Registry } from 'prom-client'
import { Engine, type EngineOptions, type Logger } from '@tunacorn/core'
import { letEverybody, type Authorize } from './authorize.js'
import { mountDashboard, type DashboardOption } from './dashboard.js'
import { Metrics } from './metrics/metrics.js'
import { mountOperations } from './mount.js'
import { openStore, type DatabaseOption } from './open-store.js'
import { Problems } from './problem.js'
import { Bodies } from './read-body.js'
import { Waits } from './waits.js'

export interface TunaCornOptions {
  /**
   * A connection string, a `pg.Pool` of the host's, or an embedded database. In memory when absent: then nothing
   * outlives the program.
   */
  readonly database?: DatabaseOption | undefined
  /** The PostgreSQL schema that all of TunaCorn lives in; `tunacorn` when absent. */
  readonly schema?: string | undefined
  /** How many connections at most, where `database` is a connection string; 10 when absent. */
  readonly maxConnections?: number | undefined
  /** How long an answer of the database is waited for, in milliseconds, before it counts as away; 30 s when absent. */
  readonly statementLimitMs?: number | undefined
  /** Pino, or a logger in its shape. Warnings and errors go to standard output when absent. */
  readonly logger?: Logger | undefined
  /** Who may do what. Everybody may do everything when absent: an app in production is warned of it, once. */
  readonly authorize?: Authorize | undefined
  /**
   * Origins such as `https://app.example.com` whose pages may send requests too; none but TunaCorn's own when absent.
   * For such pages to read the answers, the host adds CORS headers.
   */
  readonly allowedOrigins?: readonly string[] | undefined
  /**
   * Serves `GET /metrics` for Prometheus: from a registry of its own, which then tells of the Node.js process too, or
   * from one of the host's, of prom-client. A registry takes one router.
   */
  readonly metrics?: boolean | Registry | undefined
  /** The web page, below `/dashboard/`: served when absent, not when `false`, without its buttons when `read-only`. */
  readonly dashboard?: DashboardOption | undefined
  /** Largest body, in bytes; 4 MB when absent. */
  readonly maxBodyBytes?: number | undefined
  /** How many requests may wait at once for work, for an end or for events; 8,000 when absent. More are answered 503. */
  readonly maxWaiting?: number | undefined
  /** Settings of the engine, where its defaults do not suit. */
  readonly engine?:
    | Omit<EngineOptions, 'definitionList' | 'processList' | 'taskList' | 'news' | 'logger' | 'observer'>
    | undefined
}

/** TunaCorn's HTTP API, to be mounted anywhere in an Express app, and what stands behind it. */
export interface TunaCornRouter extends Router {
  readonly engine: Engine
  /** Resolves when the store is there and up to date; requests wait for it by themselves. */
  readonly ready: Promise<void>
  /** Answers those who wait, commits what is under way, lets go of the store. A pool of the host's stays open. */
  close(): Promise<void>
}

const defaultMaxBodyBytes = 4 * 1024 * 1024
const defaultMaxWaiting = 8_000
/** How many bodies of the largest size may be on their way at once. */
const bodiesAtOnce = 64

/**
 * TunaCorn as Express middleware: `app.use('/tunacorn', tunacorn({ database }))`. It never listens, installs no
 * signal handlers and reads no environment; paths that are not its own it leaves to the host.
 */
export function tunacorn(options: TunaCornOptions = {}): TunaCornRouter {
  const logger = options.logger ?? pino({ name: 'tunacorn', level: 'warn' })
  const maxBodyBytes = options.maxBodyBytes ?? defaultMaxBodyBytes
  const waits = new Waits(options.maxWaiting ?? defaultMaxWaiting)
  const { store, whenReady: whenStoreReady } = openStore(options, logger)
  const metrics = metricsOf(options.metrics)
  let closing: Promise<void> | undefined
  const engine = new Engine({
    ...options.engine,
    ...store,
    logger,
    observer: metrics?.observer,
    definitionLimits: { maxSourceBytes: maxBodyBytes, ...options.engine?.definitionLimits },
    // Not before there is something to keep time of.
    timekeeping: false,
  })
  metrics?.watch(engine, store)
  const whenReady = async () => {
    await whenStoreReady()
    if (options.engine?.timekeeping !== false && closing === undefined) engine.startTimekeeping()
  }

  // Only what openapi.yaml names, letter for letter.
  const router = Router({ caseSensitive: true, strict: true })
  const authorize = options.authorize ?? letEverybody(logger)
  const allowedOrigins = options.allowedOrigins ?? []
  const problems = new Problems(logger)
  mountOperations(router, {
    engine,
    metrics,
    problems,
    logger,
    bodies: new Bodies(maxBodyBytes, bodiesAtOnce * maxBodyBytes),
    waits,
    whenReady,
    authorize,
    allowedOrigins,
  })
  mountDashboard(router, options.dashboard ?? true, problems)
  router.use((error: unknown, _request: Request, response: Response, _next: unknown) => {
    problems.send(response, error)
  })

  const ready = whenReady()
  // Who does not look at `ready` shall not be ended by it: requests are answered with 503 until the store is there.
  ready.catch(() => {})
  const close = async () => {
    await engine.close()
    await ready.catch(() => {})
    await store.close()
  }
  return Object.assign(router, { engine, ready, close: () => (closing ??= close()) })
}

function metricsOf(option: TunaCornOptions['metrics']): Metrics | undefined {
  if (option === undefined || option === false) return undefined
  return new Metrics(option === true ? undefined : option)
}
