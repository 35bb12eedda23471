import type { Logger } from 'pino'
import { retryPolicy } from '@tunacorn/core'
import { tunacorn, type TunaCornOptions, type TunaCornRouter } from '@tunacorn/express'
import { createApp } from './app.js'
import type { EngineSettings } from './config.js'
import { HttpServer } from './http-server.js'
import { isLoopback } from './loopback.js'
import { openDatabase, type DatabaseChoice, type OpenedDatabase } from './open-database.js'

export interface ServeOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  readonly database: DatabaseChoice
  readonly engine?: EngineSettings
  readonly logger: Logger
  /** Gets plain lines about what takes time at the start; they are logged when absent. */
  readonly onProgress?: (message: string) => void
}

export interface RunningServer {
  readonly url: string
  /** Which database it is on, for people. */
  readonly database: string
  readonly engine: TunaCornRouter['engine']
  /** Answers who waits, commits what is under way, closes the database. Calling it again gives the same promise. */
  close(): Promise<void>
}

/**
 * Serves TunaCorn's HTTP API. Resolves when it is ready. It installs no signal handlers and reads no environment.
 *
 * @throws Failure when it cannot listen there, or not use the database
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { logger, host, port, onProgress = (message) => logger.info(message) } = options
  const { app, mount } = createApp(logger)
  // First, because it costs nothing: who is told that the port is taken has not waited for a database.
  const http = await HttpServer.listen(app, { host, port })
  try {
    const opened = await openDatabase(options.database, onProgress)
    const router = await openRouter(opened, options)
    mount(router)
    if (!isLoopback(http.address)) logger.warn(noAccessControl(http.url))
    const { url } = http
    for (const migration of opened.migrations) logger.info({ migration }, 'Migrated the database')
    logger.info({ url, database: opened.description }, 'Listening')
    let closed: Promise<void> | undefined
    const close = () => (closed ??= closeAll(http, router, opened))
    return { url, database: opened.description, engine: router.engine, close }
  } catch (error) {
    await http.close()
    throw error
  }
}

async function openRouter(
  opened: OpenedDatabase,
  { logger, engine, database: choice }: Pick<ServeOptions, 'logger' | 'engine' | 'database'>,
): Promise<TunaCornRouter> {
  const router = tunacorn({
    database: opened.database,
    maxConnections: choice.kind === 'postgres' ? choice.maxConnections : undefined,
    logger,
    engine: engineOptions(engine),
  })
  try {
    await router.ready
    return router
  } catch (error) {
    await router.close()
    await opened.close()
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
async function closeAll(http: HttpServer, router: TunaCornRouter, opened: OpenedDatabase): Promise<void> {
  const closed = http.close()
  await router.engine.close()
  await closed
  await router.close()
  await opened.close()
}

function noAccessControl(url: string): string {
  return `Everybody who can reach ${url} may do everything: there is no access control yet. Let only trusted networks through to it.`
}
