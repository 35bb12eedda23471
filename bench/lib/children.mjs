import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'

/** A port of the loopback interface that was free a moment ago. */
export async function freePort() {
  const server = createServer()
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/**
 * A server of somebody else's that runs for us: its output goes to a file, and it ends with `stop` or, however this
 * process ends, by its guardian, which deletes its directory too. Nothing else is ever ended.
 */
export class Service {
  #child
  #guardian
  #signal
  #directory
  #logFile

  /**
   * @param {object} what
   * @param {string} what.command
   * @param {readonly string[]} what.args
   * @param {string} what.directory deleted when it ends
   * @param {string} what.logFile
   * @param {NodeJS.Signals} [what.signal] what ends it quickly and cleanly
   * @param {NodeJS.ProcessEnv} [what.env] all that it sees of the environment
   * @param {{ uid: number, gid: number }} [what.user]
   */
  constructor({ command, args, directory, logFile, signal = 'SIGTERM', env = {}, user }) {
    const log = openSync(logFile, 'a')
    this.#child = spawn(command, args, {
      cwd: directory,
      env: { PATH: process.env.PATH, HOME: directory, LC_ALL: 'C', TZ: 'UTC', ...env },
      stdio: ['ignore', log, log],
      // Ctrl-C is for us; we end the others in their turn.
      detached: true,
      ...user,
    })
    closeSync(log)
    this.#child.on('error', () => {})
    this.#signal = signal
    this.#directory = directory
    this.#logFile = logFile
    this.#guardian = guard(this.#child.pid, signal, directory)
  }

  get pid() {
    return this.#child.pid
  }

  get isRunning() {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The end of what it has said. */
  get log() {
    try {
      return readFileSync(this.#logFile, 'utf8').slice(-4_000)
    } catch {
      return '(nothing)'
    }
  }

  async stop() {
    // First: from now on its pid may be somebody else's.
    this.#guardian.kill('SIGKILL')
    if (this.isRunning) {
      const ended = once(this.#child, 'exit')
      this.#child.kill(this.#signal)
      const insist = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(insist)
    }
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Waits, by a pipe that nobody writes to, for this process to end in a way that lets it clean up nothing. */
function guard(pid, signal, directory) {
  const script = 'cat > /dev/null; kill -s "$2" "$1" 2> /dev/null && sleep 2; rm -rf "$3"'
  const args = ['-c', script, 'sh', String(pid ?? 0), signal.replace('SIG', ''), directory]
  return spawn('sh', pid === undefined ? ['-c', 'true'] : args, {
    cwd: tmpdir(),
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
}
