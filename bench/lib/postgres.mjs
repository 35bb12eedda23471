import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { sleep } from './clock.mjs'
import { freePort, Service } from './children.mjs'
import { unprivilegedUser } from './user.mjs'

const debianParent = '/usr/lib/postgresql'

/** The directory of initdb and postgres: in PATH, by pg_config, else the newest where Debian puts them. */
function findBinaries() {
  const inPath = (process.env.PATH ?? '').split(delimiter)
  const places = [...inPath, ...fromPgConfig(), ...fromDebian()]
  const found = places.find((place) => ['initdb', 'postgres'].every((name) => existsSync(join(place, name))))
  if (found !== undefined) return found
  throw new Error(
    `Expected initdb and postgres in PATH or in ${debianParent}/<version>/bin, but found neither. Install PostgreSQL (Debian: the package postgresql).`,
  )
}

/** pgbench is where the server is, or where the link to it points, or in PATH. */
function findPgbench(binaries) {
  const places = [
    binaries,
    dirname(realpathSync(join(binaries, 'postgres'))),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  return places.map((place) => join(place, 'pgbench')).find((file) => existsSync(file))
}

function fromPgConfig() {
  try {
    const stdio = ['ignore', 'pipe', 'ignore']
    return [execFileSync('pg_config', ['--bindir'], { encoding: 'utf8', stdio }).trim()]
  } catch {
    return []
  }
}

function fromDebian() {
  if (!existsSync(debianParent)) return []
  const versions = readdirSync(debianParent).map(Number).filter(Number.isInteger)
  return versions.toSorted((a, b) => b - a).map((version) => join(debianParent, String(version), 'bin'))
}

/**
 * A throw-away cluster as `initdb` makes it. Only where it listens is said: fsync, synchronous_commit and all that
 * makes it quick or slow are PostgreSQL's own defaults.
 */
export class Postgres {
  #service
  #password
  #port
  /** the command, where there is one */
  pgbench

  constructor({ service, password, port, pgbench }) {
    this.#service = service
    this.#password = password
    this.#port = port
    this.pgbench = pgbench
  }

  /** @param {string} directory that does not exist yet, on the disk that is to be measured */
  static async start(directory) {
    const binaries = findBinaries()
    const user = unprivilegedUser()
    mkdirSync(directory, { recursive: true })
    if (user) chownSync(directory, user.uid, user.gid)
    const password = randomBytes(16).toString('hex')
    const passwordFile = join(directory, 'password')
    writeFileSync(passwordFile, password, { mode: 0o600 })
    if (user) chownSync(passwordFile, user.uid, user.gid)
    const data = join(directory, 'data')
    const access = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
    const env = { PATH: process.env.PATH, HOME: directory, LC_ALL: 'C', TZ: 'UTC' }
    await promisify(execFile)(
      join(binaries, 'initdb'),
      [`--pgdata=${data}`, ...access, '--encoding=UTF8', '--locale=C', '--no-sync'],
      { cwd: directory, env, ...user },
    )
    const port = await freePort()
    const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '' }
    const service = new Service({
      command: join(binaries, 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      directory,
      logFile: join(directory, 'log'),
      // Immediate: nobody will ask for this data again.
      signal: 'SIGQUIT',
      user,
    })
    await untilReady(service, join(data, 'postmaster.pid'))
    return new Postgres({ service, password, port, pgbench: findPgbench(binaries) })
  }

  url(database = 'postgres') {
    return `postgresql://postgres:${this.#password}@127.0.0.1:${this.#port}/${database}`
  }

  /** An empty database; what was written before is on its way to the disk no more. */
  async freshDatabase(name) {
    await this.ask(`CREATE DATABASE ${name}`)
    await this.ask('CHECKPOINT')
    return this.url(name)
  }

  async drop(name) {
    await this.ask(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  }

  /** Version and what decides over durability, as the server says it. */
  async describe() {
    const names = ['server_version', 'fsync', 'synchronous_commit', 'wal_sync_method', 'shared_buffers']
    const shown = await Promise.all(
      names.map(async (name) => [name, (await this.ask(`SHOW ${name}`))[0][name]]),
    )
    return Object.fromEntries(shown)
  }

  async ask(sql) {
    // Loaded when needed: it comes with the packages that the benchmark installs.
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString: this.url() })
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }

  async stop() {
    await this.#service.stop()
  }
}

/** The postmaster writes its status into its pid file, as the 8th line. */
async function untilReady(service, pidFile) {
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 50) {
    if (!service.isRunning) break
    const lines = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').split('\n') : []
    if (lines[7]?.trim() === 'ready') return
    await sleep(50)
  }
  const { log } = service
  await service.stop()
  throw new Error(`Expected PostgreSQL to start, but it did not. It said:\n${log}`)
}
