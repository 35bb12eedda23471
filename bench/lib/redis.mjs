import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { sleep } from './clock.mjs'
import { freePort, Service } from './children.mjs'

/** What is not Redis's default, and is written down in the results. */
const settings = { appendonly: 'yes', appendfsync: 'everysec', 'maxmemory-policy': 'noeviction' }

/**
 * A Redis with its append-only file, flushed once a second.
 *
 * @param {string} directory
 */
export async function startRedis(directory) {
  redisVersion()
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const flags = Object.entries({ ...settings, port, bind: '127.0.0.1', dir: directory, save: '' })
  const service = new Service({
    command: 'redis-server',
    args: flags.flatMap(([name, value]) => [`--${name}`, String(value)]),
    directory,
    logFile: join(directory, 'log'),
  })
  for (let waitedMs = 0; waitedMs < 10_000 && service.isRunning; waitedMs += 50) {
    if (await answers(port)) return { port, host: '127.0.0.1', stop: () => service.stop() }
    await sleep(50)
  }
  const { log } = service
  await service.stop()
  throw new Error(`Expected redis-server to start, but it did not. It said:\n${log}`)
}

export function describeRedis() {
  return { version: redisVersion(), ...settings }
}

function redisVersion() {
  try {
    const text = execFileSync('redis-server', ['--version'], { encoding: 'utf8' })
    return /v=([\d.]+)/.exec(text)?.[1] ?? text.trim()
  } catch {
    throw new Error(
      'Expected redis-server in PATH, but there is none. Install it (Debian: the package redis-server) for BullMQ to be measured.',
    )
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('data', (data) => {
      socket.destroy()
      resolve(String(data).startsWith('+PONG'))
    })
    socket.once('error', () => resolve(false))
  })
}
