import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openapiDocument, scopes, type Scope } from '@tunacorn/protocol'
import { freshDatabase, postgresUrl } from '../../postgres/test/support/databases.js'
import { killAll, serveCommand, tunacorn, type Command } from './support/command.js'

const secretOf = (scope: Scope) => `${scope}-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c`
const environment = {
  TUNACORN_API_KEYS: scopes.map((scope) => `only-${scope}:${scope}:${secretOf(scope)}`).join(','),
}

let database: Awaited<ReturnType<typeof freshDatabase>>
let url: string
let server: Command
beforeAll(async () => {
  if (postgresUrl() === undefined) return
  database = await freshDatabase(postgresUrl() ?? '')
  const args = ['--log-level', 'trace', '--allowed-hosts', 'tuna.example']
  ;({ url, server } = await serveCommand(args, { env: { ...environment, DATABASE_URL: database.url } }))
})
afterAll(async () => {
  await killAll()
  await database?.drop()
})

interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The path as it is written, with nothing put right. */
async function ask(
  path: string,
  { method = 'GET', headers = {}, body = '' }: Sent = {},
  served: string = url,
) {
  const { hostname, port } = new URL(served)
  const asked = request({ hostname, port, path, method, headers, agent: false }).end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, text: await text(response) }
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const json = { 'content-type': 'application/json' }

/** The table of routes itself: what is added to it is looked at here, without a word. */
const operations = Object.entries(openapiDocument.paths).flatMap(([path, item]) =>
  (['get', 'post', 'delete'] as const).flatMap((verb) => {
    const operation = item[verb] as { security?: [{ key: [Scope] }?] } | undefined
    if (operation === undefined) return []
    return [{ method: verb.toUpperCase(), path: filled(path), scope: operation.security?.[0]?.key[0] }]
  }),
)

function filled(path: string): string {
  const id = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'
  return path
    .replace('/tasks/{id}', `/tasks/${id}.0`)
    .replace('{id}', id)
    .replaceAll(/\{\w+\}/g, '1')
}

