import { Duplex } from 'node:stream'
import { FrontendBatches } from './frontend-batches.js'

/** What a stream needs of the database behind it. */
export interface SessionHost {
  begin(stream: SessionStream): void
  run(stream: SessionStream, bytes: Uint8Array<ArrayBuffer>): void
  end(stream: SessionStream): void
}

/**
 * Stands where `pg` expects a socket: one client's connection to the embedded database. It offers the few
 * socket methods that `pg` calls; keep-alive, timeouts and TLS have no meaning here.
 */
export class SessionStream extends Duplex {
  readonly #host: SessionHost
  readonly #batches = new FrontendBatches()

  constructor(host: SessionHost) {
    super()
    this.#host = host
  }

  connect(): this {
    // Later, as with a socket: `pg` adds its listener after this call.
    process.nextTick(() => {
      if (this.destroyed) return
      this.#host.begin(this)
      if (!this.destroyed) this.emit('connect')
    })
    return this
  }

  /** The database's answer, or a part of it. */
  answer(bytes: Uint8Array): void {
    // Pushed without regard for back-pressure: it's all in memory already.
    if (!this.destroyed) this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }

  override _read(): void {
    // Answers are pushed when they come.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#send(chunk, done)
  }

  // `pg` corks the stream while it writes the messages of one query: they come here together.
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: (error?: Error) => void): void {
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#host.end(this)
    done(error)
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  // The thread keeps the process alive until the database is closed, not each client.
  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  #send(bytes: Buffer, done: (error?: Error) => void): void {
    try {
      const batch = this.#batches.take(bytes)
      if (batch) this.#host.run(this, batch)
      done()
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
