import { messageOf } from './thrown.js'

/**
 * What PostgreSQL last complained of on stderr. PGlite itself says only that it failed, or that the program
 * ended with a number.
 */
export class Complaints {
  readonly #lines: string[] = []

  /** PGlite's `onStderr`. */
  readonly note = (line: string): boolean => {
    if (/(FATAL|PANIC|ERROR):/.test(line)) this.#lines.push(line.trim())
    if (this.#lines.length > 3) this.#lines.shift()
    return true
  }

  /** The message of something thrown, and what led to it. */
  explain(thrown: unknown): string {
    return [messageOf(thrown), ...this.#lines].join('; ')
  }
}
