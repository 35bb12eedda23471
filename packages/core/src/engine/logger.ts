import type { BaseLogger, Logger as PinoLogger } from 'pino'

/** What the engine needs of a logger; pino's, or the host's own in its shape. */
export type Logger = Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'> &
  Partial<Pick<PinoLogger, 'isLevelEnabled'>>

/** Asked before a line for each task is put together, since mostly nobody wants it. */
export function wantsDebug(logger: Logger): boolean {
  return logger.isLevelEnabled?.('debug') ?? true
}
