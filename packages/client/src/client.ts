import {
  formatDuration,
  inSpan,
  parseDuration,
  type ClaimedTask,
  type ClaimedTasks,
  type ClaimTask,
  type ClaimTasks,
  type CompleteTask,
  type Definition,
  type DefinitionPage,
  type FailTask,
  type Grounds,
  type HeartbeatResults,
  type HeartbeatTask,
  type HeartbeatTasks,
  type HistoryEvent,
  type HistoryPage,
  type Lease,
  type OpenApiDocument,
  type Overview,
  type operations,
  type Process,
  type ProcessExplanation,
  type ProcessPage,
  type ReleaseTask,
  type SpanDescription,
  type Reported,
  type StartedProcesses,
  type StartProcess,
  type StartProcesses,
  type Task,
  type TaskAttributes,
  type TaskPage,
  type ValidDefinition,
} from '@tunacorn/protocol'
import { pause } from './backoff.js'
import { ProcessNotEndedError } from './errors.js'
import { followHistory, type FollowOptions } from './follow-history.js'
import { send, type Connection, type HttpCall } from './http.js'
import { overFetch, usualTransport } from './transport.js'

export interface ClientOptions {
  /** Where TunaCorn is mounted, such as `http://127.0.0.1:8266` or `https://example.com/tunacorn`. */
  readonly url: string
  /** An access key, of `tunacorn keys create` for example; sent with every request as `Authorization: Bearer <key>`. */
  readonly key?: string
  /** Sent with every request, for authorization of another kind for example. */
  readonly headers?: Readonly<Record<string, string>>
  /** In place of Node's own HTTP client, or of the global `fetch` elsewhere. */
  readonly fetch?: typeof globalThis.fetch
  /** How long a request may take, waiting for work not counted. 10,000 when absent. */
  readonly timeoutMs?: number
  /** How often a request is sent again at most, where that is safe. 3 when absent. */
  readonly retries?: number
}

/** What one call may do differently from its client. */
export interface CallOptions {
  /** Aborting it ends the call, which rejects with the signal's reason. */
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  readonly retries?: number
}

export interface StartOptions extends CallOptions {
  /**
   * A name of your own for this start, kept for a day: however often it is sent, the process is started once. Made
   * up when absent, unless `retries` is 0.
   */
  readonly idempotencyKey?: string
}

export interface WaitOptions {
  /** Aborting it ends the wait, which rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** How long to wait at most. Without end when absent. */
  readonly timeoutMs?: number
}

/** The query parameters of an operation. */
export type Query<Operation extends keyof operations> = NonNullable<
  operations[Operation]['parameters']['query']
>

// The protocol's types are an answer's, in which what has a default is always there.
export type ClaimTasksRequest = WithDefaults<ClaimTasks, 'max' | 'attributes'>
export type ClaimTaskRequest = WithDefaults<ClaimTask, 'attributes'>
type WithDefaults<Body, Defaulted extends keyof Body> = Omit<Body, Defaulted> & Partial<Pick<Body, Defaulted>>

/** How long one request waits for the end of a process. */
const longestWaitMs = 30_000

/** Between two such requests, when the first one did not wait. */
const restMs = 500

type Request = Omit<HttpCall, 'retries' | 'timeoutMs' | 'signal'>

/**
 * TunaCorn's HTTP API, a method for each operation of openapi.yaml, for Node and browsers.
 *
 * Every method rejects with a `TunaCornHttpError` when the server answered with an error, and with a
 * `TunaCornConnectionError` when no answer came. What may be sent again safely is, with growing pauses,
 * before it rejects; what happens twice when sent twice is not. A start is safe too, by its idempotency key.
 */
export class TunaCornClient {
  readonly url: string
  readonly #connection: Connection
  readonly #timeoutMs: number
  readonly #retries: number

