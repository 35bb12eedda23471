import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { killAll, serveCommand, tunacorn } from './support/command.js'
import { dataDirectories } from './support/data-directory.js'
import { ask, takenPort } from './support/http.js'

const directories = dataDirectories()
afterEach(killAll)

const notTheClaim = `1.${'n'.repeat(22)}`
const definition = { name: 'greeting', tasks: [{ name: 'Say Hello' }] }

test('it serves the API at the root, and answers unknown routes with a problem', async () => {
  const { url } = await serveCommand(['--data-dir', await directories.copy()])
  expect(await ask(`${url}/readyz`)).toMatchObject({ status: 200, body: { status: 'ok' } })
  const { status, headers, body } = await ask(`${url}/nope`)
  expect(status).toBe(404)
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(headers.has('x-powered-by')).toBe(false)
  expect(body).toEqual({
    type: 'urn:tunacorn:problem:not-found',
    title: 'There is no such route',
    status: 404,
    code: 'not-found',
    detail: 'There is no GET /nope. GET /openapi.json lists what there is.',
  })
})

test('SIGTERM answers an open long poll, and ends soon with exit code 0; a restart finds all', async () => {
  const dataDir = await directories.copy()
  const first = await serveCommand(['--data-dir', dataDir])
  await ask(`${first.url}/definitions`, definition)
  const started = await ask(`${first.url}/processes`, { definition: 'greeting' })
  const id = String(started.body['id'])
  const { body } = await ask(`${first.url}/tasks/claim`, { worker: 'w' })
  expect(body['tasks']).toHaveLength(1)

  const poll = ask(`${first.url}/tasks/claim`, { worker: 'w', wait: '60s' })
  await sleep(200)
  const stoppedAt = performance.now()
  expect(await first.server.kill('SIGTERM')).toMatchObject({ code: 0, stderr: '' })
  expect(performance.now() - stoppedAt).toBeLessThan(2_000)
  expect(await poll).toMatchObject({ status: 200, body: { tasks: [] } })

  const second = await serveCommand(['--data-dir', dataDir])
  const found = await ask(`${second.url}/processes/${id}`)
  expect(found).toMatchObject({ status: 200, body: { state: 'running', definition: 'greeting' } })
})

test('connections that ask nothing, and requests that never end, do not hold up the end', async () => {
  const { server, url } = await serveCommand(['--data-dir', await directories.copy()])
  const { hostname, port } = new URL(url)
  const silent = connect(Number(port), hostname)
  const halfway = connect(Number(port), hostname).on('error', () => {})
  halfway.write(
    'POST /processes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  )
  await sleep(100)
  const stoppedAt = performance.now()
  expect(await server.kill('SIGINT')).toMatchObject({ code: 0 })
  expect(performance.now() - stoppedAt).toBeLessThan(5_000)
  silent.destroy()
  halfway.destroy()
})

test('a second signal ends it at once, and one that came twice counts once', async () => {
  const { server, url } = await serveCommand(['--data-dir', await directories.copy()])
  const { hostname, port } = new URL(url)
  const halfway = connect(Number(port), hostname).on('error', () => {})
  halfway.write(
    'POST /processes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  )
  await sleep(100)
  void server.kill('SIGINT')
  void server.kill('SIGINT')
  await sleep(600)
  expect(await server.kill('SIGINT')).toMatchObject({ code: 130 })
  halfway.destroy()
})

test('after SIGKILL it starts again, with all that was answered', async () => {
  const dataDir = await directories.copy()
  const first = await serveCommand(['--data-dir', dataDir])
  await ask(`${first.url}/definitions`, definition)
  const { body } = await ask(`${first.url}/processes`, { definition: 'greeting' })
  await first.server.kill('SIGKILL')

  const second = await serveCommand(['--data-dir', dataDir])
  expect(second.server.stdout).toContain('Recovering the database')
  expect(await ask(`${second.url}/processes/${String(body['id'])}`)).toMatchObject({ status: 200 })
})

test('a second server on the same data directory is refused, in one line', async () => {
  const dataDir = await directories.copy()
  await serveCommand(['--data-dir', dataDir])
  const { code, stderr } = await tunacorn(['serve', '--port', '0', '--data-dir', dataDir])
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^tunacorn: The data directory .* is in use by process \d+\. .*\(--data-dir, --database-url\)\n$/,
  )
})

test(
  'in the embedded database a key is kept by its hash alone, and none is changed while a server is on it',
  { timeout: 60_000 },
  async () => {
    const dataDir = await directories.copy()
    const made = await tunacorn(['keys', 'create', 'ada', '--scopes', 'admin', '--data-dir', dataDir])
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^tuna_/) })
    const key = made.stdout.trim()
    expect(filesWith(dataDir, 'api_key_by_name')).not.toEqual([])
    expect(filesWith(dataDir, key.slice(-43))).toEqual([])

    const { url } = await serveCommand(['--data-dir', dataDir])
    const headers = { authorization: `Bearer ${key}` }
    expect((await fetch(`${url}/processes`)).status).toBe(401)
    expect((await fetch(`${url}/processes`, { headers })).status).toBe(200)
    const { code, stderr } = await tunacorn(['keys', 'list', '--data-dir', dataDir])
    expect(code).toBe(1)
    expect(stderr).toMatch(/in use by process \d+\..* Stop the server while keys are changed, or .*\n$/)
  },
)
test('doctor looks at an embedded database that nobody has open, and finds it well', async () => {
  const dataDir = await directories.copy()
  const { code, stdout, stderr } = await tunacorn(['doctor', '--data-dir', dataDir])
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^(ok {5}\S.*\n){10,}$/) })
  expect(stdout).toContain('ok     fsync is on')
  expect(stderr).toMatch(/^Database ready after .*\n$/)
  const { server } = await serveCommand(['--data-dir', dataDir])
  expect(await tunacorn(['doctor', '--data-dir', dataDir])).toMatchObject({ code: 1, stdout: '' })
  await server.kill('SIGTERM')
})