describe.skipIf(postgresUrl() === undefined)('each route of openapi.yaml', () => {
  const guarded = operations.filter(({ scope }) => scope !== undefined)

  test.each(guarded)('$method $path: nobody without a key', async ({ method, path }) => {
    for (const headers of [
      {},
      bearer('wrong'),
      bearer(`${secretOf('admin')}x`),
      { authorization: secretOf('admin') },
      { authorization: `Basic ${secretOf('admin')}` },
      { 'x-api-key': secretOf('admin') },
      { cookie: `key=${secretOf('admin')}` },
    ]) {
      const answer = await ask(path, { method, headers: { ...headers, ...json } })
      expect([headers, answer.status]).toEqual([headers, 401])
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      expect(JSON.parse(answer.text)).toMatchObject({ status: 401, code: 'unauthenticated' })
    }
    const query = await ask(`${path}?access_token=${secretOf('admin')}`, { method, headers: json })
    expect(query.status).toBe(401)
  })

  test.each(guarded)('$method $path: only with the scope $scope, or admin', async (operation) => {
    const { method, path, scope } = operation
    for (const given of scopes) {
      const body = method === 'POST' ? '{}' : ''
      const answer = await ask(path, { method, headers: { ...bearer(secretOf(given)), ...json }, body })
      const may = given === scope || given === 'admin'
      expect([given, [401, 403].includes(answer.status)]).toEqual([given, !may])
      if (!may) expect(JSON.parse(answer.text)).toMatchObject({ status: 403, code: 'forbidden' })
    }
  })

  test('two are for everybody, by their very names', async () => {
    const open = operations.filter(({ scope }) => scope === undefined)
    expect(open.map(({ path }) => path)).toEqual(['/livez', '/readyz'])
    for (const { path } of open) expect((await ask(path)).status).toBe(200)
    const near = [
      '/livez/',
      '/LIVEZ',
      '//livez',
      '/livez/processes',
      '/processes/livez',
      '/livez.json',
      '/livez%2f',
    ]
    for (const path of near)
      expect([path, [401, 404]]).toEqual([path, expect.arrayContaining([(await ask(path)).status])])
  })

  test('another way of writing its path opens none', async () => {
    const ways = (path: string) => [
      path.toUpperCase(),
      `${path}/`,
      `/${path}`,
      `${path}//`,
      `/.${path}`,
      `/x/..${path}`,
      `/livez/..${path}`,
      `/livez/%2e%2e${path}`,
      `/livez%2f..${path}`,
      `/livez;${path}`,
      `${path};/livez`,
      `${path}/livez`,
      `${path}?/livez`,
      `${path}%3f/livez`,
      `${path}#/livez`,
      `${path}%00`,
      `${path}%20`,
      `${path}.json`,
      path.replace(/[a-z]/, (first) => `%${first.charCodeAt(0).toString(16)}`),
      path.replaceAll('/', '%2f'),
      path.replaceAll('/', '\\'),
      `http://127.0.0.1${path}`,
    ]
    for (const { method, path } of guarded) {
      for (const way of ways(path)) {
        const { status } = await ask(way, { method, headers: json, body: method === 'POST' ? '{}' : '' })
        expect([method, way, [400, 401, 404, 405].includes(status) || status]).toEqual([method, way, true])
      }
    }
  })

  test('another method opens none', async () => {
    for (const path of new Set(guarded.map((operation) => operation.path))) {
      for (const method of ['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'TRACE', 'PROPFIND']) {
        const headers = { 'x-http-method-override': 'GET' }
        const { status } = await ask(path, { method, headers })
        expect([method, path, [401, 405].includes(status) || status]).toEqual([method, path, true])
      }
    }
  })
})

describe.skipIf(postgresUrl() === undefined)('a request', () => {
  const key = bearer(secretOf('read'))

  test('says Bearer as it likes', async () => {
    for (const authorization of [`bearer ${secretOf('read')}`, `BEARER  ${secretOf('read')}`])
      expect((await ask('/processes', { headers: { authorization } })).status).toBe(200)
  })

  test('names the server as it is known, or is told how that is done', async () => {
    for (const host of ['localhost', '127.0.0.1:1', '[::1]', 'tuna.example', 'TUNA.example:443'])
      expect([host, (await ask('/processes', { headers: { ...key, host } })).status]).toEqual([host, 200])
    for (const path of ['/processes', '/livez', '/nothing']) {
      const answer = await ask(path, { headers: { ...key, host: 'evil.example' } })
      expect(answer.status).toBe(421)
      expect(JSON.parse(answer.text)).toMatchObject({
        code: 'unknown-host',
        detail: expect.stringContaining(
          'found "evil.example". If it is this server\'s, name it with --allowed-hosts',
        ),
      })
    }
  })

  test('of a page of another origin is refused, with a key as well', async () => {
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await ask('/processes', { headers: { ...key, ...headers } })
      expect(JSON.parse(answer.text)).toMatchObject({ status: 403, code: 'cross-origin' })
    }
    expect(
      (await ask('/processes', { headers: { ...key, origin: url, host: new URL(url).host } })).status,
    ).toBe(200)
  })
})

