import { hostname } from 'node:os'
import {
  TaskFailure,
  TunaCornConnectionError,
  TunaCornHttpError,
  Worker,
  type Logger,
  type TunaCornClient,
} from '@tunacorn/client'
import { parseDuration } from '@tunacorn/protocol'
import type { LogLevel } from '../config.js'
import type { Failure } from '../failures.js'
import { failureOf } from '../server-answers.js'
import { createLogger } from '../logger.js'
import { unknownDefinition, unknownTask } from '../nearest-names.js'
import { note, printJson } from '../output.js'
import { printable, roughly, shortJson } from '../wording.js'
import { ProgramRunner, type Run } from './program-runner.js'

export interface WorkerCommand {
  readonly client: TunaCornClient
  readonly program: readonly [string, ...string[]]
  /** Of any name when absent. */
  readonly names: readonly string[] | undefined
  readonly definition: string | undefined
  readonly process: string | undefined
  readonly name: string | undefined
  readonly concurrency: number
  readonly lease: string
  readonly grace: string
  readonly logLevel: LogLevel
  readonly asJson: boolean
}

/** What `tunacorn worker` does, until it is stopped. */
export async function runWorker(command: WorkerCommand): Promise<void> {
  const { client, program, names, definition, process: ofProcess, concurrency } = command
  const { url } = client
  const name = command.name ?? `${hostname()}-${process.pid}`
  const runner = new ProgramRunner({ program, url, onEnd: (run) => tell(run, command.asJson) })
  const handlers = names && Object.fromEntries(names.map((each) => [each, runner.handler]))
  let refuse: (failure: Failure | undefined) => void = () => undefined
  const refused = new Promise<Failure | undefined>((resolve) => (refuse = resolve))
  const logger = quietOnFailures(createLogger(command.logLevel, process.stderr), refuse)
  const worker = new Worker({
    client,
    name,
    ...(handlers === undefined ? { handler: runner.handler } : { handlers }),
    ...(definition !== undefined && { definition }),
    ...(ofProcess !== undefined && { process: ofProcess }),
    concurrency,
    leaseMs: parseDuration(command.lease) ?? 30_000,
    logger,
  })
  // However this ends: they are in groups of their own, and would go on with nobody to report them.
  process.once('exit', () => runner.endAll())
  const stopped = stopOnSignals(worker, parseDuration(command.grace) ?? 0, [runner.broken, refused])
  worker.start()
  const what = names === undefined ? 'tasks of any name' : `tasks named ${names.map(printable).join(', ')}`
  note(`${name} does ${what} for ${url}. Ctrl-C stops it.`)
  void warn(client, command)
  const fault = await stopped
  await runner.allEnded()
  if (fault !== undefined) throw fault
  note('Stopped.')
}

/** Resolves when the worker has stopped; with what it had to stop for, unless it was told to. */
async function stopOnSignals(
  worker: Worker,
  graceMs: number,
  faults: readonly Promise<Failure | undefined>[],
): Promise<Failure | undefined> {
  let signals = 0
  const asked = new Promise<undefined>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        signals += 1
        if (signals === 1) {
          note('Stopping: what runs may end, and is reported. Once more gives it back.')
          resolve(undefined)
        } else void worker.stop({ graceMs: 0 })
      })
    }
  })
  const fault = await Promise.race([asked, ...faults])
  await worker.stop({ graceMs: fault === undefined ? graceMs : 0 })
  return fault
}

/**
 * That a program has failed is told with all other ends: no warning besides. That the server is away is no matter of this
 * command's stack. Who may not ask at all is not going to be let in by asking again.
 */
function quietOnFailures(logger: Logger, onRefused: (failure: Failure | undefined) => void): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => {
      const { err, ...others } = fields as { readonly err?: unknown }
      if (err instanceof TaskFailure) logger.debug(fields, message)
      else if (err instanceof TunaCornConnectionError)
        logger.warn({ ...others, reason: err.message }, message)
      else logger.warn(fields, message)
    },
    error: (fields, message) => {
      const { err } = fields as { readonly err?: unknown }
      if (err instanceof TunaCornHttpError && (err.status === 401 || err.status === 403))
        onRefused(failureOf(err))
      else logger.error(fields, message)
    },
  }
}

function tell({ task, outcome, tookMs, result }: Run, asJson: boolean): void {
  const { id, name, attempt, process: ofProcess } = task
  if (asJson) {
    return printJson({
      task: id,
      name,
      attempt,
      process: ofProcess.id,
      outcome,
      tookMs: Math.round(tookMs),
      result,
    })
  }
  const said = shortJson(result)
  console.log(`${printable(name)}  ${outcome}  ${roughly(tookMs)}${said === '' ? '' : `  ${said}`}`)
}

/** Nothing stops a worker from waiting for tasks that nobody has thought of yet; but most often it is a slip. */
async function warn(client: TunaCornClient, { names = [], definition }: WorkerCommand): Promise<void> {
  const warnings = await Promise.all([
    ...(definition === undefined ? [] : [unknownDefinition(client, definition)]),
    ...names.map((name) => unknownTask(client, name)),
  ])
  for (const warning of warnings) if (warning !== undefined) note(`${warning} Waiting for one all the same.`)
}
