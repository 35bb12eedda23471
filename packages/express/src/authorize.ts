import type { Request } from 'express'

/**
 * What a request is about to do; each route has one: look at things; start processes and pause, resume, retry or cancel
 * them; claim and report tasks; register and remove definitions; destroy processes.
 */
export type Action = 'read' | 'start' | 'work' | 'define' | 'admin'

/**
 * The host's own say on who may do what. `false` is answered with 403; to answer 401, throw a
 * `TunaCornError('unauthenticated')`. It runs before the body is read.
 */
export type Authorize = (request: Request, action: Action) => boolean | Promise<boolean>
