// Run by opening-and-closing.test.ts: opens the data directory given, says so or why not, and closes it when its
// input ends. It calls no `process.exit`: after `close` nothing may keep it alive.
import { openEmbedded } from '@tunacorn/postgres/embedded'

try {
  const database = await openEmbedded({ dataDirectory: process.argv[2] })
  process.stdout.write('open\n')
  process.stdin.on('end', () => void database.close()).resume()
} catch (error) {
  process.stdout.write(`${error.name} ${error.pid ?? error.message}\n`)
}
