import type { Request } from 'express'
import type { Logger } from '@tunacorn/core'
import type { Scope } from '@tunacorn/protocol'

/** What a request is about to do; each route has one. */
export type Action = Scope

/**
 * The host's own say on who may do what. `false` is answered with 403; to answer 401, throw a
 * `TunaCornError('unauthenticated')`. It runs before the body is read, and for who follows a process again before each
 * thing that is sent: then the headers are gone, and a refusal ends the connection.
 */
export type Authorize = (request: Request, action: Action) => boolean | Promise<boolean>

/** For hosts that do not say: whoever reaches them may. Where Express itself says that it is production, that is told. */
export function letEverybody(logger: Logger): Authorize {
  let hasLooked = false
  return ({ app }) => {
    if (!hasLooked && app.get('env') === 'production') {
      logger.warn('whoever reaches TunaCorn here may do everything: give it the option authorize')
    }
    hasLooked = true
    return true
  }
}
