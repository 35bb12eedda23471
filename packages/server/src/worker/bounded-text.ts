/** What a program prints, up to a limit: what is beyond is not kept. */
export class BoundedText {
  readonly #limit: number
  readonly #parts: Buffer[] = []
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get isOver(): boolean {
    return this.#bytes > this.#limit
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString('utf8')
  }

  /** Whether it was still within the limit. */
  add(bytes: Buffer): boolean {
    if (this.isOver) return false
    this.#bytes += bytes.length
    this.#parts.push(bytes)
    return !this.isOver
  }
}

/** The end of what a program prints. */
export class TextTail {
  readonly #limit: number
  #tail = Buffer.alloc(0)

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Fit to be stored: without what stands for a letter that was cut, and characters that no store takes. */
  get text(): string {
    // oxlint-disable-next-line no-control-regex
    return this.#tail.toString('utf8').replaceAll(/[\u0000\ufffd]/g, '')
  }

  add(bytes: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, bytes]).subarray(-this.#limit)
  }
}
