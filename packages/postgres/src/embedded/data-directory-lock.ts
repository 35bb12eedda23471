import { readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processStart } from './running-process.js'
import { errorCode } from './thrown.js'

/** Another process (or this one) has the data directory open. */
export class DataDirectoryLockedError extends Error {
  override readonly name = 'DataDirectoryLockedError'
  readonly directory: string
  readonly pid: number
  readonly host: string

  constructor(directory: string, { pid, host }: Holder) {
    const who =
      host !== hostname()
        ? `process ${pid} on ${host}`
        : pid === process.pid
          ? 'this process'
          : `process ${pid}`
    super(
      `The data directory ${directory} is in use by ${who}. An embedded database can be opened once at a time: ` +
        'stop that process, give another data directory, or use a PostgreSQL server to share a database.',
    )
    this.directory = directory
    this.pid = pid
    this.host = host
  }
}

interface Holder {
  readonly pid: number
  /** see {@link processStart} */
  readonly start: string
  readonly host: string
  readonly released?: boolean
}

const PREFIX = 'lock.'
const heartbeatMs = 3_000
/** how long a lock of another host is watched for a heartbeat */
const watchMs = 12_000
/** how long a lock may be empty, between its creation and its first line */
const writingMs = 1_000

/**
 * A lock as a file `lock.<n>` that names its holder. The highest number counts, and numbers only ever grow:
 * who finds a stale lock n creates n + 1 exclusively, so of two racing for it one wins, and one that judged
 * n long ago finds a higher number and gives way. (Removing a stale file and creating it again under the
 * same name can't be made safe: between judging and removing it may have become someone else's.)
 */
export class DataDirectoryLock {
  readonly #path: string
  readonly #holder: Holder
  readonly #heartbeat: NodeJS.Timeout

  private constructor(path: string, holder: Holder) {
    this.#path = path
    this.#holder = holder
    // For processes that can't see our process id, like one in another container.
    this.#heartbeat = setInterval(() => touch(path), heartbeatMs).unref()
  }

  /** @throws DataDirectoryLockedError */
  static async acquire(directory: string, onProgress: (message: string) => void): Promise<DataDirectoryLock> {
    const holder: Holder = {
      pid: process.pid,
      start: (await processStart(process.pid)) ?? '',
      host: hostname(),
    }
    for (;;) {
      const highest = Math.max(0, ...numbers(directory))
      const other = highest > 0 && (await liveHolder(lockPath(directory, highest), onProgress))
      if (other) throw new DataDirectoryLockedError(directory, other)
      const mine = highest + 1
      if (!createExclusively(lockPath(directory, mine), holder)) continue
      const now = numbers(directory)
      if (now.some((number) => number > mine)) {
        rmSync(lockPath(directory, mine), { force: true })
        continue
      }
      for (const number of now) if (number < mine) rmSync(lockPath(directory, number), { force: true })
      return new DataDirectoryLock(lockPath(directory, mine), holder)
    }
  }

  /** Marks the lock as free. The file stays, because the numbers must not begin anew. */
  release(): void {
    clearInterval(this.#heartbeat)
    const aside = `${this.#path}.released`
    try {
      writeFileSync(aside, JSON.stringify({ ...this.#holder, released: true }), { mode: 0o600 })
      renameSync(aside, this.#path)
    } catch (error) {
      // Who removed the whole directory has removed the lock with it.
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }
}

const lockPath = (directory: string, number: number) => join(directory, `${PREFIX}${number}`)

function numbers(directory: string): number[] {
  return readdirSync(directory)
    .filter((name) => /^lock\.\d+$/.test(name))
    .map((name) => Number(name.slice(PREFIX.length)))
}

function createExclusively(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(holder), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** The holder of this lock, if it's alive; undefined for a lock that is stale, released or gone. */
async function liveHolder(path: string, onProgress: (message: string) => void): Promise<Holder | undefined> {
  const holder = await readHolder(path)
  if (!holder || holder.released) return undefined
  if (holder.host !== hostname()) {
    onProgress(
      `The data directory was in use on ${holder.host}; watching for ${watchMs / 1000} s whether it still is`,
    )
    return (await beats(path)) ? holder : undefined
  }
  const start = await processStart(holder.pid)
  return start !== undefined && start === holder.start ? holder : undefined
}

async function readHolder(path: string): Promise<Holder | undefined> {
  for (let waitedMs = 0; waitedMs < writingMs; waitedMs += 50) {
    try {
      const holder: Holder = JSON.parse(readFileSync(path, 'utf8'))
      return holder
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      if (!(error instanceof SyntaxError)) throw error
      await sleep(50)
    }
  }
  return undefined
}

async function beats(path: string): Promise<boolean> {
  const modifiedMs = () => statSync(path, { throwIfNoEntry: false })?.mtimeMs
  const before = modifiedMs()
  for (let waitedMs = 0; waitedMs < watchMs; waitedMs += 250) {
    await sleep(250)
    if (modifiedMs() !== before) return true
  }
  return false
}

function touch(path: string): void {
  try {
    const now = new Date()
    utimesSync(path, now, now)
  } catch {
    // The directory may have been removed under us; the database will tell.
  }
}
