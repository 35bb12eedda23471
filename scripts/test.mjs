// What `npm test` runs when everything is built: all checks, then all tests. Arguments go to vitest.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

await import('./check.mjs')

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
process.argv = [process.argv[0], vitest, 'run', ...process.argv.slice(2)]
await import(pathToFileURL(vitest).href)
