import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { freePort } from '../../packages/postgres/test/support/free-port.js'
import { unprivilegedUser } from '../../packages/postgres/test/support/unprivileged-user.js'

const startTimeoutMs = 20_000
const places = [
  '/usr/sbin/pgbouncer',
  '/usr/bin/pgbouncer',
  '/usr/local/bin/pgbouncer',
  '/opt/homebrew/bin/pgbouncer',
]

/** A pooler of one's own before a database, in transaction mode. */
export class PgBouncer {
  /** The database, through it. */
  readonly url: string
  readonly #child: ChildProcess
  readonly #directory: string

  private constructor(url: string, child: ChildProcess, directory: string) {
    this.url = url
    this.#child = child
    this.#directory = directory
  }

  static find(): string | undefined {
    return places.find((place) => existsSync(place))
  }

  /** @param settings as in pgbouncer.ini. */
  static async start(
    databaseUrl: string,
    settings: Readonly<Record<string, string | number>>,
  ): Promise<PgBouncer> {
    const { hostname, port: databasePort, username, password, pathname } = new URL(databaseUrl)
    const user = await unprivilegedUser()
    const directory = await mkdtemp(join(tmpdir(), 'tunacorn-pgbouncer-'))
    const port = await freePort()
    const lines = Object.entries({
      listen_addr: '127.0.0.1',
      listen_port: port,
      unix_socket_dir: '',
      auth_type: 'plain',
      auth_file: join(directory, 'users'),
      logfile: join(directory, 'log'),
      pool_mode: 'transaction',
      ...settings,
    }).map(([name, value]) => `${name} = ${value}`)
    const target = `host=${hostname} port=${databasePort || 5432}`
    const files = {
      'pgbouncer.ini': ['[databases]', `* = ${target}`, '[pgbouncer]', ...lines, ''].join('\n'),
      users: `"${username}" "${decodeURIComponent(password)}"\n`,
      log: '',
    }
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(directory, name), text, { mode: 0o600 })
      if (user) await chown(join(directory, name), user.uid, user.gid)
    }
    if (user) await chown(directory, user.uid, user.gid)
    const child = spawn(PgBouncer.find() ?? 'pgbouncer', [join(directory, 'pgbouncer.ini')], {
      stdio: 'ignore',
      ...user,
    })
    process.once('exit', () => child.kill('SIGKILL'))
    const url = `postgresql://${username}:${password}@127.0.0.1:${port}${pathname}`
    const bouncer = new PgBouncer(url, child, directory)
    await bouncer.#untilReady()
    return bouncer
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #untilReady(): Promise<void> {
    const deadline = performance.now() + startTimeoutMs
    for (;;) {
      const client = new Client({ connectionString: this.url })
      try {
        await client.connect()
        await client.end()
        return
      } catch (error) {
        if (performance.now() > deadline || this.#child.exitCode !== null) {
          const log = await readFile(join(this.#directory, 'log'), 'utf8').catch(() => '')
          await this.stop()
          throw new Error(`Expected PgBouncer to let in, but it does not. Its log:\n${log}`, { cause: error })
        }
        await sleep(50)
      }
    }
  }
}
