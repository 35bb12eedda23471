import type { RequestListener } from 'node:http'
import express, { type NextFunction, type Request, type Response } from 'express'
import type { Logger } from 'pino'
import { problemBody, sendProblem, type TunaCornRouter } from '@tunacorn/express'
import { logRequests } from './request-log.js'

export interface App {
  readonly answer: RequestListener
  readonly mount: (router: TunaCornRouter) => void
}

/**
 * TunaCorn at the root of an Express app of its own. Until `mount`, it asks for patience.
 *
 * @param isKnownAs whether this is a name of the server, by the `Host` of a request
 */
export function createApp(logger: Logger, isKnownAs: (host: string | undefined) => boolean): App {
  const app = express()
  let router: TunaCornRouter | undefined
  let isAsked = false
  app.disable('x-powered-by')
  app.use(logRequests(logger))
  app.use(({ headers: { host } }: Request, response: Response, next: NextFunction) => {
    if (isKnownAs(host)) return next()
    const detail = `Expected an address, localhost or a name that was configured as the Host, but found ${JSON.stringify(host?.slice(0, 200))}. If it is this server's, name it with --allowed-hosts (TUNACORN_ALLOWED_HOSTS).`
    return sendProblem(response, problemBody('unknown-host', detail))
  })
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (router !== undefined) return router(request, response, next)
    // Once is enough: whoever looks whether it is there looks all the time.
    if (!isAsked) logger.warn('Asked for already: answering 503 until the database is ready')
    isAsked = true
    // A browser that was sent to the page too early looks again by itself.
    if (request.method === 'GET' && request.headers.accept?.includes('text/html') === true)
      response.setHeader('Refresh', '2')
    return sendProblem(response, problemBody('unavailable', 'TunaCorn is starting. Try again in a second.'))
  })
  app.use(({ method, path }: Request, response: Response) => {
    const detail = `There is no ${method} ${path.slice(0, 200)}. GET /openapi.json lists what there is.`
    sendProblem(response, problemBody('not-found', detail))
  })
  // Where Express finds no path in a request (`GET http://[`), it asks nobody above, and would answer by itself.
  const answer = (request: Request, response: Response) =>
    app(request, response, (error: unknown) => {
      const isBroken = error !== undefined && error !== null && error !== ''
      if (isBroken) logger.error({ err: error }, 'Request failed')
      const detail = 'Expected a request for a path, such as GET /livez.'
      sendProblem(response, isBroken ? problemBody('internal') : problemBody('invalid-request', detail))
    })
  return {
    answer: answer as RequestListener,
    mount: (opened: TunaCornRouter) => {
      router = opened
    },
  }
}
