import { createRequire } from 'node:module'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase, postgresUrl } from '../../postgres/test/support/databases.js'
import { killAll, serveCommand, tunacorn } from './support/command.js'
import { ask } from './support/http.js'

// The server itself speaks to no database: the driver is that of the package that does.
const { Client }: typeof pg = createRequire(new URL('../../postgres/package.json', import.meta.url))('pg')

describe.skipIf(postgresUrl() === undefined)('on a real PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  beforeAll(async () => {
    database = await freshDatabase(postgresUrl() ?? '')
  })
  afterEach(killAll)
  afterAll(() => database.drop())

  test('migrate says which migrations ran, and the second time that there was nothing to do', async () => {
    const env = { DATABASE_URL: database.url }
    const { host, pathname, password } = new URL(database.url)
    const first = await tunacorn(['migrate'], { env })
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(/^(Applied .+\n)+The schema of PostgreSQL at .+ is up to date now\.\n$/)
    expect(first.stdout).not.toContain(password)
    expect(await tunacorn(['migrate'], { env })).toEqual({
      code: 0,
      stdout: `The schema of PostgreSQL at ${host}${pathname} was up to date already.\n`,
      stderr: '',
    })
    const { stdout } = await tunacorn(['migrate', '--json'], { env })
    expect(JSON.parse(stdout)).toEqual({ database: `PostgreSQL at ${host}${pathname}`, applied: [] })
  })

  test('two servers share it', async () => {
    const env = { DATABASE_URL: database.url }
    const [one, other] = await Promise.all([serveCommand([], { env }), serveCommand([], { env })])
    await ask(`${one.url}/definitions`, { name: 'greeting', tasks: [{ name: 'Say Hello' }] })
    const poll = ask(`${other.url}/tasks/claim`, { worker: 'w', wait: '10s' })
    await ask(`${one.url}/processes`, { definition: 'greeting' })
    expect((await poll).body['tasks']).toHaveLength(1)
    expect(await one.server.kill('SIGTERM')).toMatchObject({ code: 0 })
    expect(await other.server.kill('SIGTERM')).toMatchObject({ code: 0 })
  })

  test('a wrong password is told at once, in one line', async () => {
    const url = new URL(database.url)
    url.password = 'wrong-secret'
    const result = await tunacorn(['serve', '--port', '0'], { env: { DATABASE_URL: url.href } })
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(
      /^tunacorn: PostgreSQL at \S+ cannot be used: password authentication failed for user "\w+"\. Check DATABASE_URL .*\n$/,
    )
    expect(result.stderr).not.toContain('wrong-secret')
  })

  test('a database that is not there is told at once', async () => {
    const url = new URL(database.url)
    url.pathname = '/nope'
    const { code, stderr } = await tunacorn(['migrate', '--database-url', url.href])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^tunacorn: PostgreSQL at \S+ cannot be used: database "nope" does not exist\. /)
  })

  test('a schema newer than the code is refused, in one line', async () => {
    const newer = await freshDatabase(postgresUrl() ?? '')
    try {
      await tunacorn(['migrate', '--database-url', newer.url])
      const client = new Client({ connectionString: newer.url })
      await client.connect()
      await client.query(`INSERT INTO tunacorn.migration (version, name) VALUES (999, 'from the future')`)
      await client.end()
      const { code, stderr } = await tunacorn(['serve', '--port', '0', '--database-url', newer.url])
      expect(code).toBe(1)
      expect(stderr).toMatch(
        /^tunacorn: PostgreSQL at \S+ cannot be used: .* but found 999\. A newer TunaCorn .*\.\n$/,
      )
    } finally {
      await newer.drop()
    }
  })
})
