import { createRequire } from 'node:module'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sleep } from './clock.mjs'
import { freePort, Service } from './children.mjs'

const startTimeoutMs = 60_000

/**
 * Restate's server as it comes, with an empty directory of its own.
 *
 * @param {string} directory
 */
export async function startRestate(directory) {
  const packageFile = createRequire(import.meta.url).resolve(
    '@restatedev/restate-server-linux-x64/package.json',
  )
  mkdirSync(directory, { recursive: true })
  const [ingressPort, adminPort, nodePort] = [await freePort(), await freePort(), await freePort()]
  const service = new Service({
    command: join(dirname(packageFile), 'bin', 'restate-server'),
    args: ['--base-dir', directory, '--node-name', 'bench', '--listen-mode', 'tcp', '--no-logo'],
    directory,
    logFile: join(directory, 'log'),
    env: {
      RESTATE_BIND_IP: '127.0.0.1',
      RESTATE_BIND_PORT: String(nodePort),
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingressPort}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${adminPort}`,
      RESTATE_DISABLE_TELEMETRY: 'true',
      DO_NOT_TRACK: '1',
    },
  })
  const urls = { ingress: `http://127.0.0.1:${ingressPort}`, admin: `http://127.0.0.1:${adminPort}` }
  const health = [`${urls.ingress}/restate/health`, `${urls.admin}/health`]
  for (let waitedMs = 0; waitedMs < startTimeoutMs && service.isRunning; waitedMs += 100) {
    const answers = await Promise.all(health.map((url) => fetch(url).catch(() => undefined)))
    if (answers.every((answer) => answer?.ok)) return { ...urls, stop: () => service.stop() }
    await sleep(100)
  }
  const { log } = service
  await service.stop()
  throw new Error(`Expected Restate's server to start, but it did not. It said:\n${log}`)
}
