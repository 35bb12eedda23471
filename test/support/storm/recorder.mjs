// Writes calls down before they are made and after they are answered, so that a process that is killed in between
// leaves what it has asked. See record.ts for the lines.
import { openSync, writeSync } from 'node:fs'

const callTimeoutMs = 4_000

export class Recorder {
  #file
  #last = 0

  /** @param {string} path to be appended to */
  constructor(path) {
    this.#file = openSync(path, 'a')
  }

  /** @returns {number} the number under which `answered` tells what became of it */
  asked(deed) {
    const n = (this.#last += 1)
    this.#write({ n, at: nowMs(), ...deed })
    return n
  }

  answered(n, answer) {
    this.#write({ n, at: nowMs(), ...answer })
  }

  #write(line) {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
  }
}

/** One HTTP call. Status 0: no answer came. */
export async function post(url, path, body, headers = {}) {
  try {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(callTimeoutMs),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  } catch {
    return { status: 0, body: {} }
  }
}

/** By the clock that all of this machine share, the database too. */
export function nowMs() {
  return Date.now()
}

export function oneOf(list) {
  return list[Math.floor(Math.random() * list.length)]
}

/** Any but this one, if there is another. */
export function otherOf(list, one) {
  const others = list.filter((item) => item !== one)
  return others.length === 0 ? one : oneOf(others)
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
