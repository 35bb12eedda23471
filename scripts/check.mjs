// Runs every `check:…` script of package.json, as many at once as there are processors; shows what failed.
//
//   node scripts/check.mjs
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { binaryPath } from './binary-path.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const waiting = Object.entries(scripts).filter(([name]) => name.startsWith('check:'))
const failed = []

await Promise.all(Array.from({ length: Math.min(waiting.length, Math.max(2, availableParallelism())) }, work))
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(', ')}. To run one again: pnpm ${failed[0]}`)
  process.exit(1)
}

async function work() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await check(...next)
}

async function check(name, command) {
  const startedMs = performance.now()
  const env = { FORCE_COLOR: process.stdout.isTTY ? '1' : '0', ...binaryPath(root) }
  const child = spawn(command, { cwd: root, shell: true, stdio: ['ignore', 'pipe', 'pipe'], env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text))
  }
  const code = await new Promise((done) => {
    child.on('error', (error) => done(error.message))
    child.on('close', done)
  })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
  if (code === 0) return
  failed.push(name)
  console.error(`$ ${command}\n${output.trimEnd()}\n`)
}