test('a port that is taken is said in one line, before a database is made', async () => {
  const { port, release } = await takenPort()
  const result = await tunacorn(['serve', '--port', port, '--data-dir', directories.path('never-made')])
  release()
  expect(result).toEqual({
    code: 1,
    stdout: '',
    stderr: `tunacorn: Port ${port} on 127.0.0.1 is taken: maybe TunaCorn is running already. Choose another port, such as --port ${Number(port) + 1}.\n`,
  })
  expect(existsSync(directories.path('never-made'))).toBe(false)
})

test('the log tells refusals at info, successes only at debug, and neither claims, headers nor payloads', async () => {
  const dataDir = await directories.copy()
  const { server, url } = await serveCommand(['--data-dir', dataDir, '--log-level', 'debug'])
  await ask(`${url}/definitions`, definition)
  await ask(`${url}/processes`, { definition: 'greeting', input: { pin: 'payload-secret' } })
  const { body } = await ask(`${url}/tasks/claim`, { worker: 'w' })
  const [task] = body['tasks'] as [{ id: string; claim: string }]
  await fetch(`${url}/processes?limit=0`, { headers: { authorization: 'Bearer header-secret' } })
  await ask(`${url}/tasks/${task.id}/complete`, { claim: task.claim, output: { pin: 'payload-secret' } })
  await ask(`${url}/tasks/${task.id}/complete`, { claim: notTheClaim })
  const { stdout } = await server.kill('SIGTERM')

  const requests = stdout
    .trim()
    .split('\n')
    .map((line): { level: number; req?: { path: string }; res?: { status: number } } => JSON.parse(line))
    .filter(({ req }) => req !== undefined)
    .map(({ level, req, res }) => `${level} ${req?.path.replace(task.id, 'ID')} ${res?.status}`)
  expect(requests).toEqual([
    '20 /definitions 201',
    '20 /processes 201',
    '20 /tasks/claim 200',
    '30 /processes 400',
    '20 /tasks/ID/complete 200',
    '30 /tasks/ID/complete 409',
  ])
  for (const secret of ['payload-secret', 'header-secret', task.claim, notTheClaim])
    expect(stdout).not.toContain(secret)
})

/** Which files below hold the text. */
function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text))
}
