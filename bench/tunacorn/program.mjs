import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * A program of this folder in a process of its own, on the same Node as this one. Each order that it is given is
 * answered by one message. It ends with `end`, and with the process that started it.
 */
export class Program {
  #child
  #name

  /**
   * @param {string} name of the file
   * @param {string} url where TunaCorn is
   */
  constructor(name, url) {
    this.#name = name
    const file = fileURLToPath(new URL(name, import.meta.url))
    this.#child = fork(file, [url], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  }

  get pid() {
    return this.#child.pid
  }

  /** Orders are carried out one after the other: the next one when the last one is answered. */
  async ask(order) {
    this.#child.send(order)
    const ended = new AbortController()
    const exit = once(this.#child, 'exit', ended).then(([code]) => {
      throw new Error(`Expected ${this.#name} to answer, but it ended with ${code}.`)
    })
    try {
      const [answer] = await Promise.race([once(this.#child, 'message', ended), exit])
      if (answer.failure !== undefined) throw new Error(answer.failure)
      return answer
    } finally {
      exit.catch(() => {})
      ended.abort()
    }
  }

  async end() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }
}
