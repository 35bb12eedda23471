import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { pinoHttp } from 'pino-http'

/**
 * One line for each request that is answered. Workers ask all the time, so what goes well is for `debug`; what was
 * refused is told at `info`, what broke at `error`. That the database is away has a line of its own, now and then.
 *
 * What the engine decides for a request says its id, as `reqId`: that of `X-Request-Id`, where a proxy has given one.
 *
 * A line never holds what may be secret or private: no headers, no bodies (claims are there), no query.
 */
export function logRequests(logger: Logger) {
  return pinoHttp({
    logger,
    genReqId: requestIds(),
    quietReqLogger: true,
    wrapSerializers: false,
    serializers: { req: describeRequest, res: describeResponse },
    customLogLevel: (_request, { statusCode }, error) => levelOf(statusCode, error),
    customSuccessMessage: (_request, response) =>
      response.writableEnded ? 'Request answered' : 'Request given up by who asked',
    customErrorMessage: () => 'Request failed',
    // In place of an error that pino-http makes up; the real one has its own line.
    customErrorObject: (
      _request,
      res: ServerResponse,
      _error,
      { responseTime }: { responseTime: number },
    ) => ({
      res,
      responseTime,
    }),
  })
}

function levelOf(status: number, error: Error | undefined) {
  if (error === undefined && (status < 400 || status === unavailable)) return 'debug'
  return error !== undefined || status >= 500 ? 'error' : 'info'
}

const unavailable = 503

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

function describeResponse({ statusCode }: ServerResponse) {
  return { status: statusCode }
}
