import type { Request } from 'express'

/** What a request is about to do; each route has one. */
export type Action = 'read' | 'start' | 'work' | 'define' | 'admin'

/**
 * The host's own say on who may do what. `false` is answered with 403; to answer 401, throw a
 * `TunaCornError('unauthenticated')`. It runs before the body is read.
 */
export type Authorize = (request: Request, action: Action) => boolean | Promise<boolean>
