// Makes `npm start` and `npm test` enough on a machine that has only Node and npm:
// fetches the pinned pnpm through npx, installs what the lockfile says, builds, then runs the named script.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`TunaCorn needs Node 20.19 or newer, but this is ${process.version}. Install a newer Node.`)
  process.exit(1)
}

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const [script, ...rest] = process.argv.slice(2)

const lockHash = createHash('sha256')
  .update(readFileSync(join(root, 'pnpm-lock.yaml')))
  .digest('hex')
const installedMark = join(root, 'node_modules', '.installed-lockfile')
const isInstalled = existsSync(installedMark) && readFileSync(installedMark, 'utf8') === lockHash

if (!isInstalled) {
  pnpm(['install', '--frozen-lockfile'])
  writeFileSync(installedMark, lockHash)
}
pnpm(['--silent', 'build'])
pnpm(['--silent', 'run', script, ...rest])

/** Runs pnpm to its end; this process ends with its exit code when that is not 0. */
function pnpm(args) {
  // Ctrl-C reaches the child as well: it decides how to end, and we wait for it.
  process.on('SIGINT', () => {})
  const { status, signal, error } = spawnSync('npx', ['--yes', packageManager, ...args], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (error) {
    console.error(`Expected to run npx (it comes with npm), but: ${error.message}`)
    process.exit(1)
  }
  if (signal) process.exit(1)
  if (status !== 0) process.exit(status ?? 1)
}
