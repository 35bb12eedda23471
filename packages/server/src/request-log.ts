import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'

/**
 * One line for each request that is answered. Workers ask all the time, so what goes well is for `debug`; what was
 * refused is told at `info`, what broke at `error`. That the database is away has a line of its own, now and then.
 *
 * What the engine decides for a request says its id, as `reqId`: that of `X-Request-Id`, where a proxy has given one.
 *
 * A line never holds what may be secret or private: no headers, no bodies (claims are there), no query.
 *
 * Not pino-http, which makes two loggers for each request: of most, nothing is said, and that was a tenth of what they
 * cost.
 */
export function logRequests(logger: Logger) {
  const idOf = requestIds()
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const begunAt = performance.now()
    const reqId = idOf(request)
    Object.assign(request, { log: new RequestLogger(logger, reqId) })
    let hasFailed = false
    response.on('error', () => (hasFailed = true))
    response.once('close', () => {
      const { statusCode: status } = response
      const level = levelOf(status, hasFailed)
      if (!logger.isLevelEnabled(level)) return
      const responseTime = Math.round(performance.now() - begunAt)
      const fields = { reqId, req: describeRequest(request), res: { status }, responseTime }
      logger[level](fields, messageOf(response, hasFailed))
    })
    next()
  }
}

/** Says the request's id with each line. A logger of pino's is made once there is something to say. */
class RequestLogger {
  readonly #parent: Logger
  readonly #reqId: string
  #own: Logger | undefined

  constructor(parent: Logger, reqId: string) {
    this.#parent = parent
    this.#reqId = reqId
  }

  isLevelEnabled(level: string): boolean {
    return this.#parent.isLevelEnabled(level)
  }

  debug(...line: Parameters<Logger['debug']>): void {
    if (this.isLevelEnabled('debug')) this.#logger.debug(...line)
  }

  info(...line: Parameters<Logger['info']>): void {
    if (this.isLevelEnabled('info')) this.#logger.info(...line)
  }

  warn(...line: Parameters<Logger['warn']>): void {
    this.#logger.warn(...line)
  }

  error(...line: Parameters<Logger['error']>): void {
    this.#logger.error(...line)
  }

  get #logger(): Logger {
    return (this.#own ??= this.#parent.child({ reqId: this.#reqId }))
  }
}

const unavailable = 503

function levelOf(status: number, hasFailed: boolean) {
  if (!hasFailed && (status < 400 || status === unavailable)) return 'debug'
  return hasFailed || status >= 500 ? 'error' : 'info'
}

function messageOf({ statusCode, writableEnded }: ServerResponse, hasFailed: boolean): string {
  if (hasFailed || statusCode >= 500) return 'Request failed'
  return writableEnded ? 'Request answered' : 'Request given up by who asked'
}

/** A proxy's, where it can stand in a line; else one that no other request has. */
function requestIds(): (request: IncomingMessage) => string {
  const prefix = randomBytes(4).toString('hex')
  let last = 0
  return ({ headers: { 'x-request-id': given } }) => {
    if (typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given)) return given
    last += 1
    return `${prefix}-${last}`
  }
}

function describeRequest({ method, url = '' }: IncomingMessage) {
  return { method, path: url.split('?', 1)[0] }
}
