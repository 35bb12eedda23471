import { Router, type Request, type Response } from 'express'
import { pino } from 'pino'
import { Engine, TunaCornError, type EngineOptions, type Logger } from '@tunacorn/core'
import type { Authorize } from './authorize.js'
import type { Answer, Checked, Operation, Operations } from './operation.js'
import { openStore, type DatabaseOption } from './open-store.js'
import { problemBody, sendProblem } from './problem.js'
import { readBody, type Body } from './read-body.js'
import { compileOperations, type CheckedOperation, type OperationId } from './request-checks.js'
import { RequestError } from './request-error.js'
import { definitionOperations } from './routes/definitions.js'
import { healthOperations } from './routes/health.js'
import { processOperations } from './routes/processes.js'
import { taskOperations } from './routes/tasks.js'
import { send } from './send.js'

export interface TunaCornOptions {
  /**
   * A connection string, a `pg.Pool` of the host's, or an embedded database. In memory when absent: then nothing
   * outlives the program.
   */
  readonly database?: DatabaseOption | undefined
  /** The PostgreSQL schema that all of TunaCorn lives in; `tunacorn` when absent. */
  readonly schema?: string | undefined
  /** Pino, or a logger in its shape. Warnings and errors go to standard output when absent. */
  readonly logger?: Logger | undefined
  /** Who may do what. Everybody may do everything when absent. */
  readonly authorize?: Authorize | undefined
  /** Largest body, in bytes; 4 MB when absent. */
  readonly maxBodyBytes?: number | undefined
  /** Settings of the engine, where its defaults do not suit. */
  readonly engine?: Omit<EngineOptions, 'definitionList' | 'processList' | 'taskList' | 'logger'> | undefined
}

/** TunaCorn's HTTP API, to be mounted anywhere in an Express app, and what stands behind it. */
export interface TunaCornRouter extends Router {
  readonly engine: Engine
  /** Resolves when the store is there and up to date; requests wait for it by themselves. */
  readonly ready: Promise<void>
  /** Answers those who wait, commits what is under way, lets go of the store. A pool of the host's stays open. */
  close(): Promise<void>
}

const operations: Operations = {
  ...definitionOperations,
  ...processOperations,
  ...taskOperations,
  ...healthOperations,
}

const defaultMaxBodyBytes = 4 * 1024 * 1024

/**
 * TunaCorn as Express middleware: `app.use('/tunacorn', tunacorn({ database }))`. It never listens, installs no
 * signal handlers and reads no environment; paths that are not its own it leaves to the host.
 */
export function tunacorn(options: TunaCornOptions = {}): TunaCornRouter {
  const logger = options.logger ?? pino({ name: 'tunacorn', level: 'warn' })
  const maxBodyBytes = options.maxBodyBytes ?? defaultMaxBodyBytes
  const { store, whenReady } = openStore(options, logger)
  const engine = new Engine({
    ...options.engine,
    ...store,
    logger,
    definitionLimits: { maxSourceBytes: maxBodyBytes, ...options.engine?.definitionLimits },
  })
  const house: House = { engine, logger, maxBodyBytes, whenReady, authorize: options.authorize }

  const router = Router()
  const compiled = compileOperations()
  for (const operation of compiled) mount(router, operation, house)
  for (const path of new Set(compiled.map((operation) => operation.path)))
    refuseOtherMethods(router, path, compiled)
  router.use((error: unknown, _request: Request, response: Response, _next: unknown) => {
    sendProblem(response, error, logger)
  })

  const ready = whenReady()
  // Who does not look at `ready` shall not be ended by it: requests are answered with 503 until the store is there.
  ready.catch(() => {})
  let closing: Promise<void> | undefined
  const close = async () => {
    await engine.close()
    await ready.catch(() => {})
    await store.close()
  }
  return Object.assign(router, { engine, ready, close: () => (closing ??= close()) })
}

interface House {
  readonly engine: Engine
  readonly logger: Logger
  readonly maxBodyBytes: number
  readonly whenReady: () => Promise<void>
  readonly authorize: Authorize | undefined
}

function mount(router: Router, operation: CheckedOperation, house: House): void {
  const { action, serve } = operations[operation.id] as Operation<OperationId>
  router[operation.method](expressPath(operation.path), (request, response) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const answer = async (): Promise<Answer> => {
      if (
        action !== undefined &&
        house.authorize !== undefined &&
        !(await house.authorize(request, action))
      ) {
        throw new TunaCornError('forbidden', `This needs the right to ${JSON.stringify(action)}.`)
      }
      const checked = await checkRequest(operation, request, house, gone.signal)
      if (action !== undefined || operation.id === 'readyz') await house.whenReady()
      return serve(checked)
    }
    answer().then(
      (given) => send(response, given.location === undefined ? given : placed(given, request)),
      (error: unknown) => sendProblem(response, error, house.logger),
    )
  })
}

/** Checks every part before anything is done: what is wrong with all of them is said at once. */
async function checkRequest(
  operation: CheckedOperation,
  request: Request,
  house: House,
  signal: AbortSignal,
): Promise<Checked<OperationId>> {
  const { checkPath, checkQuery, checkBody, method } = operation
  const path = { ...request.params }
  const query = queryOf(request)
  const source = method === 'post' ? await readBody(request, house.maxBodyBytes) : undefined
  const readsSource = operation.id === 'registerDefinition' || operation.id === 'validateDefinition'
  const body = checkBody === undefined || readsSource || source === undefined ? undefined : jsonOf(source)
  const errors = [
    ...checkPath(path),
    ...checkQuery(query),
    ...(checkBody === undefined || readsSource ? [] : checkBody(body)),
  ]
  if (errors.length > 0) throw new RequestError(errors)
  // The checks have made it so.
  return {
    path,
    query,
    body,
    source,
    request,
    engine: house.engine,
    signal,
  } as unknown as Checked<OperationId>
}

function queryOf({ url }: Request): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>
  const begin = url.indexOf('?')
  if (begin === -1) return query
  const parameters = new URLSearchParams(url.slice(begin))
  for (const name of parameters.keys()) {
    const values = parameters.getAll(name)
    // A parameter given twice is no text, and the check will say so.
    query[name] = values.length === 1 ? (values[0] ?? '') : values
  }
  return query
}

function jsonOf(source: Body): unknown {
  if (!/^application\/([\w.+-]+\+)?json$/.test(source.mediaType)) {
    throw new TunaCornError(
      'unsupported-media-type',
      `Expected a body of type application/json, but its Content-Type is ${JSON.stringify(source.mediaType)}.`,
    )
  }
  if (source.kind === 'parsed') return source.value
  try {
    return JSON.parse(source.text)
  } catch (cause) {
    throw new TunaCornError('malformed-json', `Expected a body in JSON, but: ${(cause as Error).message}.`, {
      cause,
    })
  }
}

function refuseOtherMethods(router: Router, path: string, compiled: readonly CheckedOperation[]): void {
  const methods = compiled
    .filter((operation) => operation.path === path)
    .map(({ method }) => method.toUpperCase())
  const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ')
  router.all(expressPath(path), (request, response) => {
    response.setHeader('Allow', allowed)
    send(response, {
      status: 405,
      body: problemBody('method-not-allowed', `Expected ${allowed} here, but found ${request.method}.`),
      contentType: 'application/problem+json',
    })
  })
}

/** `/processes/{id}` → `/processes/:id` */
function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

function placed(answer: Answer, { baseUrl }: Request): Answer {
  return answer.location === undefined ? answer : { ...answer, location: `${baseUrl}${answer.location}` }
}
