import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TunaCornError, tunacorn, type Action, type Authorize } from '@tunacorn/express'
import type { operations as Operations } from '@tunacorn/protocol'
import { Api } from './support/api.js'
import { methods, openapi } from './support/contract.js'
import { open } from './support/raw.js'
import { recordingLogger } from './support/recording-logger.js'
import { listen, serve } from './support/serve.js'
import { register, source } from './support/steps.js'

/** What each operation is to who decides who may do what; `undefined`: nobody is asked. */
const actions: Readonly<Record<keyof Operations, Action | undefined>> = {
  registerDefinition: 'define',
  removeDefinitionVersion: 'define',
  validateDefinition: 'read',
  listDefinitions: 'read',
  getDefinition: 'read',
  listDefinitionVersions: 'read',
  getDefinitionVersion: 'read',
  startProcess: 'start',
  startProcesses: 'start',
  cancelProcess: 'start',
  pauseProcess: 'start',
  resumeProcess: 'start',
  retryProcess: 'start',
  explainProcess: 'read',
  listProcesses: 'read',
  getProcess: 'read',
  listProcessTasks: 'read',
  getHistory: 'read',
  destroyProcess: 'admin',
  listTasks: 'read',
  getTask: 'read',
  getTaskAttributes: 'read',
  claimTasks: 'work',
  claimTask: 'work',
  completeTask: 'work',
  failTask: 'work',
  heartbeatTask: 'work',
  heartbeatTasks: 'work',
  releaseTask: 'work',
  metrics: 'read',
  openapi: 'read',
  livez: undefined,
  readyz: undefined,
  getOverview: 'read',
}

const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
  methods.flatMap((method) => {
    const id = item[method]?.operationId as keyof Operations | undefined
    return id === undefined ? [] : [{ id, method, path, action: actions[id] }]
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
  test.each(operations)('$id asks for the right to: $action', async ({ method, path, action }) => {
    const asked: Action[] = []
    const authorize: Authorize = (_request, wanted) => {
      asked.push(wanted)
      return false
    }
    const { api } = await serve({ authorize, metrics: true })
    const { status, body } = await api.send(method, filled(path), method === 'post' ? { json: {} } : {})
    expect(asked).toEqual(action === undefined ? [] : [action])
    if (action === undefined) expect(status).toBe(200)
    else expect([status, body.code, body.detail]).toEqual([403, 'forbidden', expect.stringContaining(action)])
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