test.skipIf(postgresUrl() === undefined)(
  'no log line, at any level, has a key, a claim, an input, an output or an error of a worker',
  async () => {
    const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
      const sent = { method: 'POST', headers: { ...bearer(secretOf('admin')), ...json, ...headers } }
      return JSON.parse((await ask(path, { ...sent, body: JSON.stringify(body) })).text) as Record<
        string,
        unknown
      >
    }
    const hidden = 'hidden-payload'
    await post('/definitions', { name: 'log', tasks: [{ name: 'A', retry: 3 }], input: { type: 'object' } })
    await post(
      '/processes',
      { definition: 'log', input: { [hidden]: hidden } },
      { cookie: 'session=hidden-cookie' },
    )
    await post('/processes', { definition: 'log', input: hidden })
    await post('/processes', { definition: 'log', input: { [hidden]: '\u0000' } })
    const claims: string[] = []
    for (const [verb, rest] of [
      ['fail', { error: { message: hidden }, retryIn: '1ms' }],
      ['complete', { output: { [hidden]: hidden } }],
    ] as const) {
      const { tasks } = await post('/tasks/claim', { worker: 'w', wait: '20s', lease: '1m' })
      const [task] = tasks as [{ id: string; claim: string }]
      claims.push(task.claim)
      // Refused, done, and done again.
      await post(`/tasks/${task.id}/${verb}`, { claim: task.claim, ...rest, [hidden]: hidden })
      for (let times = 0; times < 2; times += 1)
        await post(`/tasks/${task.id}/${verb}`, { claim: task.claim, ...rest })
      await post(`/tasks/${task.id}/heartbeat`, { claim: task.claim })
    }
    await ask('/processes', { headers: bearer('wrong-hidden-payload') })
    await ask(`/processes?key=${hidden}`, { headers: bearer(secretOf('read')) })
    await ask('/processes', {
      method: 'POST',
      headers: { ...bearer(secretOf('start')), ...json },
      body: `{"${hidden}`,
    })

    const { stdout, stderr } = server
    expect(stdout).toContain('"path":"/tasks/claim"')
    expect(claims).toHaveLength(2)
    const secrets = claims.map((claim) => claim.split('.')[1] ?? '')
    for (const one of [hidden, 'hidden-cookie', ...secrets, ...scopes.map(secretOf)])
      expect([one, stdout.includes(one), stderr.includes(one)]).toEqual([one, false, false])
  },
)

describe.skipIf(postgresUrl() === undefined)('beyond this machine', () => {
  /** It listens on loopback all the same, and takes that for all addresses: a test opens nothing to others. */
  const pretence = `
    import net from 'node:net'
    const { listen, address } = net.Server.prototype
    net.Server.prototype.listen = function (port, host, ...rest) { return listen.call(this, port, '127.0.0.1', ...rest) }
    net.Server.prototype.address = function () { return { ...address.call(this), address: '0.0.0.0' } }`
  const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(pretence)}`
  const args = ['--host', '0.0.0.0']
  const beyond = (env: Record<string, string>) => ({
    env: { NODE_OPTIONS, DATABASE_URL: database.url, ...env },
  })
  const asOthers = async (served: { url: string }, headers: Record<string, string>) =>
    (await ask('/processes', { headers }, served.url.replace('0.0.0.0', '127.0.0.1'))).status

  test('it does not serve without keys, and says what can be done', async () => {
    const surroundings = beyond({})
    const { code, stdout, stderr } = await tunacorn(['serve', '--port', '0', ...args], surroundings)
    expect(code).toBe(1)
    expect(stdout).not.toContain('"Listening"')
    expect(stderr).toMatch(
      /^tunacorn: Expected access keys, since others can reach 0\.0\.0\.0, but there are none\. .*tunacorn keys create .*TUNACORN_API_KEYS\. .*--insecure \(TUNACORN_INSECURE=true\) .*\n$/,
    )
  })

  test('it does when that is wanted, says so, and looks at the Host', async () => {
    const surroundings = beyond({ TUNACORN_INSECURE: 'true' })
    const served = await serveCommand(args, surroundings)
    expect(served.server.stdout).toMatch(
      /"level":40.*Everybody who can reach http:\/\/0\.0\.0\.0:\d+ may do everything/,
    )
    expect(await asOthers(served, {})).toBe(200)
    expect(await asOthers(served, { host: 'evil.example' })).toBe(421)
  })

  test('it asks for the keys that there are, whatever else is wanted', async () => {
    const surroundings = beyond({ ...environment, TUNACORN_INSECURE: 'true' })
    const served = await serveCommand(args, surroundings)
    expect(served.server.stdout).not.toContain('may do everything')
    expect(await asOthers(served, {})).toBe(401)
    expect(await asOthers(served, bearer(secretOf('read')))).toBe(200)
  })

  test('it takes any Host where it asks for keys', async () => {
    const surroundings = beyond(environment)
    const served = await serveCommand(args, surroundings)
    expect(await asOthers(served, { host: 'tuna.example' })).toBe(401)
    expect(await asOthers(served, { host: 'tuna.example', ...bearer(secretOf('read')) })).toBe(200)
  })
})
