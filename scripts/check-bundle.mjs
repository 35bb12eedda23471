// The web page, all of it, is small: who looks at what is stuck may be far away, on a telephone.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const mostBytes = 60 * 1024
const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages/dashboard/dist')

let total = 0
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue
  const bytes = gzipSync(readFileSync(join(entry.parentPath, entry.name)), { level: 9 }).length
  total += bytes
  console.log(`${String(bytes).padStart(7)} ${entry.name}`)
}
console.log(`${String(total).padStart(7)} of ${mostBytes} bytes, compressed`)
if (total > mostBytes) {
  console.error(
    `Expected the web page to be at most ${mostBytes} bytes compressed, but it is ${total}: leave something out.`,
  )
  process.exitCode = 1
}