  constructor({ url, key, headers = {}, fetch, timeoutMs = 10_000, retries = 3 }: ClientOptions) {
    this.url = checkedUrl(url)
    this.#connection = {
      url: this.url,
      headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers },
      transport: fetch === undefined ? usualTransport : overFetch(fetch),
      // Called as a method of another object, a browser's fetch refuses.
      fetch: fetch ?? ((input, init) => globalThis.fetch(input, init)),
    }
    this.#timeoutMs = timeoutMs
    this.#retries = retries
  }

  // Definitions

  /** Registers YAML or JSON text, or an object. `format` is what a text is: `yaml` (of which JSON is a part) when absent. */
  registerDefinition(source: string | object, format?: 'yaml' | 'json', options?: CallOptions) {
    const body = definitionBody(source, format)
    return this.#send<Definition>({ method: 'POST', path: '/definitions', body, repeatable: true }, options)
  }

  /** Checks a definition, stores nothing. A definition that is not sound rejects; the error's `problem.problems` says why. */
  validateDefinition(source: string | object, format?: 'yaml' | 'json', options?: CallOptions) {
    const body = definitionBody(source, format)
    const path = '/definitions/validate'
    return this.#send<ValidDefinition>({ method: 'POST', path, body, repeatable: true }, options)
  }

  listDefinitions(query?: Query<'listDefinitions'>, options?: CallOptions) {
    return this.#get<DefinitionPage>('/definitions', query, options)
  }

  /** The default version. */
  getDefinition(name: string, options?: CallOptions) {
    return this.#get<Definition>(`/definitions/${segment(name)}`, undefined, options)
  }

  /** The text as it was registered, of the default version when none is named. */
  getDefinitionSource(name: string, version?: number, options?: CallOptions) {
    const path = `/definitions/${segment(name)}${version === undefined ? '' : `/versions/${version}`}`
    return this.#send<string>({ method: 'GET', path, accept: 'application/yaml', repeatable: true }, options)
  }

  listDefinitionVersions(name: string, query?: Query<'listDefinitionVersions'>, options?: CallOptions) {
    return this.#get<DefinitionPage>(`/definitions/${segment(name)}/versions`, query, options)
  }

  getDefinitionVersion(name: string, version: number, options?: CallOptions) {
    return this.#get<Definition>(`/definitions/${segment(name)}/versions/${version}`, undefined, options)
  }

  removeDefinitionVersion(name: string, version: number, options?: CallOptions) {
    return this.#delete(`/definitions/${segment(name)}/versions/${version}`, options)
  }

  // Processes

  /**
   * Starts a process, once: it goes with an idempotency key, made up when none is given, and so is sent again when
   * its answer is lost. Pass a key of your own to make it safe beyond this call, after a crash for example. With
   * `retries: 0` and no key it is sent as it is.
   */
  startProcess(body: StartProcess, options: StartOptions = {}) {
    return this.#start<Process>('/processes', body, body.definition, options)
  }

  /**
   * Each is answered by itself, in the order asked, and started once: see `startProcess`. With a key of yours the same
   * batch may be sent again when one of them was answered `start-in-flight` or `unavailable`.
   */
  startProcesses(body: StartProcesses, options: StartOptions = {}) {
    return this.#start<StartedProcesses>('/processes/batch', body, undefined, options)
  }

  listProcesses(query?: Query<'listProcesses'>, options?: CallOptions) {
    return this.#get<ProcessPage>('/processes', query, options)
  }

  /** With `wait`, answered when it has ended or that time is up; it may take so much longer than other requests. */
  getProcess(id: string, query?: Query<'getProcess'>, options?: CallOptions) {
    const path = `/processes/${segment(id)}`
    return this.#get<Process>(path, query, this.#patient(query?.wait, options))
  }

  /**
   * Waits until a process has ended, however long that takes, and gives it as it is then.
   *
   * @throws ProcessNotEndedError after `timeoutMs`
   */
  async waitForProcess(id: string, { signal, timeoutMs = Infinity }: WaitOptions = {}): Promise<Process> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const begunAt = performance.now()
      const waitMs = Math.max(0, Math.min(longestWaitMs, Math.ceil(deadline - begunAt)))
      // Asked again only after it was answered.
      const process = await this.getProcess(id, { wait: formatDuration(waitMs) }, signal && { signal })
      if (process.endedAt !== undefined) return process
      const now = performance.now()
      if (now >= deadline) throw new ProcessNotEndedError(process, timeoutMs)
      // A server that is closing does not wait: asking again at once would never end.
      const shortMs = Math.min(restMs, deadline - now)
      if (now - begunAt < waitMs * 0.9) await pause(shortMs, signal)
    }
  }

  cancelProcess(id: string, grounds: Grounds = {}, options?: CallOptions) {
    return this.#post<Process>(`/processes/${segment(id)}/cancel`, grounds, true, options)
  }

  pauseProcess(id: string, grounds: Grounds = {}, options?: CallOptions) {
    return this.#post<Process>(`/processes/${segment(id)}/pause`, grounds, true, options)
  }

  resumeProcess(id: string, grounds: Grounds = {}, options?: CallOptions) {
    return this.#post<Process>(`/processes/${segment(id)}/resume`, grounds, true, options)
  }

  /** Not sent again when its answer is lost: the process would not be a failed one any more. */
  retryProcess(id: string, grounds: Grounds = {}, options?: CallOptions) {
    return this.#post<Process>(`/processes/${segment(id)}/retry`, grounds, false, options)
  }

  /** Why each open task is not done. */
  explainProcess(id: string, options?: CallOptions) {
    return this.#get<ProcessExplanation>(`/processes/${segment(id)}/explain`, undefined, options)
  }

  destroyProcess(id: string, options?: CallOptions) {
    return this.#delete(`/processes/${segment(id)}`, options)
  }

  listProcessTasks(id: string, query?: Query<'listProcessTasks'>, options?: CallOptions) {
    return this.#get<TaskPage>(`/processes/${segment(id)}/tasks`, query, options)
  }

  getHistory(id: string, query?: Query<'getHistory'>, options?: CallOptions) {
    return this.#get<HistoryPage>(`/processes/${segment(id)}/history`, query, options)
  }

  /**
   * The events of a process as they happen, each once and in order, until it has ended. A lost connection is made anew,
   * for as long as it takes.
   */
  followHistory(id: string, options: FollowOptions = {}): AsyncGenerator<HistoryEvent> {
    return followHistory(this.#connection, id, options)
  }

  // Tasks

  listTasks(query?: Query<'listTasks'>, options?: CallOptions) {
    return this.#get<TaskPage>('/tasks', query, options)
  }

  /**
   * Reports results and claims work. May take `wait` longer than other requests. Sent again when its answer
   * is lost: results may be, and what was claimed by the lost one comes back when its leases lapse.
   */
  claimTasks(body: ClaimTasksRequest, options?: CallOptions) {
    return this.#post<ClaimedTasks>('/tasks/claim', body, true, this.#patient(body.wait, options))
  }

  heartbeatTasks(body: HeartbeatTasks, options?: CallOptions) {
    return this.#post<HeartbeatResults>('/tasks/heartbeat', body, true, options)
  }

  getTask(id: string, options?: CallOptions) {
    return this.#get<Task>(`/tasks/${segment(id)}`, undefined, options)
  }

  getTaskAttributes(id: string, options?: CallOptions) {
    return this.#get<TaskAttributes>(`/tasks/${segment(id)}/attributes`, undefined, options)
  }

  /** Not sent again when its answer is lost: the task would be held, by this very call. */
  claimTask(id: string, body: ClaimTaskRequest, options?: CallOptions) {
    return this.#post<ClaimedTask>(`/tasks/${segment(id)}/claim`, body, false, options)
  }

  completeTask(id: string, body: CompleteTask, options?: CallOptions) {
    return this.#post<Reported>(`/tasks/${segment(id)}/complete`, body, true, options)
  }

  failTask(id: string, body: FailTask, options?: CallOptions) {
    return this.#post<Reported>(`/tasks/${segment(id)}/fail`, body, true, options)
  }

  heartbeatTask(id: string, body: HeartbeatTask, options?: CallOptions) {
    return this.#post<Lease>(`/tasks/${segment(id)}/heartbeat`, body, true, options)
  }

  releaseTask(id: string, body: ReleaseTask, options?: CallOptions) {
    return this.#post<void>(`/tasks/${segment(id)}/release`, body, true, options)
  }

  /** What runs, what waits, who works. */
  getOverview(options?: CallOptions) {
    return this.#get<Overview>('/overview', undefined, options)
  }

  // Health: asked once, since "not now" is an answer here.

  livez(options?: CallOptions) {
    return this.#get<{ status: 'ok' }>('/livez', undefined, { retries: 0, ...options })
  }

  readyz(options?: CallOptions) {
    return this.#get<{ status: 'ok' }>('/readyz', undefined, { retries: 0, ...options })
  }

  /** What Prometheus asks for, in its text format. */
  metrics(options?: CallOptions) {
    const request = { method: 'GET', path: '/metrics', accept: 'text/plain', repeatable: true } as const
    return this.#send<string>(request, { retries: 0, ...options })
  }

  openapi(options?: CallOptions) {
    return this.#get<OpenApiDocument>('/openapi.json', undefined, options)
  }

  #start<Answer>(
    path: string,
    json: object,
    definition: string | undefined,
    { idempotencyKey, ...options }: StartOptions,
  ) {
    const retries = options.retries ?? this.#retries
    const key = idempotencyKey ?? (retries > 0 ? randomKey() : undefined)
    const own = key === undefined ? {} : { 'idempotency-key': key }
    const repeatable = key !== undefined
    return startSpan(definition, (trace) => {
      const headers = { ...own, ...trace }
      return this.#send<Answer>({ method: 'POST', path, headers, body: { json }, repeatable }, options)
    })
  }

  #get<Answer>(path: string, query: object | undefined, options?: CallOptions) {
    return this.#send<Answer>({ method: 'GET', path, query, repeatable: true }, options)
  }

  /** Sent once: the second time it would be answered that there is no such thing. */
  #delete(path: string, options?: CallOptions) {
    return this.#send<void>({ method: 'DELETE', path, repeatable: false }, options)
  }

  #post<Answer>(path: string, json: object, repeatable: boolean, options?: CallOptions) {
    return this.#send<Answer>({ method: 'POST', path, body: { json }, repeatable }, options)
  }

  /** The time that a request has, and what it waits besides. */
  #patient(wait: string | undefined, options: CallOptions = {}): CallOptions {
    const waitMs = wait === undefined ? 0 : (parseDuration(wait) ?? 0)
    return { ...options, timeoutMs: waitMs + (options.timeoutMs ?? this.#timeoutMs) }
  }

  async #send<Answer>(request: Request, { signal, timeoutMs, retries }: CallOptions = {}): Promise<Answer> {
    const answer = await send(this.#connection, {
      ...request,
      signal,
      timeoutMs: timeoutMs ?? this.#timeoutMs,
      retries: retries ?? this.#retries,
    })
    // The server's tests hold its answers to openapi.yaml.
    return answer as Answer
  }
}

