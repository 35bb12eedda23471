import type { Logger } from './logger.js'

/** What comes with a call besides what it asks for. */
export interface Call {
  /** The caller's own: what is said of this call then says by which request it came. The engine's when absent. */
  readonly logger?: Logger | undefined
}

/** For what is a step in somebody's trace. */
export interface TracedCall extends Call {
  /** W3C trace context: the span that this is done for. One that cannot be read is none. */
  readonly traceparent?: string | undefined
}
