import { afterAll, describe, expect, test } from 'vitest'
import { freePort } from '../../postgres/test/support/free-port.js'
import { Command, killAll, tunacorn } from './support/command.js'
import { ask } from './support/http.js'

afterAll(killAll)

describe.concurrent('without a database', () => {
  test('a database that does not answer is told after ten seconds, with its host and without its password', async () => {
    const env = { DATABASE_URL: 'postgres://tuna:secret@127.0.0.1:1/x' }
    const server = new Command(['serve', '--port', '0'], { env })
    await server.says(/Waiting for PostgreSQL at 127\.0\.0\.1:1\/x/)
    const startedAt = performance.now()
    const { code, stdout, stderr } = await server.exited
    expect(performance.now() - startedAt).toBeGreaterThan(7_000)
    expect(code).toBe(69)
    expect(stderr).toMatch(
      /^tunacorn: Expected PostgreSQL at 127\.0\.0\.1:1\/x to answer within 10 s, but: .*ECONNREFUSED.*\n$/,
    )
    expect(stdout + stderr).not.toContain('secret')
  })

  test('while it waits for its database, it asks for patience, and a signal ends it at once', async () => {
    const port = await freePort()
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/x', PORT: String(port) }
    const server = new Command(['serve'], { env })
    await server.says(/Waiting for PostgreSQL/)
    expect(await ask(`http://127.0.0.1:${port}/readyz`)).toMatchObject({
      status: 503,
      body: { code: 'unavailable', detail: 'TunaCorn is starting. Try again in a second.' },
    })
    const page = await fetch(`http://127.0.0.1:${port}/dashboard/`, { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('refresh')]).toEqual([503, '2'])
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).headers.get('refresh')).toBeNull()
    const { code, stdout } = await server.kill('SIGTERM')
    expect(code).toBe(143)
    // That it is asked too early is no error, and told once.
    const lines = stdout
      .trim()
      .split('\n')
      .map((line): { level: number; msg: string } => JSON.parse(line))
    expect(lines.filter(({ level }) => level > 30).map(({ msg }) => msg)).toEqual([
      'Asked for already: answering 503 until the database is ready',
    ])
  })

  test('migrate waits as long, says so on standard error, and ends with exit code 69', async () => {
    const { code, stdout, stderr } = await tunacorn(['migrate', '--database-url', 'postgres://127.0.0.1:1/x'])
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' })
    expect(stderr).toMatch(/^Waiting for PostgreSQL at .*\ntunacorn: Expected PostgreSQL at .*\n$/)
  })
})
