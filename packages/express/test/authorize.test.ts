import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TunaCornError, tunacorn, type Action, type Authorize } from '@tunacorn/express'
import { scopes } from '@tunacorn/protocol'
import { Api } from './support/api.js'
import { methods, openapi, type OperationObject } from './support/contract.js'
import { open } from './support/raw.js'
import { recordingLogger } from './support/recording-logger.js'
import { listen, serve } from './support/serve.js'
import { register, source } from './support/steps.js'

interface Secured extends OperationObject {
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
}

/** As openapi.yaml has them; `scope` is what it says of who may, `undefined`: everybody. */
const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
  methods.flatMap((method) => {
    const operation: Secured | undefined = item[method]
    if (operation === undefined) return []
    const { operationId: id, security, responses } = operation
    return [{ id, method, path, security, responses, scope: security?.[0]?.['key']?.[0] }]
  }),
)
const id = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'
const filled = (path: string) =>
  path
    .replace('/tasks/{id}', `/tasks/${id}.0`)
    .replace('{id}', id)
    .replace('{name}', 'a')
    .replace('{version}', '1')

describe('who may do what', () => {
  test('openapi.yaml names a scope for each operation, but for two that probes ask', () => {
    const exempt = operations.filter(({ scope }) => scope === undefined)
    expect(exempt.map(({ path, security }) => [path, security])).toEqual([
      ['/livez', []],
      ['/readyz', []],
    ])
    for (const operation of operations) {
      if (operation.scope === undefined) continue
      expect(scopes).toContain(operation.scope)
      const declared = [operation.id, Object.keys(operation.responses)]
      expect(declared).toEqual([operation.id, expect.arrayContaining(['401', '403'])])
    }
  })

  test.each(operations)('$id asks for the scope that openapi.yaml names: $scope', async (operation) => {
    const { method, path, scope } = operation
    const asked: Action[] = []
    const authorize: Authorize = (_request, wanted) => {
      asked.push(wanted)
      return false
    }
    const { api } = await serve({ authorize, metrics: true })
    const { status, body } = await api.send(method, filled(path), method === 'post' ? { json: {} } : {})
    expect(asked).toEqual(scope === undefined ? [] : [scope])
    if (scope === undefined) expect(status).toBe(200)
    else expect([status, body.code, body.detail]).toEqual([403, 'forbidden', expect.stringContaining(scope)])
  })

  test.each([
    ['says yes', () => true],
    ['says yes later', () => Promise.resolve(true)],
  ])('who is asked and %s lets it happen', async (_, authorize) => {
    const { api } = await serve({ authorize })
    expect((await register(api, 'a', { A: [] })).version).toBe(1)
  })

  test.each([
    ['no', () => false],
    ['no, later', () => Promise.resolve(false)],
    // In a host without types.
    ['nothing', () => undefined as unknown as boolean],
  ])('who is asked and says %s keeps it from happening', async (_, authorize) => {
    const { api, router } = await serve({ authorize })
    expect((await api.post('/definitions', source('a', { A: [] }))).status).toBe(403)
    expect((await router.engine.listDefinitions()).items).toEqual([])
  })

  test.each([
    [
      'throws',
      () => {
        throw new TunaCornError('unauthenticated', 'Who are you?')
      },
    ],
    ['rejects', () => Promise.reject(new TunaCornError('unauthenticated', 'Who are you?'))],
  ] satisfies [string, Authorize][])('who is asked and %s may answer 401 so', async (_, authorize) => {
    const { api } = await serve({ authorize })
    expect(await api.get('/processes')).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      body: { code: 'unauthenticated', detail: 'Who are you?' },
    })
  })

  test('who is asked and breaks down lets nothing happen, and tells nothing to who asks', async () => {
    const { api, log } = await serve({
      authorize: () => {
        throw new Error('the password is hunter2')
      },
    })
    const response = await fetch(`${api.url}/processes`)
    expect(response.status).toBe(500)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.text()).not.toContain('hunter2')
    expect(log.complaints()).toEqual(['request failed'])
  })

  test('a host that wants another proof than a bearer says so itself', async () => {
    const { api } = await serve({
      authorize: (request) => {
        request.res?.setHeader('WWW-Authenticate', 'Basic realm="us"')
        throw new TunaCornError('unauthenticated')
      },
    })
    expect((await api.get('/processes')).headers).toMatchObject({ 'www-authenticate': 'Basic realm="us"' })
  })

  test.each([
    ['production', undefined, 1],
    ['production', () => true, 0],
    ['development', undefined, 0],
  ])('an app in %s with authorize %s is warned so often: %i', async (env, authorize, times) => {
    const log = recordingLogger()
    const router = tunacorn({ logger: log, authorize })
    onTestFinished(() => router.close())
    log.lines.length = 0
    const url = await listen(express().set('env', env).use('/tunacorn', router))
    for (const path of ['/livez', '/processes', '/tasks']) await new Api(`${url}/tunacorn`).get(path)
    const warning = 'whoever reaches TunaCorn here may do everything: give it the option authorize'
    expect(log.complaints()).toEqual(Array.from({ length: times }, () => warning))
  })

  test('is asked with the request as the host has left it', async () => {
    const seen: unknown[] = []
    const router = tunacorn({
      logger: recordingLogger(),
      authorize: (request, action) => {
        seen.push([
          action,
          request.method,
          request.originalUrl,
          request.get('authorization'),
          Reflect.get(request, 'user'),
        ])
        return true
      },
    })
    onTestFinished(() => router.close())
    const app = express()
      .use((request, _response, next) => {
        Object.assign(request, { user: 'Ada' })
        next()
      })
      .use('/tunacorn', router)
    const api = new Api(`${await listen(app)}/tunacorn`)
    await api.get('/processes?limit=1', { authorization: 'Bearer x' })
    expect(seen).toEqual([['read', 'GET', '/tunacorn/processes?limit=1', 'Bearer x', 'Ada']])
  })

  test('is decided before anything of the body is read', async () => {
    const { api } = await serve({ authorize: () => false })
    for (const path of ['/processes', '/definitions', '/tasks/claim']) {
      const headers = { 'content-type': 'application/json', 'content-length': 1000 }
      const asked = open(api.url, path, { headers })
      asked.on('error', () => {})
      asked.flushHeaders()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      expect(response.statusCode).toBe(403)
      asked.destroy()
    }
    expect((await api.postText('/processes', '{', 'text/nonsense')).status).toBe(403)
    expect((await api.get('/processes?limit=0')).status).toBe(403)
  })

  test('is not asked of paths and methods that are not served', async () => {
    const { api } = await serve({ authorize: () => false })
    expect((await api.send('put', '/processes')).status).toBe(405)
    expect((await fetch(`${api.url}/nothing`)).status).toBe(404)
  })
})
