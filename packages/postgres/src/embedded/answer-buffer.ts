/** Above this, an answer travels in several pieces, so that a big result is parsed while the rest is made. */
const pieceBytes = 256 * 1024

/**
 * Collects the 8 KB pieces that PostgreSQL writes, which are views of its memory and so have to be copied
 * at once, into few messages that can be transferred.
 */
export class AnswerBuffer {
  readonly #bytes = new Uint8Array(pieceBytes)
  #used = 0

  add(data: Uint8Array, send: (answer: Uint8Array<ArrayBuffer>) => void): void {
    if (this.#used + data.length > pieceBytes) this.flush(send)
    if (data.length > pieceBytes) {
      send(new Uint8Array(data))
      return
    }
    this.#bytes.set(data, this.#used)
    this.#used += data.length
  }

  flush(send: (answer: Uint8Array<ArrayBuffer>) => void): void {
    if (this.#used === 0) return
    send(this.#bytes.slice(0, this.#used))
    this.#used = 0
  }
}
