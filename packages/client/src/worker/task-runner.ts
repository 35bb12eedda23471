import {
  formatDuration,
  inSpan,
  parseDuration,
  type ClaimedTask,
  type CurrentSpan,
  type SpanDescription,
  type TaskResult,
} from '@tunacorn/protocol'
import { withFields, type Logger } from '../logger.js'
import type { LeaseKeeper } from './lease-keeper.js'
import { HeldTask } from './held-task.js'
import { TaskFailure } from './task-failure.js'

/**
 * Does the work of one task. What it returns is the task's output. What it throws fails this attempt, and another
 * follows if the definition has one left; a `TaskFailure` says more of that. The lease is extended for as long as it
 * runs. With `@opentelemetry/api` installed, it runs in a span of its own, a step in the trace of its process.
 */
export type Handler = (task: ClaimedTask, context: HandlerContext) => unknown

export interface HandlerContext {
  /** Aborted when the claim is lost (`ClaimLostError`) or the worker gives up (`WorkerStoppedError`): nothing will be reported. */
  readonly signal: AbortSignal
  /** Extends the lease now, before a stretch that blocks the event loop for example. Rejects when the claim is lost. */
  readonly heartbeat: () => Promise<void>
  /** The worker's logger; its lines say which task they are about. */
  readonly logger: Logger
}

export interface TaskRunnerOptions {
  readonly worker: string
  readonly handlerOf: (name: string) => Handler
  readonly leases: LeaseKeeper
  readonly logger: Logger
  /** Called when a task's handler is done and its slot is free; with its result, unless there is nothing to report. */
  readonly onEnd: (held: HeldTask, result: TaskResult | undefined) => void
}

/** Runs handlers. A task's story is `#run`: held, handled, and its result handed on. */
export class TaskRunner {
  readonly #options: TaskRunnerOptions
  readonly #running = new Set<HeldTask>()

  constructor(options: TaskRunnerOptions) {
    this.#options = options
  }

  /** How many handlers run. */
  get size(): number {
    return this.#running.size
  }

  run(task: ClaimedTask): void {
    const leaseMs = task.lease === undefined ? undefined : parseDuration(task.lease)
    const held = new HeldTask(task, leaseMs)
    this.#running.add(held)
    this.#options.leases.hold(held)
    void this.#run(held)
  }

  /** Aborts all handlers and forgets them: what they still do is of no consequence. Gives back what they worked on. */
  abandon(reason: Error): ClaimedTask[] {
    const abandoned = [...this.#running]
    this.#running.clear()
    for (const held of abandoned) {
      this.#options.leases.letGo(held)
      held.lose(reason)
    }
    return abandoned.map(({ task }) => task)
  }

  async #run(held: HeldTask): Promise<void> {
    const { task } = held
    const describe = () => attemptSpan(task, this.#options.worker)
    const result = await inSpan(task.traceparent, describe, (span) => this.#handle(held, span))
    if (!this.#running.delete(held)) return
    const { id, name, attempt } = task
    const fields = { task: id, name, attempt }
    if (held.isLost) {
      this.#options.logger.warn(fields, 'The claim was lost: nothing is reported')
      this.#options.onEnd(held, undefined)
    } else {
      this.#options.logger.debug(fields, 'The handler is done')
      this.#options.onEnd(held, result)
    }
  }

  async #handle(held: HeldTask, { traceparent, fail }: CurrentSpan): Promise<TaskResult> {
    const { id, name, claim } = held.task
    const trace = traceparent === undefined ? {} : { traceparent }
    try {
      const handler = this.#options.handlerOf(name)
      return { task: id, claim, output: await handler(held.task, this.#contextOf(held)), ...trace }
    } catch (error) {
      fail(error)
      const { logger } = this.#options
      if (!held.isLost) logger.warn({ task: id, name, err: error }, 'The handler threw: the attempt fails')
      return { task: id, claim, error: describeError(error), ...wishOf(error), ...trace }
    }
  }

  #contextOf(held: HeldTask): HandlerContext {
    const { logger, leases } = this.#options
    const { id, name, attempt } = held.task
    return {
      get signal() {
        return held.signal
      },
      // Made when asked for, as the signal is.
      get logger() {
        return withFields(logger, { task: id, name, attempt })
      },
      heartbeat: async () => {
        held.signal.throwIfAborted()
        await leases.extend([held])
        held.signal.throwIfAborted()
      },
    }
  }
}

/** As messages are processed: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
function attemptSpan({ id, name, attempt, process }: ClaimedTask, worker: string): SpanDescription {
  const attributes = {
    'messaging.system': 'tunacorn',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': name,
    'messaging.message.id': id,
    'messaging.message.conversation_id': process.id,
    'messaging.client.id': worker,
    'tunacorn.definition.name': process.definition,
    'tunacorn.definition.version': process.definitionVersion,
    'tunacorn.task.attempt': attempt,
  }
  return { name: `process ${name}`, kind: 'consumer', attributes }
}

/** What a failed task shows of a thrown error. Never the stack: it is for this worker's log. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error), name: 'Error' }
  const code = 'code' in error ? error.code : undefined
  const hasCode = typeof code === 'string' || typeof code === 'number'
  const details = error instanceof TaskFailure ? error.details : undefined
  return {
    message: error.message,
    name: error.name,
    ...(hasCode && { code }),
    ...(details !== undefined && { details }),
  }
}

/** What the handler wants of the next attempt. */
function wishOf(error: unknown): Pick<TaskResult, 'retry' | 'retryIn'> {
  if (!(error instanceof TaskFailure)) return {}
  const { retry, retryInMs } = error
  if (retry !== undefined) return { retry }
  return retryInMs === undefined ? {} : { retryIn: formatDuration(retryInMs) }
}
