import type { HistoryEvent } from '@tunacorn/protocol'
import type { WriteStream } from 'node:tty'
import { paintFor, type Paint } from '../terminal.js'
import { eventText } from './event-text.js'

type Stream = Pick<WriteStream, 'isTTY' | 'write'> & Partial<Pick<WriteStream, 'hasColors'>>

const barWidth = 24
const clearLine = '\r\u001b[K'

/** Shows a process as it goes: a line for all that happens, and on a terminal a bar below. */
export class ProgressView {
  readonly #stream: Stream
  readonly #paint: Paint
  readonly #total: number
  #completed = 0

  /** @param total how many tasks it has */
  constructor(stream: Stream, total: number) {
    this.#stream = stream
    this.#paint = paintFor(stream)
    this.#total = total
  }

  tell(event: HistoryEvent): void {
    if (event.type === 'task-completed') this.#completed += 1
    this.#clear()
    if (event.type !== 'process-started') this.#stream.write(`  ${eventText(event, this.#paint)}\n`)
    if (this.#stream.isTTY) this.#stream.write(this.#bar())
  }

  end(): void {
    this.#clear()
  }

  #clear(): void {
    if (this.#stream.isTTY) this.#stream.write(clearLine)
  }

  #bar(): string {
    const done = Math.floor((barWidth * this.#completed) / this.#total)
    const bar = this.#paint.green('█'.repeat(done)) + this.#paint.dim('░'.repeat(barWidth - done))
    return `  ${bar} ${this.#completed} of ${this.#total}`
  }
}
