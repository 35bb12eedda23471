import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Browser } from 'playwright-core'
import { TunaCornClient } from '../packages/client/dist/index.js'
import { freshDatabase, postgresUrl } from '../packages/postgres/test/support/databases.js'
import { fillWithProcesses } from '../packages/postgres/test/support/many-processes.js'
import { hasBrowser, launchBrowser } from './support/dashboard/browser.js'
import { servePage } from './support/dashboard/page-server.js'
import { isProof } from './support/proof.js'

// How quick what is large is: printed, and bounded generously. Part of `pnpm proof` alone.

const pageSize = 50

describe.skipIf(!isProof || postgresUrl() === undefined)('the processes', { timeout: 300_000 }, () => {
  test('are paged at the same speed, be they 100 or 100,000', async () => {
    const few = await pageTimes(100)
    const many = await pageTimes(100_000)
    print(`a page of 100 processes: ${few.words}; of 100,000: ${many.words}`)
    expect(many.slowestMs).toBeLessThan(3 * few.slowestMs + 10)
  })
})

/** How long the first and the last page take, and the filtered ones: of forty times each, the middle one. */
async function pageTimes(count: number): Promise<{ readonly words: string; readonly slowestMs: number }> {
  const { url: database, drop } = await freshDatabase(postgresUrl() ?? '')
  onTestFinished(drop)
  const server = await servePage({ database })
  onTestFinished(() => server.close())
  const client = new TunaCornClient({ url: server.url })
  await client.listProcesses()
  await fillWithProcesses(database, count)
  let cursor: string | undefined
  for (;;) {
    const page = await client.listProcesses({ limit: 1_000, ...(cursor !== undefined && { cursor }) })
    if (page.nextCursor === undefined) break
    cursor = page.nextCursor
  }
  const queries = {
    first: {},
    last: cursor === undefined ? {} : { cursor },
    failed: { state: 'failed' },
  } as const
  const times: [string, number][] = []
  for (const [name, query] of Object.entries(queries)) {
    const taken: number[] = []
    for (let time = 0; time < 40; time += 1) {
      const begin = performance.now()
      await client.listProcesses({ ...query, limit: pageSize })
      taken.push(performance.now() - begin)
    }
    times.push([name, taken.toSorted((a, b) => a - b)[20] ?? 0])
  }
  return {
    words: times.map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`).join(', '),
    slowestMs: Math.max(...times.map(([, ms]) => ms)),
  }
}

/** How long each frame takes: one that waits for nothing takes 17 ms. */
const watchFrames = `
  window.framesMs = []
  let last = performance.now()
  const next = () => {
    const now = performance.now()
    window.framesMs.push(now - last)
    last = now
    requestAnimationFrame(next)
  }
  requestAnimationFrame(next)`

describe.skipIf(!isProof || !hasBrowser())('a graph of 2,000 tasks', { timeout: 300_000 }, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  test('is laid out once, and stays smooth while it is moved and while its tasks complete', async () => {
    const server = await servePage()
    onTestFinished(() => server.close())
    const client = new TunaCornClient({ url: server.url })
    await client.registerDefinition(tangle(2_000))
    const { id } = await client.startProcess({ definition: 'tangle' })
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    onTestFinished(() => page.close())
    await page.goto(`${server.url}/dashboard/#/processes/${id}`)
    const graph = page.locator('.graph-frame > svg')
    await graph.waitFor()
    await graph.scrollIntoViewIfNeeded()
    await page.waitForTimeout(1_000)

    const frames = async (act: () => Promise<void>) => {
      await page.evaluate(watchFrames)
      await act()
      const sorted = (await page.evaluate<number[]>('window.framesMs')).toSorted((a, b) => a - b)
      return { usual: sorted[Math.floor(sorted.length / 2)] ?? 0, longest: sorted.at(-1) ?? 0 }
    }
    const box = await graph.boundingBox()
    if (box === null) throw new Error('Expected the graph to be seen, but it is not')
    const [x, y] = [box.x + box.width / 2, Math.min(700, box.y + box.height / 2)]
    const moved = await frames(async () => {
      await page.mouse.move(x, y)
      await page.mouse.down()
      for (let step = 1; step <= 60; step += 1) await page.mouse.move(x - step * 8, y)
      await page.mouse.up()
    })
    const completed = await frames(async () => {
      for (let round = 0; round < 10; round += 1) {
        const { tasks } = await client.claimTasks({ worker: 'w', max: 20 })
        const results = tasks.map(({ id: task, claim }) => ({ task, claim }))
        await client.claimTasks({ worker: 'w', max: 0, results })
        await page.waitForTimeout(300)
      }
    })
    const layoutsMs = await page.evaluate<number[]>(
      `performance.getEntriesByName('layout').map(({ duration }) => duration)`,
    )
    const ms = (value: number) => `${Math.round(value)} ms`
    print(
      `2,000 tasks: laid out in ${layoutsMs.map(ms).join(', ')}; frames while moved ${ms(moved.usual)}, longest ${ms(moved.longest)}; ` +
        `while tasks complete ${ms(completed.usual)}, longest ${ms(completed.longest)}`,
    )
    expect(layoutsMs).toHaveLength(1)
    expect(moved.usual).toBeLessThan(100)
    expect(completed.usual).toBeLessThan(100)
  })
})

/** Tasks of which none needs what another needs, so that none are drawn together. */
function tangle(count: number): object {
  const tasks = Array.from({ length: count }, (_, n) => ({
    name: `Task ${n}`,
    needs:
      n === 0 ? [] : [...new Set([Math.floor((n - 1) / 3), (n * 7_919) % n])].map((need) => `Task ${need}`),
  }))
  return { name: 'tangle', tasks }
}

function print(line: string): void {
  process.stdout.write(`\nFigures: ${line}\n`)
}
