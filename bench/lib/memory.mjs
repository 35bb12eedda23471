import { readFileSync } from 'node:fs'

/** @param {number} pid */
export function residentBytes(pid) {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1_024
}

/** Watches how large a process becomes. */
export class MemoryWatch {
  #pid
  #idleBytes
  #largestBytes
  #timer

  /** @param {number} pid of a process that is idle now */
  constructor(pid) {
    this.#pid = pid
    this.#idleBytes = residentBytes(pid)
    this.#largestBytes = this.#idleBytes
    this.#timer = setInterval(() => this.look(), 50)
  }

  /** @returns how large it is now */
  look() {
    const bytes = residentBytes(this.#pid)
    this.#largestBytes = Math.max(this.#largestBytes, bytes)
    return bytes
  }

  /** From here on it is another part that is watched. @returns how large it has been in the one before */
  nextPart() {
    const largestBytes = this.#largestBytes
    this.#largestBytes = residentBytes(this.#pid)
    return largestBytes
  }

  stop() {
    clearInterval(this.#timer)
    return { idleBytes: this.#idleBytes, largestBytes: this.#largestBytes }
  }
}
