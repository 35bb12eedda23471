import { Worker } from 'node:worker_threads'
import type { ParseReply, ParseRequest } from './parse-thread.js'
import type { Problem } from './problem.js'

/** The definition could not be read, for a reason that is not its own. Trying again later may help. */
export class DefinitionReadError extends Error {
  override readonly name = 'DefinitionReadError'
  readonly code: 'definition-queue-full' | 'definition-thread-failed'

  constructor(code: DefinitionReadError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

const MAX_WAITING = 32
/** Several times what the largest definition takes. Texts made to be slow must not hold up the others for long. */
const MAX_PARSE_MS = 120_000

/**
 * What the thread may hold: as much as the largest definition that is allowed takes in YAML. Four megabytes of nothing but
 * short items take nearly as much.
 */
const MAX_THREAD_MEGABYTES = 2_048

interface Job {
  readonly request: ParseRequest
  readonly resolve: (reply: ParseReply) => void
  readonly reject: (error: DefinitionReadError) => void
}

/**
 * Texts waiting for the one thread that parses. It is started when there is something to do, and ended when there is
 * not: a large definition leaves hundreds of megabytes behind, which only its end gives back.
 */
export class ParseQueue {
  readonly #maxMegabytes: number
  readonly #waiting: Job[] = []
  #thread: Worker | undefined
  #current: Job | undefined
  /** Runs out when the thread has been busy with one text for too long. */
  #timer: NodeJS.Timeout | undefined

  constructor(maxMegabytes = MAX_THREAD_MEGABYTES) {
    this.#maxMegabytes = maxMegabytes
  }

  parse(request: ParseRequest): Promise<ParseReply> {
    if (this.#waiting.length >= MAX_WAITING) {
      const message = `Expected at most ${MAX_WAITING} large definitions to wait for being read, but here is one more`
      return Promise.reject(new DefinitionReadError('definition-queue-full', message))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject })
      this.#next()
    })
  }

  #next(): void {
    if (this.#current !== undefined) return
    clearTimeout(this.#timer)
    this.#current = this.#waiting.shift()
    if (this.#current === undefined) {
      this.#dismiss()
      return
    }
    try {
      this.#hand(this.#current.request)
    } catch (cause) {
      this.#fail(cause)
    }
  }

  #hand(request: ParseRequest): void {
    const thread = (this.#thread ??= this.#start())
    this.#timer = setTimeout(() => this.#giveUp(thread), MAX_PARSE_MS)
    // oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
    thread.postMessage(request)
  }

  #start(): Worker {
    // Flags of the program, such as --input-type, may not fit a thread, which needs none.
    const thread = new Worker(new URL('./parse-thread.js', import.meta.url), {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.#maxMegabytes },
    })
    thread.on('message', (reply: ParseReply) => {
      if (thread === this.#thread) this.#end((job) => job.resolve(reply))
    })
    thread.on('error', (cause) => this.#lose(thread, cause))
    thread.on('exit', (code) => this.#lose(thread, new Error(`The thread ended with code ${code}`)))
    return thread
  }

  #end(settle: (job: Job) => void): void {
    const job = this.#current
    this.#current = undefined
    if (job !== undefined) settle(job)
    this.#next()
  }

  /** A thread that failed or ended takes its job with it; the next job gets a new thread. */
  #lose(thread: Worker, cause: Error): void {
    if (thread !== this.#thread) return
    this.#thread = undefined
    // A reason of the text's own: it would take as much at any other time.
    if (isOutOfMemory(cause))
      this.#end((job) => job.resolve({ problems: [tooMuchMemory(this.#maxMegabytes)] }))
    else this.#fail(cause)
  }

  #fail(cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `Expected to read the definition, but the thread that parses it failed: ${why}`
    const error = new DefinitionReadError('definition-thread-failed', message, { cause })
    this.#end((job) => job.reject(error))
  }

  #giveUp(thread: Worker): void {
    this.#lose(thread, new Error(`It took more than ${MAX_PARSE_MS} ms`))
    void thread.terminate()
  }

  #dismiss(): void {
    const thread = this.#thread
    this.#thread = undefined
    void thread?.terminate()
  }
}

function isOutOfMemory(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
}

function tooMuchMemory(megabytes: number): Problem {
  const message = `Expected a text that can be read in ${megabytes} MB of memory, but it takes more. JSON takes a tenth of what YAML does.`
  return { code: 'source-too-large', message, pointer: '', line: 1, column: 1 }
}
