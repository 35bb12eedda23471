import { Worker } from 'node:worker_threads'
import { SessionStream, type SessionHost } from './session-stream.js'
import type { Report, Request, ThreadSetup } from './thread-messages.js'

/** PGlite is an optional peer of this package, and it isn't there. */
export class EmbeddedNotInstalledError extends Error {
  override readonly name = 'EmbeddedNotInstalledError'

  constructor(reason: string) {
    super(
      'The embedded database needs the package @electric-sql/pglite, which could not be imported. ' +
        'Install it beside @tunacorn/postgres (npm install @electric-sql/pglite@^0.5.16), or use a PostgreSQL ' +
        `server instead. The import said: ${reason}`,
    )
  }
}

/**
 * This side of the database thread. PGlite has one session, so one stream at a time is connected to it; a
 * new one takes over from the one before, whose transaction, settings and statements are then gone.
 */
export class DatabaseLink implements SessionHost {
  readonly #thread: Worker
  readonly #exited: Promise<void>
  #current: SessionStream | undefined
  #session = 0
  #closing = false
  #failure: Error | undefined
  #opened = { resolve: () => {}, reject: (_error: Error) => {} }

  /** Resolves when the database answers queries. */
  readonly ready: Promise<void>

  constructor(setup: ThreadSetup) {
    this.ready = new Promise((resolve, reject) => {
      this.#opened = { resolve, reject }
    })
    // The process's own flags (a test runner's loader, an inspector) are not for this thread.
    this.#thread = new Worker(new URL('./database-thread.js', import.meta.url), {
      workerData: setup,
      execArgv: [],
    })
    this.#thread.on('message', (report: Report) => this.#heed(report))
    this.#thread.on('error', (error) =>
      this.#fail(new Error(`The embedded database stopped: ${error.message}`)),
    )
    this.#exited = new Promise((resolve) => {
      this.#thread.once('exit', (code) => {
        const how = this.#closing ? 'is closed' : `stopped: its thread ended with code ${code}`
        this.#fail(new Error(`The embedded database ${how}`))
        resolve()
      })
    })
  }

  /** A new connection, for `pg` to use as its socket. */
  stream(): SessionStream {
    return new SessionStream(this)
  }

  begin(stream: SessionStream): void {
    if (this.#failure) {
      stream.destroy(this.#failure)
      return
    }
    this.#current?.destroy(
      new Error('Another client has taken over the one session of the embedded database'),
    )
    this.#current = stream
    this.#session += 1
  }

  run(stream: SessionStream, bytes: Uint8Array<ArrayBuffer>): void {
    if (stream === this.#current) this.#send({ kind: 'run', session: this.#session, bytes }, [bytes.buffer])
  }

  end(stream: SessionStream): void {
    if (stream !== this.#current) return
    this.#current = undefined
    this.#send({ kind: 'endSession' })
  }

  /** Closes the database cleanly. Resolves when the thread is gone, also when it had failed before. */
  async close(): Promise<void> {
    this.#closing = true
    this.#send({ kind: 'close' })
    await this.#exited
  }

  #send(request: Request, transfer: ArrayBuffer[] = []): void {
    this.#thread.postMessage(request, transfer)
  }

  #heed(report: Report): void {
    switch (report.kind) {
      case 'ready':
        this.#opened.resolve()
        break
      case 'answer':
        // An answer to a client that has gone meanwhile is nobody's.
        if (report.session === this.#session) this.#current?.answer(report.bytes)
        break
      case 'notInstalled':
        this.#fail(new EmbeddedNotInstalledError(report.reason))
        break
      case 'broken':
        this.#fail(new Error(`The embedded database stopped: ${report.reason}`))
        break
    }
  }

  /** The first failure is the cause; what follows from it would only hide it. */
  #fail(error: Error): void {
    if (this.#failure) return
    this.#failure = error
    this.#opened.reject(error)
    this.#current?.destroy(error)
  }
}
