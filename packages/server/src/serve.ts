import type { Logger } from 'pino'
import { retryPolicy } from '@tunacorn/core'
import { tunacorn, type TunaCornOptions, type TunaCornRouter } from '@tunacorn/express'
import type { AccessSettings } from './access/access-settings.js'
import { isAllowedHost } from './access/allowed-hosts.js'
import { authorizeByKeys } from './access/authorize-by-keys.js'
import { KeyRing } from './access/key-ring.js'
import { createApp } from './app.js'
import type { DashboardMode, EngineSettings } from './config.js'
import { Failure } from './failures.js'
import { HttpServer } from './http-server.js'
import { isLoopback } from './loopback.js'
import { openDatabase, type DatabaseChoice, type OpenedDatabase } from './open-database.js'

export interface ServeOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  readonly database: DatabaseChoice
  readonly engine?: EngineSettings
  readonly access?: AccessSettings
  /** The web page; `on` when absent. */
  readonly dashboard?: DashboardMode
  readonly logger: Logger
  /** Gets plain lines about what takes time at the start; they are logged when absent. */
  readonly onProgress?: (message: string) => void
}

export interface RunningServer {
  readonly url: string
  /** Which database it is on, for people. */
  readonly database: string
  readonly engine: TunaCornRouter['engine']
  /** Whether requests need an access key. */
  readonly asksForKeys: boolean
  /** Answers who waits, commits what is under way, closes the database. Calling it again gives the same promise. */
  close(): Promise<void>
}

const onlyThisMachine: AccessSettings = { keys: [], insecure: false, allowedHosts: [] }

/**
 * Serves TunaCorn's HTTP API. Resolves when it is ready. It installs no signal handlers and reads no environment.
 *
 * @throws Failure when it cannot listen there, must not without keys, or cannot use the database
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { logger, host, port, access = onlyThisMachine } = options
  const { onProgress = (message: string) => logger.info(message) } = options
  const names = [host.toLowerCase(), ...access.allowedHosts]
  let isKnownByAny = false
  const { answer, mount } = createApp(logger, (name) => isKnownByAny || isAllowedHost(name, names))
  // First, because it costs nothing: who is told that the port is taken has not waited for a database.
  const http = await HttpServer.listen(answer, { host, port })
  // Beyond this machine keys are asked for: a name that leads here by a trick opens nothing.
  isKnownByAny = !isLoopback(http.address) && !access.insecure && access.allowedHosts.length === 0
  try {
    return await serveFrom(await openDatabase(options.database, onProgress), http, mount, {
      ...options,
      access,
    })
  } catch (error) {
    await http.close()
    throw error
  }
}

async function serveFrom(
  opened: OpenedDatabase,
  http: HttpServer,
  mount: (router: TunaCornRouter) => void,
  {
    logger,
    engine,
    access,
    database: choice,
    dashboard = 'on',
  }: ServeOptions & { readonly access: AccessSettings },
): Promise<RunningServer> {
  const { apiKeys, database, description, migrations, faults } = opened
  const ring = new KeyRing({ fixed: access.keys, stored: apiKeys, logger })
  const { url } = http
  try {
    const asksForKeys = await ring.isAsking()
    if (!asksForKeys && !isLoopback(http.address)) {
      if (!access.insecure) throw withoutKeys(http.address)
      logger.warn(`Everybody who can reach ${url} may do everything: there are no access keys.`)
    }
    const router = await openRouter({
      database,
      ...(choice.kind === 'postgres' && {
        // The keys are read on one of them.
        maxConnections: choice.maxConnections - 1,
        statementLimitMs: choice.statementLimitMs,
      }),
      logger,
      engine: engineOptions(engine),
      authorize: authorizeByKeys(ring),
      metrics: true,
      dashboard: dashboard === 'read-only' ? dashboard : dashboard === 'on',
    })
    mount(router)
    for (const { found, remedy } of faults) logger.warn({ remedy }, `The database: ${found}`)
    for (const migration of migrations) logger.info({ migration }, 'Migrated the database')
    logger.info({ url, database: description, keys: asksForKeys }, 'Listening')
    let closed: Promise<void> | undefined
    const close = () => (closed ??= closeAll(http, router, ring, opened))
    return { url, database: description, engine: router.engine, asksForKeys, close }
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function openRouter(options: TunaCornOptions): Promise<TunaCornRouter> {
  const router = tunacorn(options)
  try {
    await router.ready
    return router
  } catch (error) {
    await router.close()
    throw error
  }
}

function engineOptions(settings: EngineSettings | undefined): TunaCornOptions['engine'] {
  if (settings === undefined) return undefined
  const { retentionMs, defaults } = settings
  const { retryLimit, ...times } = defaults
  return { retentionMs, defaults: { ...times, retry: retryPolicy({ limit: retryLimit }) } }
}

/** From the outside in. What a request that is still open needs is closed after it. */
async function closeAll(
  http: HttpServer,
  router: TunaCornRouter,
  ring: KeyRing,
  opened: OpenedDatabase,
): Promise<void> {
  const closed = http.close()
  await router.engine.close()
  await closed
  await router.close()
  await ring.close()
  await opened.close()
}

function withoutKeys(address: string): Failure {
  return new Failure(
    `Expected access keys, since others can reach ${address}, but there are none. Make one with "tunacorn keys create <name> --scopes admin", or give some in TUNACORN_API_KEYS. Without --host (HOST) it listens for this machine alone. --insecure (TUNACORN_INSECURE=true) lets everybody who can reach it do everything.`,
  )
}
