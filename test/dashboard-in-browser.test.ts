import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { TunaCornClient } from '../packages/client/dist/index.js'
import { TunaCornError, type TunaCornOptions } from '../packages/express/dist/index.js'
import { hasBrowser, launchBrowser } from './support/dashboard/browser.js'
import { servePage, type PageServer } from './support/dashboard/page-server.js'
import { fanOut } from './support/dashboard/sample-work.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const chain = 'name: chain\ntasks: [{ name: First }, { name: Second, needs: [First] }]\n'
const evil = '<img src=x onerror="document.title=1/0">'

let browser: Browser

interface World {
  readonly client: TunaCornClient
  readonly page: Page
  readonly url: string
  readonly streams: PageServer['streams']
  readonly go: (route: string) => Promise<void>
  readonly work: (
    name: string,
  ) => Promise<{ complete(output?: unknown): Promise<unknown>; fail(error: unknown): Promise<unknown> }>
}

/** A TunaCorn and a page of the test's own. The page may complain of nothing, and ask nobody else for anything. */
async function open(options: TunaCornOptions = {}, context: BrowserContextOptions = {}): Promise<World> {
  const server = await servePage(options)
  const client = new TunaCornClient({ url: server.url, headers: { authorization: 'Bearer all' } })
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...context })
  const complaints: string[] = []
  page.on('console', (message) => {
    // The browser itself says so of every answer that is no success.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith(`${server.url}/`)) complaints.push(`asked for ${request.url()}`)
  })
  onTestFinished(async () => {
    await page.close()
    await server.close()
    expect(complaints).toEqual([])
  })
  const work = async (name: string) => {
    const [task] = (await client.claimTasks({ worker: 'tester', names: [name], wait: '10s' })).tasks
    if (task === undefined) throw new Error(`Expected ${name} on the board, but it is not there`)
    const { id, claim } = task
    return {
      complete: (output?: unknown) => client.completeTask(id, { claim, output }),
      fail: (error: unknown) => client.failTask(id, { claim, error }),
    }
  }
  return {
    client,
    page,
    url: server.url,
    streams: server.streams,
    work,
    go: async (route) => void (await page.goto(`${server.url}/dashboard/#/${route}`)),
  }
}

/** What axe-core finds wrong with the page as it is. */
async function findBarriers(page: Page): Promise<string[]> {
  // Handed over as the browser's own tools do: the page's content security policy would refuse a script.
  if (await page.evaluate('window.axe === undefined')) await page.evaluate(axe)
  const found = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { html: string }[] }[]
  }
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

const isBounded = (element: { scrollHeight: number; clientHeight: number }) =>
  element.scrollHeight > element.clientHeight

