// Makes the pictures of the dashboard for docs/images: node scripts/screenshots.mjs [FOLDER]
// Needs Chromium, and everything built.
import { mkdirSync } from 'node:fs'
import { register as registerHooks } from 'node:module'
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'

registerHooks('./typescript-hooks.mjs', import.meta.url)
const { servePage } = await import('../test/support/dashboard/page-server.ts')
const { doSampleWork } = await import('../test/support/dashboard/sample-work.ts')
const { launchBrowser } = await import('../test/support/dashboard/browser.ts')

const folder = process.argv[2] ?? 'docs/images'
mkdirSync(folder, { recursive: true })

const server = await servePage()
const browser = await launchBrowser()
const work = await doSampleWork(server.url)
await rest(3_000)

const shots = [
  { name: 'process', route: `#/processes/${work.order}`, colorScheme: 'light', task: 'Reserve Carrier' },
  { name: 'overview', route: '#/', colorScheme: 'light' },
  { name: 'overview-dark', route: '#/', colorScheme: 'dark' },
]
try {
  for (const { name, route, colorScheme, task } of shots) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme })
    await page.goto(`${server.url}/dashboard/${route}`)
    await page.getByRole('heading', { level: 2 }).first().waitFor()
    if (task !== undefined) await page.getByRole('button', { name: task }).first().click()
    // Until what comes later is there: the layout of a graph, the answers that a drawer waits for.
    await rest(1_500)
    await page.evaluate('window.scrollTo(0, 0)')
    await page.screenshot({ path: join(folder, `${name}.png`) })
    await page.close()
  }
} finally {
  await browser.close()
  await work.stop()
  await server.close()
}
