import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const program = fileURLToPath(new URL('./client-worker.mjs', import.meta.url))

/** What a worker says of one hand-out. */
export interface HandOut {
  readonly type: 'handed' | 'lost'
  readonly id: string
  readonly task: string
  readonly attempt: number
}

/** A `Worker` of the client in a process of its own that ends with the test; one task at a time. */
export class ClientWorker {
  readonly #child: ChildProcess
  readonly #said: HandOut[] = []
  #onSaid: () => void = () => undefined

  constructor(options: { readonly url: string; readonly name: string; readonly process: string }) {
    this.#child = fork(program, [JSON.stringify(options)], { execArgv: [] })
    this.#child.on('message', (message) => {
      this.#said.push(message as HandOut)
      this.#onSaid()
    })
    onTestFinished(() => this.kill())
  }

  /** What it says next. */
  async says(): Promise<HandOut> {
    while (this.#said.length === 0) await new Promise<void>((said) => (this.#onSaid = said))
    return this.#said.shift() as HandOut
  }

  /** Its handler is done; while it is stopped, as soon as it goes on. */
  finish(): void {
    this.#child.send('finish')
  }

  /** As a machine that falls asleep: it does nothing at all, and knows nothing of it. */
  fallAsleep(): void {
    this.#child.kill('SIGSTOP')
  }

  wakeUp(): void {
    this.#child.kill('SIGCONT')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
