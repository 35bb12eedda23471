// The long versions of what proves the guarantees, one after another, and a table of what they found.
//
//   pnpm proof [--only NAME,NAME] [--minutes N]
//
// With two processors all of it takes some hours. Each writes what it says into a file of its own. Ends with 1 when one of
// them has failed. What each is about: docs/guarantees.md.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { binaryPath } from './binary-path.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values } = parseArgs({
  options: { only: { type: 'string' }, minutes: { type: 'string', default: '10' } },
})

const vitest = (...paths) => ['vitest', 'run', '--no-color', ...paths]
/** Read by test/support/proof.ts. */
const much = { TUNACORN_PROOF: '1' }
const passedTests = /^ +Tests +(.*)$/m

/**
 * @typedef {object} Proof
 * @property {string} name
 * @property {string[]} command
 * @property {Record<string, string>} [env]
 * @property {RegExp} says how much was tried, in what it writes
 */

/** @type {Proof[]} */
const proofs = [
  {
    name: 'model',
    command: vitest(
      'packages/core/test/properties',
      'packages/postgres/test/model.test.ts',
      'packages/postgres/test/properties.test.ts',
    ),
    env: much,
    says: /(\d+ of \d+ runs)/g,
  },
  {
    name: 'interleavings',
    command: vitest('packages/postgres/test/interleavings.test.ts'),
    env: much,
    says: passedTests,
  },
  {
    name: 'failpoints',
    command: vitest('test/failpoints.test.ts', 'test/between-statements.test.ts'),
    env: much,
    says: /(Killed at \d+ points)/,
  },
  {
    name: 'storm',
    command: ['node', 'scripts/storm.mjs', '--minutes', values.minutes],
    says: /"completions": (\d+)/,
  },
  { name: 'pressure', command: vitest('test/pressure'), env: much, says: passedTests },
  {
    name: 'fuzz',
    command: vitest(
      'packages/core/test/definition/linear-time.test.ts',
      'packages/express/test/fuzz.test.ts',
      'packages/express/test/fidelity.test.ts',
      'packages/server/test/http-limits.test.ts',
    ),
    env: much,
    says: passedTests,
  },
  { name: 'dashboard', command: vitest('test/dashboard-figures.test.ts'), env: much, says: /Figures: (.*)/g },
  { name: 'mutants', command: ['node', 'scripts/mutants.mjs'], says: /(\d+ of \d+ faults are noticed)/ },
  { name: 'mutation', command: ['node', 'scripts/mutation.mjs'], says: /(Mutation score of .*)/g },
]

const names = proofs.map(({ name }) => name)
const only = values.only?.split(',') ?? names
const unknown = only.filter((name) => !names.includes(name))
if (unknown.length > 0)
  throw new RangeError(`Expected --only to name some of ${names.join(', ')}, not ${unknown.join(', ')}`)

const directory = mkdtempSync(join(tmpdir(), 'tunacorn-proof-'))
const running = new Set()
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of running) child.kill(signal)
    process.exit(1)
  })
}

const rows = []
for (const proof of proofs.filter(({ name }) => only.includes(name))) {
  const file = join(directory, `${proof.name}.log`)
  console.error(`${proof.name}: ${file}`)
  const begin = performance.now()
  const isOk = await run(proof, file)
  const output = readFileSync(file, 'utf8')
  const found = proof.says.global ? [...output.matchAll(proof.says)] : [output.match(proof.says) ?? []]
  const howMuch = found
    .map(([, text]) => text ?? '')
    .join('; ')
    .replaceAll(' | ', ', ')
  if (!isOk) console.error(output.slice(-4_000))
  rows.push([proof.name, howMuch, Math.round((performance.now() - begin) / 1000), isOk ? 'ok' : 'FAILED'])
}
console.log(table([['proof', 'how much', 'seconds', ''], ['---', '---', '---:', '---'], ...rows]))
process.exitCode = rows.every(([, , , how]) => how === 'ok') ? 0 : 1

async function run({ command: [program, ...args], env }, file) {
  const log = createWriteStream(file)
  const child = spawn(program, args, {
    cwd: root,
    env: { ...binaryPath(root), FORCE_COLOR: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => log.write(chunk))
  const code = await new Promise((done) => {
    child.on('error', (error) => {
      log.write(error.message)
      done(1)
    })
    child.on('close', done)
  })
  running.delete(child)
  log.end()
  await once(log, 'finish')
  return code === 0
}

function table(lines) {
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
