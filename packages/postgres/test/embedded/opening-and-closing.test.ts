import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { DataDirectoryLockedError, openEmbedded } from '@tunacorn/postgres/embedded'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { leaveStaleLock } from './stale-lock.js'

let parent: string
let directory: string
const progress: string[] = []

// A first start takes seconds, so the tests share one; each opens the database it made.
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'tunacorn-embedded-'))
  directory = join(parent, 'not', 'there', 'yet')
  const first = await openEmbedded({ dataDirectory: directory, onProgress: (line) => progress.push(line) })
  await first.pool.query('CREATE TABLE t AS SELECT 1 AS a')
  await first.close()
})

afterAll(async () => {
  await rm(parent, { recursive: true })
})

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

/** Inodes of the sockets of this process, its threads among it, that listen; where the system is not asked so, none. */
async function listening(): Promise<string[]> {
  if (process.platform !== 'linux') return []
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''))
  const own = (await Promise.all(links)).flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? [])
  const found = await Promise.all(['tcp', 'tcp6', 'unix'].map(listeningInodes))
  return own.filter((inode) => found.flat().includes(inode)).toSorted()
}

/** proc_pid_net(5): the state 0A of a TCP socket, the flag 10000 of a local one; the inode is in the tenth or seventh column. */
async function listeningInodes(kind: string): Promise<string[]> {
  const [state, listens, inode] = kind === 'unix' ? [3, '00010000', 6] : [3, '0A', 9]
  const table = await readFile(`/proc/self/net/${kind}`, 'utf8').catch(() => '')
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/))
  return rows.filter((row) => row[state] === listens).map((row) => row[inode] ?? '')
}

function openElsewhere() {
  const child = spawn(process.execPath, [here('open-and-wait.mjs'), directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said = once(createInterface({ input: child.stdout }), 'line').then(([line]) => String(line))
  return { child, said, exited: once(child, 'exit') }
}

test('the first start makes a private directory, and the next finds what was stored', async () => {
  expect(await modeOf(directory)).toBe(0o700)
  expect(await modeOf(join(directory, 'postgres'))).toBe(0o700)
  const onProgress = (line: string) => progress.push(line)
  const second = await openEmbedded({ dataDirectory: directory, onProgress })
  expect(second.dataDirectory).toBe(directory)
  expect((await second.pool.query('SELECT a FROM t')).rows).toEqual([{ a: 1 }])
  await second.close()
  expect(progress).toEqual([
    `Creating the database in ${directory} (first start, takes some seconds)`,
    expect.stringMatching(/^Database ready after \d+\.\d s$/),
    expect.stringMatching(/^Database ready after \d+\.\d s$/),
  ])
})

test('what others could read is private again before it is opened', async () => {
  await chmod(join(directory, 'postgres'), 0o755)
  const database = await openEmbedded({ dataDirectory: directory })
  expect(await modeOf(join(directory, 'postgres'))).toBe(0o700)
  await database.close()
  for (const name of await readdir(directory))
    expect([name, (await modeOf(join(directory, name))) & 0o077]).toEqual([name, 0])
})

test('nothing listens: neither a port nor a socket in the directory', async () => {
  const before = await listening()
  const database = await openEmbedded({ dataDirectory: directory })
  await database.pool.query('SELECT a FROM t')
  expect(await listening()).toEqual(before)
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  expect(entries.filter((entry) => entry.isSocket())).toEqual([])
  expect(entries.length).toBeGreaterThan(100)
  await database.close()
  // One that does is seen.
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  if (process.platform === 'linux') expect(await listening()).not.toEqual(before)
  server.close()
})

test('a directory is open once at a time, in this process and from another', async () => {
  const first = await openEmbedded({ dataDirectory: directory })
  const refusal = await openEmbedded({ dataDirectory: directory }).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(DataDirectoryLockedError)
  expect(refusal).toMatchObject({
    directory,
    pid: process.pid,
    message: expect.stringContaining('by this process'),
  })
  expect(await openElsewhere().said).toBe(`DataDirectoryLockedError ${process.pid}`)
  await first.close()
  const second = await openEmbedded({ dataDirectory: directory })
  await second.close()
})

test('of several processes racing for the lock of a dead one, exactly one wins', async () => {
  await leaveStaleLock(directory)
  const racers = Array.from({ length: 4 }, openElsewhere)
  const said = await Promise.all(racers.map((racer) => racer.said))
  const winner = racers[said.indexOf('open')]
  expect(said.toSorted()).toEqual([
    ...Array<string>(3).fill(`DataDirectoryLockedError ${winner?.child.pid}`),
    'open',
  ])

  winner?.child.stdin.end()
  // Also: once the database is closed, nothing keeps a process alive.
  expect(await Promise.all(racers.map(({ exited }) => exited))).toEqual(racers.map(() => [0, null]))
})

test('without PGlite it says what to install', async () => {
  const bare = join(parent, 'bare')
  await mkdir(join(bare, 'node_modules'), { recursive: true })
  await cp(dirname(fileURLToPath(import.meta.resolve('@tunacorn/postgres/embedded'))), bare, {
    recursive: true,
  })
  const pg = dirname(createRequire(import.meta.url).resolve('pg/package.json'))
  await symlink(await realpath(pg), join(bare, 'node_modules', 'pg'))
  await writeFile(join(bare, 'package.json'), '{"type":"module"}')
  const program = `import { openEmbedded } from './index.js'
    await openEmbedded({ dataDirectory: 'd' }).catch((error) => console.log(error.name, error.message))`
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: bare,
    encoding: 'utf8',
  })
  expect(said).toMatch(/^EmbeddedNotInstalledError .*npm install @electric-sql\/pglite/)
})

test('close answers what was asked before, refuses what comes after, and may be called twice', async () => {
  const database = await openEmbedded({ dataDirectory: directory })
  const { pool } = database
  const asked = Array.from({ length: 20 }, (_, a) => pool.query('SELECT $1::int AS a', [a]))
  const closed = database.close()
  expect(database.close()).toBe(closed)
  expect((await Promise.all(asked)).map(({ rows }) => rows)).toEqual(asked.map((_, a) => [{ a }]))
  await closed
  await expect(pool.query('SELECT 1')).rejects.toThrow('after calling end on the pool')
})

test('when the database dies, what runs, what waits and what comes later fails and says why', async () => {
  const database = await openEmbedded({ dataDirectory: directory })
  const { pool } = database
  await pool.query('CREATE TABLE IF NOT EXISTS t (a int)')
  // COPY isn't supported: PostgreSQL finds no data where it expects some, and ends.
  const asked = ['COPY t FROM STDIN', 'SELECT 1', 'SELECT 2'].map((sql) => pool.query(sql))
  for (const answer of await Promise.allSettled(asked)) {
    expect(answer).toMatchObject({
      reason: { message: expect.stringMatching(/^The embedded database stopped: .*FATAL/) },
    })
  }
  await expect(pool.query('SELECT 3')).rejects.toThrow('The embedded database stopped')
  await database.close()
})
