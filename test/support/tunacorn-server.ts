import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../packages/postgres/test/support/free-port.js'

const command = fileURLToPath(new URL('../../packages/server/bin/tunacorn.js', import.meta.url))
const startTimeoutMs = 60_000
const keptLogCharacters = 64 * 1024

export type ServerDatabase =
  | { readonly kind: 'embedded'; readonly dataDirectory: string }
  | { readonly kind: 'postgres'; readonly url: string }

/** A real `tunacorn serve` in a process of its own, on a port that stays the same over restarts. */
export class TunaCornServer {
  readonly url: string
  readonly #port: number
  readonly #database: ServerDatabase
  readonly #settings: NodeJS.ProcessEnv
  #child: ChildProcess | undefined
  #log = ''

  private constructor(database: ServerDatabase, port: number, settings: NodeJS.ProcessEnv) {
    this.#database = database
    this.#settings = settings
    this.#port = port
    this.url = `http://127.0.0.1:${port}`
  }

  /** @param settings as environment variables. */
  static async start(database: ServerDatabase, settings: NodeJS.ProcessEnv = {}): Promise<TunaCornServer> {
    const server = new TunaCornServer(database, await freePort(), settings)
    await server.restart()
    return server
  }

  /** Starts it again after `kill` or `stop`; resolves when it is ready. */
  async restart(): Promise<void> {
    if (this.#child !== undefined) throw new Error('Expected the server to be stopped, but it runs')
    const child = spawn(
      process.execPath,
      [command, 'serve', '--host', '127.0.0.1', '--port', String(this.#port)],
      { stdio: ['ignore', 'pipe', 'pipe'], env: this.#environment() },
    )
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-keptLogCharacters)
      })
    }
    const endWithUs = () => child.kill('SIGKILL')
    process.once('exit', endWithUs)
    child.once('exit', () => {
      process.off('exit', endWithUs)
      if (this.#child === child) this.#child = undefined
    })
    await this.#untilReady(child)
  }

  /** As a crash would end it. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** As a machine that falls asleep, in the middle of whatever it does. */
  fallAsleep(): void {
    this.#child?.kill('SIGSTOP')
  }

  wakeUp(): void {
    this.#child?.kill('SIGCONT')
  }

  /** The end of what it has said. */
  get log(): string {
    return this.#log
  }

  /** The database by environment, not by flags: a password in a flag is seen by all users of a machine. */
  #environment(): NodeJS.ProcessEnv {
    const database = this.#database
    return {
      ...process.env,
      LOG_LEVEL: 'warn',
      DATABASE_URL: database.kind === 'postgres' ? database.url : '',
      TUNACORN_DATA_DIR: database.kind === 'embedded' ? database.dataDirectory : '',
      ...this.#settings,
    }
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + startTimeoutMs
    while (performance.now() < deadline) {
      if (this.#child !== child) break
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined)
      await answer?.arrayBuffer()
      if (answer?.ok) return
      await sleep(50)
    }
    await this.kill()
    throw new Error(`Expected the server to become ready, but it did not. It said:\n${this.#log}`)
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
}
