// Lets Stryker change the rules, line by line, in a copy of the workspace, and says how many of the changes a test
// notices. Ends with 1 when it is less than 85 of a hundred in a folder.
//
//   pnpm mutation [process | definition]
//
// Stryker is a package of mutation/, installed when it is wanted. With two processors it takes an hour or two.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchCopy } from './scratch-copy.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folders = ['process', 'definition']
const least = 85
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !folders.includes(name))
if (unknown.length > 0)
  throw new RangeError(`Expected some of ${folders.join(', ')}, but found ${unknown.join(', ')}`)

install()
for (const folder of asked.length > 0 ? asked : folders) {
  const score = mutate(folder)
  console.log(`Mutation score of ${folder}/: ${score.toFixed(1)} %`)
  if (score < least) process.exitCode = 1
}

function install() {
  const directory = join(root, 'mutation')
  if (existsSync(join(directory, 'node_modules', '.modules.yaml'))) return
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const args = [
    '--yes',
    packageManager,
    'install',
    '--ignore-workspace',
    '--ignore-scripts',
    '--frozen-lockfile',
  ]
  run('npx', args, directory, 'Stryker to be installed')
}

/** @returns how many of a hundred changes were noticed */
function mutate(folder) {
  const copy = scratchCopy(root)
  process.once('exit', copy.remove)
  const stryker = join('mutation', 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js')
  // What only waits, or reads what is large in a thread of its own, is tried out in the built package.
  const mutated = [
    `packages/core/src/${folder}/**/*.ts`,
    '!**/parse-queue.ts',
    '!**/parse-thread.ts',
    '!**/read-definition.ts',
  ]
  const args = [stryker, 'run', 'mutation/stryker.config.mjs', '--mutate', mutated.join(',')]
  run(process.execPath, args, copy.directory, `Stryker to change ${folder}/`, { MUTATED: folder })
  const { files } = JSON.parse(readFileSync(join(copy.directory, 'mutation', 'report.json'), 'utf8'))
  const states = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status))
  const count = (...wanted) => states.filter((status) => wanted.includes(status)).length
  const noticed = count('Killed', 'Timeout')
  return (100 * noticed) / (noticed + count('Survived', 'NoCoverage'))
}

function run(command, args, cwd, what, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new Error(`Expected ${what}, but ${error?.message ?? `it ended with ${status}`}`)
}
