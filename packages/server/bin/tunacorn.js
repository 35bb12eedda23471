#!/usr/bin/env node
// Committed as it is, so that it runs on any Node, built or not, and can say what is missing.
/* oxlint-disable no-console -- it is a command */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
const program = new URL('../dist/program.js', import.meta.url)

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `tunacorn: Expected Node 20.19 or newer, but this is ${process.version}. Install a newer Node.`,
  )
  process.exitCode = 1
} else if (!existsSync(program)) {
  const directory = fileURLToPath(new URL('../dist', import.meta.url))
  console.error(
    `tunacorn: Expected it to be built, but there is no ${directory}. In a checkout, run "npm start", which builds it first.`,
  )
  process.exitCode = 1
} else {
  const { main } = await import(program.href)
  process.exitCode = await main(process.argv.slice(2))
}