/** With `@opentelemetry/api` installed, the processes go on in the trace that the call is a step of, or begins. */
function startSpan<T>(
  definition: string | undefined,
  run: (headers: Record<string, string>) => Promise<T>,
): Promise<T> {
  const describe = (): SpanDescription => ({
    name: definition === undefined ? 'start' : `start ${definition}`,
    kind: 'producer',
    attributes: {
      'messaging.system': 'tunacorn',
      'messaging.operation.name': 'start',
      'messaging.operation.type': 'send',
      ...(definition !== undefined && { 'messaging.destination.name': definition }),
    },
  })
  return inSpan(undefined, describe, ({ traceparent }) =>
    run(traceparent === undefined ? {} : { traceparent }),
  )
}

/** 128 random bits. Not `crypto.randomUUID`, which browsers have only on pages that came over TLS. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function definitionBody(source: string | object, format: 'yaml' | 'json' = 'yaml'): HttpCall['body'] {
  return typeof source === 'string' ? { text: source, type: `application/${format}` } : { json: source }
}

function segment(text: string): string {
  return encodeURIComponent(text)
}

/** In browsers, a path such as `/tunacorn` will do. */
function checkedUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!url.startsWith('/') && parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new TypeError(`Expected a URL such as http://127.0.0.1:8266, but got ${JSON.stringify(url)}`)
  }
  if (parsed !== undefined && (parsed.username !== '' || parsed.password !== '')) {
    throw new TypeError('Expected a URL without user and password: pass an authorization header in headers')
  }
  if (/[?#]/.test(url)) throw new TypeError(`Expected a URL without ? and #, but got ${JSON.stringify(url)}`)
  return url.replace(/\/+$/, '')
}
