import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { pinoHttp } from 'pino-http'

/**
 * One line for each request that is answered. Workers ask all the time, so what goes well is for `debug`; what was
 * refused is told at `info`, what broke at `error`.
 *
 * A line never holds what may be secret or private: no headers, no bodies (claims are there), no query.
 */
export function logRequests(logger: Logger) {
  return pinoHttp({
    logger,
    wrapSerializers: false,
    serializers: { req: describeRequest, res: describeResponse },
    customLogLevel: (_request, { statusCode }, error) =>
      error !== undefined || statusCode >= 500 ? 'error' : statusCode >= 400 ? 'info' : 'debug',
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

function describeRequest({ method, url = '' }: IncomingMessage) {
  return { method, path: url.split('?', 1)[0] }
}

function describeResponse({ statusCode }: ServerResponse) {
  return { status: statusCode }
}
