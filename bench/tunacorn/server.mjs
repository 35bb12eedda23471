import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort } from '../lib/children.mjs'
import { sleep } from '../lib/clock.mjs'

const command = fileURLToPath(new URL('../../packages/server/bin/tunacorn.js', import.meta.url))
const startTimeoutMs = 60_000

/** `tunacorn serve` in a process of its own, on the same Node as this one. */
export class Server {
  #child
  #said = ''
  url

  constructor(child, url) {
    this.#child = child
    this.url = url
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.#said = (this.#said + text).slice(-4_000)
      })
    }
    // However this process ends.
    const endWithUs = () => child.kill('SIGKILL')
    process.once('exit', endWithUs)
    child.once('exit', () => process.off('exit', endWithUs))
  }

  /** @param {{ databaseUrl?: string, dataDirectory?: string }} database */
  static async start({ databaseUrl = '', dataDirectory = '' }) {
    const port = await freePort()
    const env = {
      ...process.env,
      DATABASE_URL: databaseUrl,
      TUNACORN_DATA_DIR: dataDirectory,
      LOG_LEVEL: 'warn',
      NODE_ENV: 'production',
    }
    const args = [command, 'serve', '--host', '127.0.0.1', '--port', String(port)]
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const server = new Server(child, `http://127.0.0.1:${port}`)
    await server.#untilReady()
    return server
  }

  get pid() {
    return this.#child.pid
  }

  async stop() {
    if (!this.#isRunning) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exited
  }

  get #isRunning() {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async #untilReady() {
    for (let waitedMs = 0; waitedMs < startTimeoutMs && this.#isRunning; waitedMs += 50) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined)
      await answer?.arrayBuffer()
      if (answer?.ok) return
      await sleep(50)
    }
    this.#child.kill('SIGKILL')
    throw new Error(`Expected tunacorn serve to become ready, but it did not. It said:\n${this.#said}`)
  }
}
