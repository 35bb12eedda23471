import { readFileSync } from 'node:fs'

/** @param {number} pid */
export function residentBytes(pid) {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1_024
}

/** Watches how large a process becomes. */
export class MemoryWatch {
  #idleBytes
  #largestBytes
  #timer

  /** @param {number} pid of a process that is idle now */
  constructor(pid) {
    this.#idleBytes = residentBytes(pid)
    this.#largestBytes = this.#idleBytes
    this.#timer = setInterval(() => {
      this.#largestBytes = Math.max(this.#largestBytes, residentBytes(pid))
    }, 50)
  }

  /** @returns how much larger than idle it was at most */
  stop() {
    clearInterval(this.#timer)
    return { idleBytes: this.#idleBytes, aboveIdleBytes: this.#largestBytes - this.#idleBytes }
  }
}
