import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase, postgresUrl } from '../../postgres/test/support/databases.js'
import { killAll, serveCommand, tunacorn } from './support/command.js'

afterEach(killAll)

const keyForm = /^tuna_[0-9a-f]{16}_[\w-]{43}\n$/

async function asked(url: string, key?: string): Promise<string> {
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const response = await fetch(`${url}/processes`, { headers })
  const { detail = '' } = (await response.json()) as { detail?: string }
  return `${response.status} ${detail}`
}

/** Asks again until it is answered so. */
async function untilAsked(url: string, key: string | undefined, answer: string): Promise<void> {
  while (!(await asked(url, key)).startsWith(answer)) await sleep(50)
}

describe.skipIf(postgresUrl() === undefined)('keys in a database that servers are on', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  beforeAll(async () => {
    database = await freshDatabase(postgresUrl() ?? '')
  })
  afterAll(() => database.drop())

  test('are made and shown once, open, are listed without their secrets, and are revoked', async () => {
    const env = { DATABASE_URL: database.url }
    const keys = (...args: string[]) => tunacorn(['keys', ...args], { env })
    const { url } = await serveCommand([], { env })
    expect(await asked(url)).toBe('200 ')

    const made = await keys('create', 'worker-1', '--scopes', 'work,read', '--expires', '90d')
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(keyForm) })
    expect(made.stderr).toMatch(
      /Made the key "worker-1" for work, read, until 20\S+Z\. It is shown only now:/,
    )
    const key = made.stdout.trim()
    await untilAsked(url, undefined, '401 Expected an access key')
    expect(await asked(url, key)).toBe('200 ')
    const other = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`
    expect(await asked(url, other)).toMatch(/^401 .*not known/)

    expect(await keys('create', 'worker-1', '--scopes', 'read')).toMatchObject({
      code: 5,
      stdout: '',
      stderr: expect.stringContaining('there is one called "worker-1"'),
    })
    const { stdout } = await keys('list')
    expect(stdout).toMatch(/^NAME .*\nworker-1 +live +work,read +20\d\d-\S+ \S+Z .*tuna_\S+_…\n$/)
    expect(stdout).not.toContain(key.slice(-43))
    const listed = JSON.parse((await keys('list', '--json')).stdout) as object
    expect(listed).toMatchObject({ name: 'worker-1', state: 'live', scopes: ['work', 'read'] })
    expect(listed).not.toHaveProperty('secretHash')

    // There is no terminal here to ask on.
    expect(await keys('revoke', 'worker-1')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Expected --yes'),
    })
    expect(await keys('revoke', 'worker-1', '--yes')).toMatchObject({
      code: 0,
      stdout: 'Revoked the key "worker-1". Servers refuse it within two seconds.\n',
    })
    await untilAsked(
      url,
      key,
      '401 Expected an access key as "Authorization: Bearer <key>", but this one is rev',
    )
    // The last key has gone: that does not open the door, neither now nor later.
    expect(await asked(url)).toMatch(/^401 /)
    const later = await serveCommand([], { env })
    expect(await asked(later.url)).toMatch(/^401 /)
    expect(await keys('revoke', 'worker-1', '--yes')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('none is called "worker-1"'),
    })
  })
})

test('what is asked for in a way that is not understood is refused before a database is opened', async () => {
  const dataDir = join(tmpdir(), `tunacorn-never-made-${process.pid}`)
  const create = (...args: string[]) => tunacorn(['keys', 'create', ...args, '--data-dir', dataDir])
  const cases: [string[], RegExp][] = [
    [['a'], /^tunacorn: required option '--scopes <scopes>' not specified\n\("tunacorn keys create --help"/],
    [['a', '--scopes', 'read,write'], /^tunacorn: Expected --scopes out of read, start, work, define, admin/],
    [['a', '--scopes', ''], /^tunacorn: Expected --scopes out of/],
    [['a b', '--scopes', 'read'], /^tunacorn: Expected a name of up to 64 letters/],
    [['a', '--scopes', 'read', '--expires', 'soon'], /^tunacorn: Expected --expires to be a duration/],
  ]
  for (const [args, stderr] of cases) {
    const result = await create(...args)
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toMatch(stderr)
  }
  expect(existsSync(dataDir)).toBe(false)
})
