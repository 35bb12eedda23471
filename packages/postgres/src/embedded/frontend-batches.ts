/**
 * Cuts what a client writes into runs of whole frontend messages, each run ending with a message that
 * PostgreSQL answers. So a parse/bind/describe/execute/sync cycle travels to the database as one piece,
 * however the stream happened to slice it.
 *
 * Format: https://www.postgresql.org/docs/current/protocol-message-formats.html. Every message is a type
 * byte and a length (which counts itself, not the type byte); only the very first one, the startup packet,
 * has no type byte.
 */
export class FrontendBatches {
  #rest: Buffer = Buffer.alloc(0)
  #started = false
  #terminated = false

  /** The bytes that may be sent now, in a buffer of their own; undefined while more have to come. */
  take(chunk: Buffer): Uint8Array<ArrayBuffer> | undefined {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const end = this.#endOfLastAnswered(bytes)
    this.#rest = bytes.subarray(end)
    // Copied: a buffer that is transferred to a thread must not share its memory with Node's pool.
    return end === 0 ? undefined : new Uint8Array(bytes.subarray(0, end))
  }

  #endOfLastAnswered(bytes: Buffer): number {
    let answered = 0
    let start = 0
    while (!this.#terminated) {
      const typed = this.#started
      const lengthAt = typed ? start + 1 : start
      if (bytes.length < lengthAt + 4) break
      const end = lengthAt + bytes.readInt32BE(lengthAt)
      if (end < lengthAt + 4) throw new Error(`Expected a PostgreSQL message, but its length is negative`)
      if (bytes.length < end) break
      if (!typed) refuseSpecialRequest(bytes.readInt32BE(lengthAt + 4))
      const type = typed ? bytes[start] : undefined
      this.#started = true
      // Terminate ends this client's session, never the database, so it isn't passed on.
      if (type === TERMINATE) this.#terminated = true
      else if (type === undefined || ANSWERED.has(type)) answered = end
      start = end
    }
    return answered
  }
}

const code = (letter: string) => letter.charCodeAt(0)
const TERMINATE = code('X')

/** Query, Sync, Flush, FunctionCall, CopyDone, CopyFail. */
const ANSWERED: ReadonlySet<number> = new Set(['Q', 'S', 'H', 'F', 'c', 'f'].map(code))

function refuseSpecialRequest(protocol: number): void {
  if (protocol === 80877102) throw new Error('The embedded database does not support cancel requests')
  if (protocol >> 16 !== 3) throw new Error(`Expected PostgreSQL protocol 3, but got ${protocol}`)
}
