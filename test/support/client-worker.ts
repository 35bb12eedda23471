import { fork, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  readonly #gate: string | undefined
  readonly #said: HandOut[] = []
  #onSaid: () => void = () => undefined

  /** @param options.blocks its handler lets nothing else happen in its process, no heartbeat either. */
  constructor(options: {
    readonly url: string
    readonly name: string
    readonly process: string
    readonly blocks?: boolean
  }) {
    const { blocks = false, ...rest } = options
    this.#gate = blocks ? join(tmpdir(), `tunacorn-gate-${randomUUID()}`) : undefined
    this.#child = fork(program, [JSON.stringify({ ...rest, gate: this.#gate })], { execArgv: [] })
    this.#child.on('message', (message) => {
      this.#said.push(message as HandOut)
      this.#onSaid()
    })
    onTestFinished(async () => {
      this.kill()
      if (this.#gate !== undefined) await rm(this.#gate, { force: true })
    })
  }

  /** What it says next. */
  async says(): Promise<HandOut> {
    while (this.#said.length === 0) await new Promise<void>((said) => (this.#onSaid = said))
    return this.#said.shift() as HandOut
  }

  /** Its handler is done; while it is stopped, as soon as it goes on. */
  finish(): void {
    if (this.#gate === undefined) this.#child.send('finish')
    else writeFileSync(this.#gate, '')
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
