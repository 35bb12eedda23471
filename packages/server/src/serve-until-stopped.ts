import type { ServeConfig } from './config.js'
import { createLogger } from './logger.js'
import { serve } from './serve.js'
import { runUntilStopped } from './stop-signals.js'

/** What `tunacorn serve` does: it serves, and tells of it only in its log. */
export async function serveUntilStopped(config: ServeConfig): Promise<void> {
  const logger = createLogger(config.logLevel, process.stdout)
  await runUntilStopped({
    start: () => serve({ ...config, logger }),
    onStopping: (signal) => logger.info({ signal }, 'Stopping'),
    onOverdue: (limitMs) => logger.error({ limitMs }, 'Not everything could be closed in time: giving up'),
  })
  logger.info('Stopped')
}
