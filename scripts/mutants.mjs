// Makes faults in a copy of the code, one after another, and looks which test notices and how fast.
//
//   pnpm mutants [--only WORD]
//
// Each fault must compile, and the tests that are to notice it must have passed without it. Ends with 1 when one is not
// noticed. Which faults: mutation/faults.mjs.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { faults } from '../mutation/faults.mjs'
import { binaryPath } from './binary-path.mjs'
import { scratchCopy } from './scratch-copy.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const chosen = faults.filter(({ name }) => name.includes(values.only))
if (chosen.length === 0)
  throw new RangeError(`Expected --only to be part of a fault's name, but none has ${values.only}`)

const copy = scratchCopy(root)
const reports = mkdtempSync(join(tmpdir(), 'tunacorn-mutants-'))
process.on('exit', () => {
  copy.remove()
  rmSync(reports, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const soundTests = new Set()
const rows = []
for (const fault of chosen) {
  const row = { fault: fault.name, ...(await tryOut(fault).catch(({ message }) => ({ problem: message }))) }
  if (row.problem !== undefined) console.error(row.problem)
  rows.push(row)
  console.error(`${row.test === undefined ? 'SURVIVED' : `${row.seconds} s`}  ${row.fault}`)
}
const noticed = rows.filter(({ test }) => test !== undefined)
console.log(`${table(rows)}\n\n${noticed.length} of ${rows.length} faults are noticed.`)
process.exitCode = noticed.length === rows.length ? 0 : 1

/** @returns the first test that failed, and after how many seconds of testing; nothing when all passed */
async function tryOut({ name, edits, tests }) {
  for (const test of tests) await expectSound(test)
  const undo = edits.map((edit) => make(name, edit))
  try {
    await build(name)
    const begin = performance.now()
    for (const test of tests) {
      const failed = await firstFailure(test)
      if (failed !== undefined)
        return { test: failed, seconds: Math.round((performance.now() - begin) / 1000) }
    }
    return {}
  } finally {
    for (const restore of undo.toReversed()) restore()
  }
}

/** A test that fails anyway notices nothing. */
async function expectSound(test) {
  const key = JSON.stringify(test)
  if (soundTests.has(key)) return
  await build('no fault')
  const failed = await firstFailure(test)
  if (failed !== undefined)
    throw new Error(`Expected ${key} to pass without any fault, but this failed: ${failed}`)
  soundTests.add(key)
}

function make(name, [file, is, becomes]) {
  const path = join(copy.directory, file)
  const before = readFileSync(path, 'utf8')
  const count = before.split(is).length - 1
  if (count !== 1) {
    throw new Error(
      `Expected ${file} to hold this once, but it does ${count} times. Bring “${name}” up to date:\n${is}`,
    )
  }
  writeFileSync(
    path,
    before.replace(is, () => becomes),
  )
  return () => writeFileSync(path, before)
}

async function build(name) {
  const { code, output } = await run('tsc', ['-b'])
  if (code !== 0) throw new Error(`Expected the code to compile with “${name}”, but:\n${output}`)
}

async function firstFailure({ path, only }) {
  const report = join(reports, 'report.json')
  rmSync(report, { force: true })
  const filter = only === undefined ? [] : ['--testNamePattern', only]
  const how = ['--bail', '1', '--reporter', 'json', '--outputFile', report]
  const { output } = await run('vitest', ['run', path, ...filter, ...how])
  const { testResults, numPassedTests } = readReport(report, output)
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed')
  if (failed !== undefined) return [...failed.ancestorTitles, failed.title].join(' › ')
  if (numPassedTests === 0)
    throw new Error(`Expected ${path} to hold tests named ${only}, but none ran:\n${output}`)
  return undefined
}

function readReport(path, output) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`Expected vitest to report what it found, but it said:\n${output}`, { cause: error })
  }
}

function run(command, args) {
  const env = { ...binaryPath(copy.directory), FORCE_COLOR: '0' }
  const child = spawn(command, args, { cwd: copy.directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const end = () => child.kill()
  process.once('exit', end)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text))
  return new Promise((done, refuse) => {
    child.on('error', refuse)
    child.on('close', (code) => {
      process.off('exit', end)
      done({ code, output })
    })
  })
}

function table(results) {
  const line = (...cells) => `| ${cells.join(' | ')} |`
  const said = results.map(({ fault, test = '**nobody**', seconds = '' }) => line(fault, test, seconds))
  return [line('fault', 'noticed by', 'after seconds'), line('---', '---', '---:'), ...said].join('\n')
}
