import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchDirectory, modulesDirectory, rootDirectory } from './places.mjs'

const mark = join(modulesDirectory, '.installed-lockfile')

/** Installs what the benchmark's own lockfile says, unless that is there already. No package gets to run anything. */
export function installPackages() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `Expected Linux on x64, for which Node and Restate come as packages, but this is ${process.platform} on ${process.arch}.`,
    )
  }
  const hash = createHash('sha256')
    .update(readFileSync(join(benchDirectory, 'pnpm-lock.yaml')))
    .digest('hex')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === hash) return
  const { packageManager } = JSON.parse(readFileSync(join(rootDirectory, 'package.json'), 'utf8'))
  console.log('Installing the packages of the benchmark (about half a gigabyte, once)')
  const args = [
    '--yes',
    packageManager,
    'install',
    '--ignore-workspace',
    '--ignore-scripts',
    '--frozen-lockfile',
  ]
  const { status, error } = spawnSync('npx', args, { cwd: benchDirectory, stdio: 'inherit' })
  if (status !== 0) {
    const how = error?.message ?? `it ended with ${status}`
    throw new Error(
      `Expected the packages of bench/ to be installed, but ${how}. Try again with the network there.`,
    )
  }
  writeFileSync(mark, hash)
}

/** @param {string} name */
export function installedVersion(name) {
  return JSON.parse(readFileSync(join(modulesDirectory, name, 'package.json'), 'utf8')).version
}
