import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findPostgresBinaries } from './postgres-binaries.js'
import { freePort } from './free-port.js'
import { unprivilegedUser, type SystemUser } from './unprivileged-user.js'

const startTimeoutMs = 30_000

export interface ClusterOptions {
  /** Where its own directory is made; where temporary files are, when absent. */
  readonly parent?: string
  /** As in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>
}

/**
 * A PostgreSQL cluster of one's own in a temporary directory, with PostgreSQL's own defaults for durability:
 * what it has committed survives `kill`. It is removed by `remove`, or when this process dies.
 */
export class ThrowAwayCluster {
  /** connects to the database `postgres` as superuser; stays the same over restarts */
  readonly url: string

  readonly #binaries: string
  readonly #directory: string
  readonly #user: SystemUser | undefined
  readonly #port: number
  readonly #settings: Readonly<Record<string, string | number>>
  readonly #guardian: ChildProcess
  #postmaster: ChildProcess | undefined

  private constructor(
    binaries: string,
    directory: string,
    user: SystemUser | undefined,
    { port, password, settings }: { port: number; password: string; settings: ClusterOptions['settings'] },
  ) {
    this.url = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`
    this.#settings = settings ?? {}
    this.#binaries = binaries
    this.#directory = directory
    this.#user = user
    this.#port = port
    this.#guardian = startGuardian(directory)
  }

  /** The directory with `initdb` and `postgres`, if this machine has them. */
  static find(): string | undefined {
    return findPostgresBinaries()
  }

  /** Makes a cluster and starts it. */
  static async create(options: ClusterOptions = {}): Promise<ThrowAwayCluster> {
    const password = randomBytes(16).toString('hex')
    return ThrowAwayCluster.#make(password, options, (cluster) => cluster.#initialise(password))
  }

  /** Another that follows this one, from the state that it has now. */
  async standby(options: ClusterOptions = {}): Promise<ThrowAwayCluster> {
    return ThrowAwayCluster.#make(new URL(this.url).password, options, async (standby) => {
      const args = [`--pgdata=${standby.#data}`, `--dbname=${this.url}`, '--write-recovery-conf']
      const quickly = ['--checkpoint=fast', '--wal-method=stream', '--no-sync']
      await promisify(execFile)(
        join(this.#binaries, 'pg_basebackup'),
        [...args, ...quickly],
        standby.#surroundings(),
      )
    })
  }

  static async #make(
    password: string,
    { parent = tmpdir(), settings }: ClusterOptions,
    fill: (cluster: ThrowAwayCluster) => Promise<void>,
  ): Promise<ThrowAwayCluster> {
    const binaries = findPostgresBinaries()
    if (!binaries) throw new Error('Expected initdb and postgres on this machine, but found neither')
    const user = await unprivilegedUser()
    const directory = await mkdtemp(join(parent, 'tunacorn-postgres-'))
    if (user) await chown(directory, user.uid, user.gid)
    const port = await freePort()
    const cluster = new ThrowAwayCluster(binaries, directory, user, { port, password, settings })
    try {
      await fill(cluster)
      await cluster.start()
    } catch (error) {
      await cluster.remove()
      throw error
    }
    return cluster
  }

  /** Starts it again after `stop` or `kill`; resolves when it takes connections. */
  async start(): Promise<void> {
    if (this.#postmaster) throw new Error('The cluster is running')
    const deadline = Date.now() + startTimeoutMs
    // After a kill, backends may hold the shared memory for a moment yet: then it refuses to start.
    while (!(await this.#tryToStart(deadline))) {
      if (Date.now() > deadline) throw new Error(`PostgreSQL did not start. Its log:\n${await this.#log()}`)
      await sleep(50)
    }
  }

  /** Whether it has not ended, by whatever. */
  get isRunning(): boolean {
    return this.#postmaster !== undefined
  }

  /** `fast` disconnects clients and shuts down cleanly; `immediate` leaves the recovery to the next start. */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.#end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
  }

  /** Kills the postmaster, as a crash would; its backends end as soon as they notice. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Ends it and deletes its files. */
  async remove(): Promise<void> {
    await this.#end('SIGQUIT')
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5 })
    this.#guardian.stdin?.end()
  }

  get #data(): string {
    return join(this.#directory, 'data')
  }

  async #initialise(password: string): Promise<void> {
    const passwordFile = join(this.#directory, 'password')
    await writeFile(passwordFile, password, { mode: 0o600 })
    if (this.#user) await chown(passwordFile, this.#user.uid, this.#user.gid)
    const access = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
    const args = [`--pgdata=${this.#data}`, ...access, '--encoding=UTF8', '--locale=C', '--no-sync']
    await promisify(execFile)(join(this.#binaries, 'initdb'), args, this.#surroundings())
  }

  async #tryToStart(deadline: number): Promise<boolean> {
    const log = await open(join(this.#directory, 'log'), 'a')
    const settings = {
      port: this.#port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: 100,
      ...this.#settings,
    }
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const postmaster = spawn(join(this.#binaries, 'postgres'), ['-D', this.#data, ...args], {
      ...this.#surroundings(),
      stdio: ['ignore', log.fd, log.fd],
    })
    await log.close()
    // The guardian sees to its end, so it needn't keep this process alive.
    postmaster.unref()
    this.#postmaster = postmaster
    postmaster.once('exit', () => (this.#postmaster = undefined))
    postmaster.once('error', () => (this.#postmaster = undefined))
    while (this.#postmaster === postmaster && Date.now() < deadline) {
      if (await this.#isReady(postmaster.pid)) return true
      await sleep(10)
    }
    return false
  }

  /** What `pg_ctl --wait` looks at: the postmaster writes its status into its pid file, as the 8th line. */
  async #isReady(pid: number | undefined): Promise<boolean> {
    const lines = (await readFile(join(this.#data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    return lines[0] === String(pid) && lines[7]?.trim() === 'ready'
  }

  async #end(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    const postmaster = this.#postmaster
    if (!postmaster) return
    postmaster.ref()
    const exited = new Promise((resolve) => postmaster.once('exit', resolve))
    postmaster.kill(signal)
    await exited
  }

  async #log(): Promise<string> {
    return readFile(join(this.#directory, 'log'), 'utf8').catch(() => '(none)')
  }

  /** Nothing of this process's environment (PGDATA, PGPORT, a locale) may change what the cluster is. */
  #surroundings() {
    const env = { PATH: process.env['PATH'] ?? '', HOME: this.#directory, LC_ALL: 'C', TZ: 'UTC' }
    return { cwd: this.#directory, env, ...this.#user }
  }
}

/**
 * Waits for this process to end, however it ends, by reading from a pipe that nobody writes to; then stops
 * the cluster, if it is still there, and deletes its files.
 */
function startGuardian(directory: string): ChildProcess {
  const script = `cat > /dev/null
    pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null) && kill -QUIT "$pid" && sleep 1
    rm -rf "$1"`
  const guardian = spawn('sh', ['-c', script, 'sh', directory], {
    // In a group of its own: Ctrl-C is for the tests, not for who cleans up behind them.
    detached: true,
    cwd: tmpdir(),
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guardian.unref()
  // A pipe to a child is a socket, and would keep this process alive; the type doesn't say so.
  if (guardian.stdin && 'unref' in guardian.stdin && typeof guardian.stdin.unref === 'function')
    guardian.stdin.unref()
  return guardian
}