const row = (page: Page, text: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader').getByText(text, { exact: true }) })

describe.skipIf(!hasBrowser())('the dashboard, in a browser', { timeout: 90_000 }, () => {
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  test('a process is seen to complete while it is watched', async () => {
    const { client, page, go, work } = await open()
    await client.registerDefinition(chain)
    const { id } = await client.startProcess({ definition: 'chain', key: 'one', input: { fish: 'tuna' } })
    await go(`processes/${id}`)
    await row(page, 'First').getByText('Waits for a worker').waitFor()
    await page.locator('.node-name').getByText('Second').waitFor()
    const first = await work('First')
    await row(page, 'First').getByText('Being worked on').waitFor()
    await first.complete({ weight: 12 })
    await row(page, 'First').getByText('Completed').waitFor()
    await (await work('Second')).complete()
    await page.locator('.facts').getByText('Completed').waitFor()
    expect(await page.locator('.history li').count()).toBe(3)
    expect(await page.locator('.timeline-track .bar-work').count()).toBe(2)
  })

  test('a stream that is cut, or falls silent, is taken up where it ended', async () => {
    const { client, page, streams, go, work } = await open()
    await page.clock.install()
    await page.addInitScript("sessionStorage.setItem('tunacorn-key', 'all')")
    await client.registerDefinition(chain)
    const { id } = await client.startProcess({ definition: 'chain' })
    const versions = () => page.locator('.history-version').allTextContents()
    await go(`processes/${id}`)
    await page.locator('.live').waitFor()
    expect(await versions()).toEqual(['1'])

    streams[0]?.response.destroy()
    await (await work('First')).complete()
    await row(page, 'First').getByText('Completed').waitFor()
    await page.locator('.history-version').nth(1).waitFor()
    expect(streams).toHaveLength(2)
    expect(streams[1]?.request.headers).toMatchObject({ authorization: 'Bearer all', 'last-event-id': '1' })

    // Nothing comes of what the server says from now on, though the connection stands.
    const silent = streams[1]?.response
    if (silent !== undefined) Object.assign(silent, { write: () => true, end: () => silent })
    await (await work('Second')).complete()
    await page.locator('.facts').getByText('Completed').waitFor()
    expect(await versions()).toEqual(['2', '1'])
    await page.clock.fastForward('01:00')
    await page.locator('.history-version').nth(2).waitFor()
    expect(await versions()).toEqual(['3', '2', '1'])
    expect(streams[2]?.request.headers['last-event-id']).toBe('2')
  })

  test.each(['2020-01-01T00:00:00Z', '2040-01-01T00:00:00Z'])(
    'where the clock stands at %s, all is told by the clock of the server',
    async (time) => {
      const { client, page, go, work } = await open()
      await page.clock.install({ time })
      await client.registerDefinition(chain)
      const { id } = await client.startProcess({ definition: 'chain' })
      await work('First')
      await go(`processes/${id}`)
      await row(page, 'First').getByText('Being worked on').waitFor()
      const [started] = await page.locator('.facts time').allTextContents()
      expect(started).toMatch(/^(now|\d+ s ago)$/)
      await page.getByRole('button', { name: 'First' }).last().click()
      await page
        .locator('.drawer')
        .getByText(/until .* \(in \d+ s\)/)
        .waitFor()
    },
  )

  test('while the server is away the page says so in words, and goes on by itself when it is back', async () => {
    const { client, page, url, go } = await open()
    await client.registerDefinition(chain)
    await go('definitions')
    await page.getByRole('link', { name: 'chain' }).waitFor()
    await page.route(`${url}/definitions**`, (route) => route.abort())
    await page.reload()
    await page.getByText('TunaCorn cannot be reached').waitFor()
    await page.unroute(`${url}/definitions**`)
    await page.getByRole('link', { name: 'chain' }).waitFor()
    expect(await page.getByText('cannot be reached').count()).toBe(0)
  })

  test('what is opened beside a page is in the address, and the way back closes it', async () => {
    const { client, page, go } = await open()
    await client.registerDefinition(chain)
    const { id } = await client.startProcess({ definition: 'chain' })
    await go('processes')
    await page.getByRole('link', { name: 'chain' }).click()
    const heading = page.locator('#drawer-heading')
    const openTask = (name: string) => row(page, name).getByRole('button', { name }).click()
    await openTask('Second')
    await page.waitForURL(/#\/processes\/[^?]*\?task=1$/)
    await heading.getByText('Second').waitFor()
    await openTask('First')
    await page.waitForURL(/\?task=0$/)
    await page.goBack()
    await heading.waitFor({ state: 'detached' })
    expect(page.url()).toMatch(new RegExp(`#/processes/${id}$`))
    await page.goForward()
    await heading.getByText('First').waitFor()
    await page.keyboard.press('Escape')
    await heading.waitFor({ state: 'detached' })
    await page.goBack()
    await page.waitForURL(/#\/processes$/)
  })

  test('a long name makes no page wider than it is', async () => {
    const { client, page, go } = await open({}, { viewport: { width: 320, height: 640 } })
    const name = 'n'.repeat(120)
    await client.registerDefinition({ name, tasks: [{ name }] })
    const { id } = await client.startProcess({ definition: name, key: name })
    await go(`processes/${id}`)
    await page.locator('.live').waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
  })

  test('each page has a title of its own, and the way back leads to where it was left', async () => {
    const { client, page, go } = await open()
    await client.registerDefinition(chain)
    await client.startProcesses({
      processes: Array.from({ length: 40 }, (_, n) => ({ definition: 'chain', key: `n-${n}` })),
    })
    await go('processes?state=running')
    const link = page.getByRole('link', { name: 'chain' }).nth(35)
    await link.scrollIntoViewIfNeeded()
    expect(await page.title()).toBe('Processes · Running · TunaCorn')
    const top = await page.evaluate<number>('window.scrollY')
    expect(top).toBeGreaterThan(500)
    await link.click()
    await page.locator('.live').waitFor()
    expect(await page.title()).toBe('chain n-4 · Running · TunaCorn')
    expect(await page.evaluate('window.scrollY')).toBe(0)
    await page.goBack()
    await link.waitFor()
    await expect.poll(() => page.evaluate('window.scrollY'), { timeout: 30_000 }).toBe(top)
  })

  test('what needs a look leads to where it is seen', async () => {
    const { client, page, go, work } = await open()
    await client.registerDefinition(
      'name: flaky\ntasks: [{ name: First, retry: { limit: 3, delay: 10m, jitter: false } }]\n',
    )
    await client.startProcess({ definition: 'flaky' })
    await (await work('First')).fail({ message: 'Not yet' })
    await go('')
    await page.locator('.troubles').getByRole('link', { name: 'First' }).click()
    await page.getByRole('row').getByText('Failing, will retry').waitFor()
    await page.getByRole('link', { name: 'flaky' }).click()
    await page.waitForURL(/#\/processes\/.*\?task=0$/)
    await page
      .locator('.drawer')
      .getByText(/will be tried again \(attempt 2\) at .* \(in 9 min\)/)
      .waitFor()
    expect(await page.locator('#drawer-heading').textContent()).toBe('First')
  })

  test('a failed process is retried from the page, and what is wrong is said', async () => {
    const { client, page, go, work } = await open()
    await client.registerDefinition(chain)
    const { id } = await client.startProcess({ definition: 'chain' })
    await (await work('First')).fail({ message: 'The net was torn' })
    await go('')
    await page.locator('.troubles').getByRole('link', { name: 'chain' }).click()
    await page.locator('.ending .error-message').getByText('The net was torn').waitFor()
    await page.getByRole('button', { name: 'Retry' }).click()
    await row(page, 'First')
      .getByText('Failing, will retry')
      .or(row(page, 'First').getByText('Waits for a worker'))
      .waitFor()
    await (await work('First')).complete()
    await (await work('Second')).complete()
    await page.locator('.facts').getByText('Completed').waitFor()
    expect((await client.getProcess(id)).state).toBe('completed')
  })

  test('the drawer says why a task is not done, who holds it and what it was given', async () => {
    const { client, page, go, work } = await open()
    await client.registerDefinition(chain)
    const { id } = await client.startProcess({ definition: 'chain', input: { fish: 'tuna' } })
    await work('First')
    await go(`processes/${id}`)
    await page.getByRole('button', { name: 'First' }).last().click()
    const drawer = page.locator('.drawer')
    await drawer.getByText('Why it is not done').waitFor()
    await drawer.getByText(/is held by "tester"/).waitFor()
    await drawer.getByText('"fish": "tuna"').waitFor()
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
    expect(await drawer.count()).toBe(0)
  })

  test('processes are filtered by the address, paged, selected and cancelled', async () => {
    const { client, page, go } = await open()
    await client.registerDefinition(chain)
    await client.startProcesses({
      processes: Array.from({ length: 60 }, (_, n) => ({ definition: 'chain', key: `n-${n}` })),
    })
    await go('processes?state=running')
    await page.locator('tbody tr').nth(49).waitFor()
    await page.getByRole('link', { name: 'Older →' }).click()
    await row(page, 'n-0').waitFor()
    expect(await page.locator('tbody tr').count()).toBe(10)
    await page.getByLabel('Key', { exact: true }).fill('n-7')
    await page.keyboard.press('Enter')
    await page.waitForURL(/state=running&key=n-7$/)
    await row(page, 'n-59').waitFor({ state: 'detached' })
    await page.getByLabel(/^Select chain n-7/).check()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByLabel('Why, for the history').fill('Enough')
    await page.getByRole('button', { name: 'Cancel 1 process' }).click()
    await page.getByText('No process is like this.').waitFor()
    const [cancelled] = (await client.listProcesses({ state: 'cancelled' })).items
    expect(cancelled?.key).toBe('n-7')
  })

  test('a definition is checked as it is typed, registered, and started with an input', async () => {
    const { client, page, go } = await open()
    await go('edit')
    const area = page.getByLabel('Definition, in YAML')
    await area.fill('')
    await page.locator('.definition-problems li').first().waitFor()
    expect(await area.inputValue()).toBe('')
    await area.fill('name: typed\ntasks:\n  - name: A\n  - name: B\n    needs: [Aa]\n')
    await page.locator('.definition-problems').getByText('Did you mean "A"?').waitFor()
    expect(await page.locator('.gutter .is-wrong').textContent()).toBe('5')
    expect(await page.getByRole('button', { name: 'Register' }).isDisabled()).toBe(true)
    await area.fill('name: typed\ninput: { type: object, required: [fish] }\ntasks:\n  - name: A\n')
    await page.getByText(/Sound: 1 task/).waitFor()
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByRole('heading', { name: 'Needs a look' }).waitFor()
    await page.goBack()
    await page.getByText(/Sound: 1 task/).waitFor()
    expect(await area.inputValue()).toContain('required: [fish]')
    await page.getByRole('button', { name: 'Register' }).click()
    await page.getByRole('heading', { name: 'typed' }).waitFor()
    await page.getByRole('button', { name: 'Start a process' }).click()
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await page.getByText(/fish/).last().waitFor()
    await page.getByLabel('Input, as JSON').fill('{ "fish": "tuna" }')
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await page.waitForURL(/#\/processes\//)
    expect((await client.listProcesses({ definition: 'typed' })).items).toHaveLength(1)
  })

  test('with the keyboard alone, a failed process is found and looked into', async () => {
    const { client, page, go, work } = await open()
    await client.registerDefinition(chain)
    await client.startProcess({ definition: 'chain', key: 'other' })
    await (await work('First')).complete()
    await client.startProcess({ definition: 'chain', key: 'wrong' })
    await (await work('First')).fail({ message: 'No' })
    await go('processes')
    await row(page, 'wrong').waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.className')).toBe('skip-link')
    await page.keyboard.press('Enter')
    for (const key of ['j', 'j', 'k', 'Enter']) await page.keyboard.press(key)
    await page.getByRole('heading', { name: 'chain wrong' }).waitFor()
    await row(page, 'First').getByText('Failed').waitFor()
    for (const key of ['j', 'Enter']) await page.keyboard.press(key)
    await page.locator('.drawer').getByText('"message": "No"').waitFor()
    expect(await page.evaluate('document.activeElement.id')).toBe('drawer-heading')
    await page.keyboard.press('Escape')
    await page.locator('.drawer').waitFor({ state: 'detached' })
    expect(await page.evaluate('document.activeElement.textContent')).toBe('First')
  })

  test('names, outputs and errors are text, whatever is in them', async () => {
    const { client, page, go, work } = await open()
    await client.registerDefinition({ name: evil, description: evil, tasks: [{ name: evil }] })
    const { id } = await client.startProcess({ definition: evil, key: evil, input: { [evil]: evil } })
    await (await work(evil)).complete({ [evil]: evil })
    for (const route of [
      '',
      'processes',
      `processes/${id}`,
      'definitions',
      `definitions/${encodeURIComponent(evil)}`,
    ]) {
      await go(route)
      await page.waitForTimeout(300)
      expect(await page.locator('img').count()).toBe(0)
    }
    await go(`processes/${id}`)
    await page.getByRole('button', { name: evil }).last().click()
    await page.locator('.drawer').getByText('Output').waitFor()
    expect(await page.locator('img').count()).toBe(0)
  })

  describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
    test('no page has barriers, and none is wider than 320 pixels', async () => {
      const { client, page, url, go, work } = await open({}, { colorScheme })
      await client.registerDefinition(chain)
      const { id } = await client.startProcess({
        definition: 'chain',
        key: 'a-rather-long-key-for-a-process',
        input: { a: 1 },
      })
      await (await work('First')).complete({ weight: 12 })
      await client.startProcess({ definition: 'chain' })
      await (await work('First')).fail({ message: 'No' })
      const routes = {
        '': 'Needs a look',
        processes: 'Select all',
        [`processes/${id}`]: 'Started',
        definitions: 'chain',
        'definitions/chain': 'Version 1',
        'tasks?name=Second': 'Waits for a worker',
        'edit/chain': 'Sound',
      }
      // What has a column of its own where there is room.
      const narrowWords: Record<string, RegExp> = {
        '': /last asked/,
        [`processes/${id}`]: /needs First/,
        'tasks?name=Second': /handed out 0 times/,
      }
      for (const [route, text] of Object.entries(routes)) {
        await page.setViewportSize({ width: 1280, height: 800 })
        await go(route)
        await page.getByText(text).first().waitFor()
        if (route.startsWith('processes/')) await page.getByRole('button', { name: 'First' }).last().click()
        expect(await findBarriers(page), route).toEqual([])
        await page.setViewportSize({ width: 320, height: 640 })
        expect(await page.evaluate('document.documentElement.scrollWidth'), route).toBeLessThanOrEqual(320)
        expect(await findBarriers(page), `${route}, narrow`).toEqual([])
        const under = narrowWords[route]
        if (under !== undefined) await page.locator('.under').getByText(under).first().waitFor()
      }
      // What opens above a page: to start with, to cancel with, and to say who one is.
      await go('processes?state=running')
      await page.getByRole('button', { name: 'Start a process' }).click()
      expect(await findBarriers(page), 'to start').toEqual([])
      await page.keyboard.press('Escape')
      await page.getByText('Select all').click()
      await page.getByRole('button', { name: 'Cancel' }).click()
      expect(await findBarriers(page), 'to cancel').toEqual([])
      await page.keyboard.press('Escape')
      await page.route(`${url}/definitions?**`, (asked) =>
        asked.fulfill({ status: 401, json: { status: 401, code: 'unauthenticated', title: 'No key' } }),
      )
      await go('definitions')
      await page.getByLabel('Access key').waitFor()
      expect(await findBarriers(page), 'to say who one is').toEqual([])
      const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor')
      expect(ground).toBe(colorScheme === 'dark' ? 'rgb(16, 20, 26)' : 'rgb(246, 247, 249)')
    })
  })

  test('of two thousand tasks the table comes first, and what repeats is drawn together', async () => {
    const { client, page, go, work } = await open()
    await client.registerDefinition(fanOut('wide', 1_998))
    const { id } = await client.startProcess({ definition: 'wide' })
    await go(`processes/${id}`)
    await page.locator('.node-note').getByText('0 of 1,998 tasks done').waitFor()
    expect(await page.locator('h2').allTextContents()).toEqual(['Tasks', 'Graph', 'Attempts', 'History'])
    expect(await page.locator('.graph .node').count()).toBe(3)
    const table = page.getByRole('group', { name: 'Tasks' })
    await table.focus()
    expect(await table.evaluate(isBounded)).toBe(true)
    const jumps = page.getByRole('navigation', { name: 'On this page' })
    expect(await jumps.getByRole('button').allTextContents()).toEqual([
      'Tasks',
      'Graph',
      'Attempts',
      'History',
    ])
    await jumps.getByRole('button', { name: 'History' }).click()
    expect(await page.evaluate('document.activeElement.id')).toBe('history-heading')
    await (await work('Split')).complete()
    await page
      .locator('.ending')
      .getByText('1 of 2,000 tasks completed, 1,998 waiting for a worker, 1 waiting for others.')
      .waitFor()
  })

  test('a key is asked for when there must be one, and kept for the session only', async () => {
    const authorize = (request: { headers: { authorization?: string | undefined } }) => {
      if (request.headers.authorization === 'Bearer all') return true
      throw new TunaCornError('unauthenticated', 'A key is needed.')
    }
    const { client, page, go } = await open({ authorize })
    await client.registerDefinition(chain)
    await go('definitions')
    await page.getByText('A key is needed.').last().waitFor()
    await page.getByLabel('Access key').fill('k→1')
    await page.keyboard.press('Enter')
    await page.getByText('No key has the character "→" in it.').waitFor()
    // It can be sent away, and comes back when somebody wants it to.
    for (const _ of [1, 2]) {
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.getByRole('alert').getByText('A key is needed.').waitFor()
      await page.getByRole('button', { name: 'Give a key' }).click()
    }
    await page.getByLabel('Access key').fill('all')
    await page.getByRole('button', { name: 'Use this key' }).click()
    await page.getByRole('link', { name: 'chain' }).waitFor()
    expect(await page.evaluate('[sessionStorage.length, localStorage.length, document.cookie]')).toEqual([
      1,
      0,
      '',
    ])
    await page.getByRole('button', { name: 'Forget key' }).click()
    await page.reload()
    await page.getByText('A key is needed.').last().waitFor()
    // An editor that has been refused its text has it as soon as there is a key.
    await go('edit/chain')
    await page.getByLabel('Access key').fill('all')
    await page.getByRole('button', { name: 'Use this key' }).click()
    await page.getByText(/Sound: 2 tasks/).waitFor()
    expect(await page.getByLabel('Definition, in YAML').inputValue()).toBe(chain)
  })

  test('whose key is revoked follows the process again with the next one', async () => {
    let accepted = 'Bearer all'
    const authorize = (request: { headers: { authorization?: string | undefined } }) => {
      if (request.headers.authorization === accepted) return true
      throw new TunaCornError('unauthenticated', 'A key is needed.')
    }
    const { client, page, streams, go } = await open({ authorize })
    await client.registerDefinition(chain)
    const { id } = await client.startProcess({ definition: 'chain' })
    await page.addInitScript("sessionStorage.setItem('tunacorn-key', 'all')")
    await go(`processes/${id}`)
    await page.locator('.live').waitFor()
    accepted = 'Bearer next'
    streams[0]?.response.destroy()
    await page.locator('.live').waitFor({ state: 'detached' })
    await page.getByLabel('Access key').fill('next')
    await page.keyboard.press('Enter')
    await page.locator('.live').waitFor()
    expect(streams.at(-1)?.request.headers['authorization']).toBe('Bearer next')
  })

  test('a read-only page offers to change nothing; who may not is offered it no longer', async () => {
    const { client, page, go } = await open({ dashboard: 'read-only' })
    await client.registerDefinition(chain)
    const { id } = await client.startProcess({ definition: 'chain' })
    await go(`processes/${id}`)
    await row(page, 'First').waitFor()
    await page.getByText('Read-only').waitFor()
    expect(await page.getByRole('button', { name: /Cancel|Pause|Start/ }).count()).toBe(0)

    const other = await open({
      authorize: (request, action) => action === 'read' || request.headers.authorization === 'Bearer all',
    })
    await other.client.registerDefinition(chain)
    const started = await other.client.startProcess({ definition: 'chain' })
    await other.go(`processes/${started.id}`)
    await other.page.getByRole('button', { name: 'Pause' }).click()
    await other.page.getByText(/needs the right to "start"/).waitFor()
    await other.page.getByRole('button', { name: 'Pause' }).waitFor({ state: 'detached' })
  })
})
