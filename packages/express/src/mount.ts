import type { Request, Router } from 'express'
import { TunaCornError, type Engine, type Logger } from '@tunacorn/core'
import type { Authorize } from './authorize.js'
import { checkRequest } from './check-request.js'
import { goneSignal } from './gone-signal.js'
import type { Metrics } from './metrics/metrics.js'
import type { Answer, Checked, Operation, Operations } from './operation.js'
import { problemBody, type Problems } from './problem.js'
import type { Bodies } from './read-body.js'
import { refuseCrossOrigin } from './refuse-cross-origin.js'
import { checkedOperations, type CheckedOperation, type OperationId } from './request-checks.js'
import { definitionOperations } from './routes/definitions.js'
import { healthOperations } from './routes/health.js'
import { overviewOperations } from './routes/overview.js'
import { processOperations } from './routes/processes.js'
import { taskOperations } from './routes/tasks.js'
import { send } from './send.js'
import type { Waits } from './waits.js'

/** What all requests share. */
export interface House {
  readonly engine: Engine
  /** Absent where nothing is measured. */
  readonly metrics: Metrics | undefined
  readonly problems: Problems
  readonly logger: Logger
  readonly bodies: Bodies
  readonly waits: Waits
  readonly whenReady: () => Promise<void>
  readonly authorize: Authorize
  readonly allowedOrigins: readonly string[]
}

const operations: Operations = {
  ...definitionOperations,
  ...processOperations,
  ...taskOperations,
  ...overviewOperations,
  ...healthOperations,
}

/** Serves all that openapi.yaml names, refuses other methods there, and leaves other paths alone. */
export function mountOperations(router: Router, house: House): void {
  const isServed = ({ id }: CheckedOperation) => id !== 'metrics' || house.metrics !== undefined
  const compiled = checkedOperations().filter(isServed)
  for (const path of new Set(compiled.map((operation) => operation.path))) {
    for (const operation of compiled) if (operation.path === path) mount(router, operation, house)
    refuseOtherMethods(router, path, methodsAt(path, compiled))
  }
}

/** A request's way: whose is it? → is it of bearable size? → may it? → is it well-formed? → is the store there? → served → sent. */
function mount(router: Router, operation: CheckedOperation, house: House): void {
  const {
    action,
    serve,
    needsStore = action !== undefined,
  } = operations[operation.id] as Operation<OperationId>
  const { engine, metrics, problems, bodies, waits, whenReady, authorize, allowedOrigins } = house
  router[operation.method](expressPath(operation.path), (request, response) => {
    const signal = goneSignal(request, response)
    response.on('close', () => {
      metrics?.answered(operation.id, response.writableEnded ? response.statusCode : clientHasGone)
    })
    const logger = loggerOf(request) ?? house.logger
    const refuseUnlessAllowed = async () => {
      if (action === undefined) return
      const said = authorize(request, action)
      // Mostly it is known at once.
      if (said !== true && !(await said))
        throw new TunaCornError('forbidden', `This needs the right to ${JSON.stringify(action)}.`)
    }
    const answer = async (): Promise<Answer> => {
      refuseCrossOrigin(request, allowedOrigins)
      bodies.refuseAnnounced(request)
      await refuseUnlessAllowed()
      const parts = await checkRequest(operation, request, bodies)
      if (needsStore) await whenReady()
      // The checks have made the parts what the operation's types say.
      const shared = { request, engine, metrics, waits, whenReady, logger, signal, refuseUnlessAllowed }
      return serve({ ...parts, ...shared } as unknown as Checked<OperationId>)
    }
    // Whatever goes wrong, also with writing the answer, is answered: nothing may end the host's program.
    answer()
      .then((given) => send(response, placed(given, request)))
      .catch((error: unknown) => problems.send(response, error, logger))
  })
}

/** What nginx made of it, and others with it. */
const clientHasGone = 499

/** The host's logger for this request, as pino-http leaves it there: it knows the request's id. */
function loggerOf(request: Request): Logger | undefined {
  const { log } = request as Request & { readonly log?: Partial<Logger> }
  const isLogger = [log?.debug, log?.info, log?.warn, log?.error].every((one) => typeof one === 'function')
  return isLogger ? (log as Logger) : undefined
}

function refuseOtherMethods(router: Router, path: string, methods: readonly string[]): void {
  const allowed = methods.join(', ')
  router.all(expressPath(path), (request, response, next) => {
    if (methods.includes(request.method)) {
      next()
      return
    }
    response.setHeader('Allow', allowed)
    send(response, {
      status: 405,
      body: problemBody('method-not-allowed', `Expected ${allowed} here, but found ${request.method}.`),
      contentType: 'application/problem+json',
    })
  })
}

/**
 * The methods of a path, and, where its last step could be a parameter of another path, that one's too: a definition
 * may be called `validate`, but no task has the id `claim`.
 */
function methodsAt(path: string, compiled: readonly CheckedOperation[]): string[] {
  const methods = compiled
    .filter((operation) => covers(operation, path))
    .map(({ method }) => method.toUpperCase())
  return [...new Set(methods), ...(methods.includes('GET') ? ['HEAD'] : [])]
}

function covers(operation: CheckedOperation, path: string): boolean {
  if (operation.path === path) return true
  const place = path.lastIndexOf('/') + 1
  const [, parameter] = new RegExp(`^${path.slice(0, place)}\\{(\\w+)\\}$`).exec(operation.path) ?? []
  return parameter !== undefined && operation.checkPath({ [parameter]: path.slice(place) }).length === 0
}

/** `/processes/{id}` → `/processes/:id` */
function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

/** A new resource's path begins where the router is mounted. */
function placed(answer: Answer, { baseUrl }: Request): Answer {
  return answer.location === undefined ? answer : { ...answer, location: `${baseUrl}${answer.location}` }
}
