// Makes `npm start` and `npm test` enough on a machine that has only Node and npm: installs what the lockfile says
// with the pinned pnpm (fetched by npx), builds, then runs the named script in this same process.
//
//   node scripts/with-pnpm.mjs SCRIPT [ARGUMENT …]
//
// What is installed and built already costs neither npx nor the network.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { binaryPath } from './binary-path.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [script, ...rest] = process.argv.slice(2)
const { packageManager, scripts, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Expected Node ${engines.node}, but this is ${process.version}: install a newer Node.`)
  process.exit(1)
}

const endSignals = ['SIGINT', 'SIGTERM']
if (process.env['npm_lifecycle_event'] !== undefined) endWithParent()
if (!isInstalled()) {
  await run(
    `npx --yes ${packageManager} install --frozen-lockfile --config.confirmModulesPurge=false --config.update-notifier=false`,
  )
  writeFileSync(installedMark(), lockfileHash())
}
for (const command of scripts.build.split(' && ')) await run(command)

process.argv = [process.argv[0], resolve(root, script), ...rest]
await import(pathToFileURL(process.argv[1]).href)

/** The lockfile that was installed last is kept by this script, and by pnpm when somebody ran it by hand. */
function isInstalled() {
  const workspace = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))
  const complete = workspace
    .filter((path) => existsSync(join(path, 'package.json')))
    .filter((path) =>
      /"(?:d|devD)ependencies": \{\s*"/.test(readFileSync(join(path, 'package.json'), 'utf8')),
    )
    .every((path) => existsSync(join(path, 'node_modules')))
  return complete && (readOr(installedMark()) === lockfileHash() || installedByHand() === readLockfile())
}

function installedMark() {
  return join(root, 'node_modules', '.installed-lockfile')
}

function installedByHand() {
  return readOr(join(root, 'node_modules', '.pnpm', 'lock.yaml'))
}

function readLockfile() {
  return readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
}

function lockfileHash() {
  return createHash('sha256').update(readLockfile()).digest('hex')
}

function readOr(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** Runs a command to its end; when that is not a good one, this process ends the same way. */
async function run(command) {
  // Without `exec`, a signal would end the shell and leave the command behind.
  const child = spawn(process.platform === 'win32' ? command : `exec ${command}`, {
    cwd: root,
    stdio: 'inherit',
    shell: true,
    env: binaryPath(root),
  })
  // Ctrl-C reaches the command by itself, but a signal to this process alone does not.
  const passOn = (signal) => child.kill(signal)
  for (const signal of endSignals) process.on(signal, passOn)
  const [code, signal] = await new Promise((done, failed) => {
    child.on('exit', (...how) => done(how))
    child.on('error', failed)
  })
  for (const name of endSignals) process.off(name, passOn)
  if (signal !== null) process.kill(process.pid, signal)
  if (code !== 0) process.exit(code ?? 1)
}

/**
 * npm passes SIGTERM on to the shell in which it runs its scripts, and that dies without passing it further: what it
 * ran would stay behind.
 */
function endWithParent() {
  const parent = process.ppid
  const look = () => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }
  const timer = setInterval(look, 500).unref()
}
