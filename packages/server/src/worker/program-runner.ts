import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { TaskFailure, type Handler } from '@tunacorn/client'
import { parseJson } from '@tunacorn/core'
import { environmentWith } from '../config.js'
import { errorCode, Failure, messageOf } from '../failures.js'
import { BoundedText, TextTail } from './bounded-text.js'

type Task = Parameters<Handler>[0]

/** What became of one run of the program. */
export interface Run {
  readonly task: Task
  /** `given-back`: the claim was lost, or the worker stops. */
  readonly outcome: 'completed' | 'failed' | 'given-back'
  readonly tookMs: number
  /** Its output, or why it failed. */
  readonly result: unknown
}

export interface ProgramRunnerOptions {
  /** With its arguments. */
  readonly program: readonly [string, ...string[]]
  readonly url: string
  readonly onEnd: (run: Run) => void
}

/** As much as the server takes. */
const mostOutputBytes = 1024 * 1024

/** Of what it says on standard error, the end: as much as people read. */
const mostErrorBytes = 4 * 1024

/** From SIGTERM to SIGKILL. */
const killAfterMs = 10_000

/** Runs a program for each task: the task as JSON on its standard input, its output from standard output. */
export class ProgramRunner {
  /** When the program cannot be started at all, which is no fault of any task. */
  readonly broken: Promise<Failure>
  readonly #options: ProgramRunnerOptions
  readonly #running = new Set<Promise<unknown>>()
  readonly #children = new Set<ChildProcessWithoutNullStreams>()
  #break: (failure: Failure) => void = () => {}

  constructor(options: ProgramRunnerOptions) {
    this.#options = options
    this.broken = new Promise((resolve) => (this.#break = resolve))
  }

  readonly handler: Handler = async (task, { signal }) => {
    const startedAt = performance.now()
    const tell = (outcome: Run['outcome'], result: unknown) =>
      this.#options.onEnd({ task, outcome, tookMs: performance.now() - startedAt, result })
    try {
      const output = await this.#track(this.#run(task, signal))
      tell(signal.aborted ? 'given-back' : 'completed', output)
      return output
    } catch (error) {
      tell(signal.aborted ? 'given-back' : 'failed', { message: messageOf(error) })
      throw error
    }
  }

  /** Resolves when no program runs any more: those of tasks that were given back may take a while to end. */
  async allEnded(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  /** Tells all programs that run to end, and waits for none. */
  endAll(): void {
    for (const child of this.#children) sendSignal(child, 'SIGTERM')
  }

  async #track<Result>(running: Promise<Result>): Promise<Result> {
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  async #run(task: Task, signal: AbortSignal): Promise<unknown> {
    const child = this.#spawn(task)
    this.#children.add(child)
    child.once('close', () => this.#children.delete(child))
    const output = new BoundedText(mostOutputBytes)
    const complaint = new TextTail(mostErrorBytes)
    child.stdout.on('data', (bytes: Buffer) => {
      if (output.isOver) return
      if (!output.add(bytes)) end(child)
    })
    child.stderr.on('data', (bytes: Buffer) => {
      complaint.add(bytes)
      process.stderr.write(bytes)
    })
    // Not every program reads what it is given.
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify(task))
    const giveUp = () => end(child)
    signal.addEventListener('abort', giveUp)
    try {
      const [code, killedBy] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
      if (output.isOver)
        throw new TaskFailure(`Expected at most 1 MB of output, but ${this.#name} printed more.`)
      if (code !== 0) throw this.#failure(code, killedBy, complaint.text)
      return this.#outputOf(output.text)
    } catch (error) {
      if (!(error instanceof Error) || !('syscall' in error)) throw error
      this.#break(cannotStart(this.#name, error))
      // Given back rather than failed: the worker stops, and its signal says so.
      if (!signal.aborted) await once(signal, 'abort')
      throw error
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  get #name(): string {
    return this.#options.program[0]
  }

  #spawn({
    id,
    name,
    attempt,
    process: { id: processId, definition },
  }: Task): ChildProcessWithoutNullStreams {
    const [program, ...args] = this.#options.program
    const env = environmentWith({
      TUNACORN_URL: this.#options.url,
      TUNACORN_TASK_ID: id,
      TUNACORN_TASK_NAME: name,
      TUNACORN_ATTEMPT: String(attempt),
      TUNACORN_PROCESS_ID: processId,
      TUNACORN_DEFINITION: definition,
    })
    // In a group of its own: a Ctrl-C is for the worker alone, and a signal of ours for all that the program has started.
    return spawn(program, args, { env, detached: true, stdio: 'pipe' })
  }

  #failure(code: number | null, killedBy: NodeJS.Signals | null, stderr: string): TaskFailure {
    const how = code === null ? `was ended by ${killedBy}` : `ended with exit code ${code}`
    const lastLine = stderr.trim().split('\n').at(-1) ?? ''
    const message = `${this.#name} ${how}${lastLine === '' ? '' : `: ${lastLine.slice(0, 200)}`}`
    return new TaskFailure(message, {
      details: {
        ...(code === null ? { signal: killedBy } : { exitCode: code }),
        ...(stderr !== '' && { stderr }),
      },
    })
  }

  #outputOf(text: string): unknown {
    if (text.trim() === '') return undefined
    try {
      return parseJson(text)
    } catch (error) {
      const why = messageOf((error as Error).cause ?? error)
      throw new TaskFailure(`Expected ${this.#name} to print JSON, or nothing, but: ${why}`, {
        details: { stdout: text.slice(0, 500) },
        cause: error,
      })
    }
  }
}

/** SIGTERM, and SIGKILL when that has not helped. */
function end(child: ChildProcessWithoutNullStreams): void {
  sendSignal(child, 'SIGTERM')
  const timer = setTimeout(() => sendSignal(child, 'SIGKILL'), killAfterMs)
  child.once('close', () => clearTimeout(timer))
}

function sendSignal(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  const { pid } = child
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    // It has ended by itself; or it is another user's, such as sudo's, and ends when it likes.
    if (errorCode(error) !== 'ESRCH') child.kill(signal)
  }
}

function cannotStart(name: string, error: Error): Failure {
  const why =
    errorCode(error) === 'ENOENT'
      ? 'there is no such program'
      : errorCode(error) === 'EACCES'
        ? 'it may not be run: "chmod +x" makes it so'
        : messageOf(error)
  return new Failure(`Expected ${name} to start, but ${why}. Its tasks were given back.`, { cause: error })
}
