import type { BaseLogger } from 'pino'

/** What the engine needs of a logger; pino's, or the host's own in its shape. */
export type Logger = Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'>
