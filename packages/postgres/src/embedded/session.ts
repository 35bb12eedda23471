import type { PGlite } from '@electric-sql/pglite'
import { AnswerBuffer } from './answer-buffer.js'
import { query } from './simple-query.js'

type Bytes = Uint8Array<ArrayBuffer>

/** PGlite's one session, as its clients come and go. */
export class Session {
  readonly #database: PGlite
  readonly #buffer = new AnswerBuffer()
  readonly #answer: (session: number, bytes: Bytes) => void
  #greeting: Uint8Array | undefined

  /** @param answer takes the answers, whole or in pieces; each in a buffer of its own */
  constructor(database: PGlite, answer: (session: number, bytes: Bytes) => void) {
    this.#database = database
    this.#answer = answer
  }

  async run(session: number, bytes: Uint8Array): Promise<void> {
    const send = (answer: Bytes) => this.#answer(session, answer)
    // Only a startup packet begins with a zero, the first byte of its length.
    if (bytes[0] === 0) send(new Uint8Array((this.#greeting ??= await this.#greet(bytes))))
    else await this.#execute(bytes, send)
  }

  /**
   * What a new client must not see of the one before: the rest of a broken message cycle (Sync ends it),
   * its transaction, its settings, statements, temporary tables, advisory locks.
   */
  async reset(): Promise<void> {
    await this.#execute(Buffer.concat([SYNC, query('ROLLBACK'), query('DISCARD ALL')]), () => {})
  }

  /** PostgreSQL greets only once: later clients get the same greeting, of the session now clean again. */
  async #greet(startup: Uint8Array): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    await this.#execute(startup, (answer) => parts.push(answer))
    return Buffer.concat(parts)
  }

  async #execute(bytes: Uint8Array, send: (answer: Bytes) => void): Promise<void> {
    // Not execProtocolRaw: that one also parses every answer in JavaScript and keeps what it parsed for good.
    await this.#database.execProtocolRawStream(bytes, {
      onRawData: (data) => this.#buffer.add(data, send),
    })
    this.#buffer.flush(send)
  }
}

const SYNC = Buffer.from([0x53, 0, 0, 0, 4])
