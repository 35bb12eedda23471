import { inspect } from 'node:util'
import * as publicNames from '@tunacorn/client'
import { TunaCornClient, TunaCornConnectionError, TunaCornHttpError } from '@tunacorn/client'
import { openapiDocument } from '@tunacorn/protocol'
import { describe, expect, it } from 'vitest'
import { FakeServer } from './support/fake-server.js'
import { scripted, type SentRequest } from './support/scripted-fetch.js'

const id = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'

describe('the package', () => {
  it('exports these names and no others', () => {
    expect(Object.keys(publicNames).toSorted()).toEqual([
      'ClaimLostError',
      'ProcessNotEndedError',
      'TaskFailure',
      'TunaCornClient',
      'TunaCornConnectionError',
      'TunaCornHttpError',
      'Worker',
      'WorkerStoppedError',
    ])
  })
})

describe('the client', () => {
  it('has a method for each operation of openapi.yaml, and three that are made of these', () => {
    const operations = Object.values(openapiDocument.paths).flatMap(({ get, post, delete: remove }) =>
      [get, post, remove].flatMap((operation) => operation?.operationId ?? []),
    )
    const methods = Object.getOwnPropertyNames(TunaCornClient.prototype).filter(
      (name) => name !== 'constructor',
    )
    const made = ['getDefinitionSource', 'followHistory', 'waitForProcess']
    expect(methods.toSorted()).toEqual([...operations, ...made].toSorted())
  })

  // Each call goes where openapi.yaml has an operation of that name.
  it.each<[string, (client: TunaCornClient) => Promise<unknown>]>([
    ['registerDefinition', (client) => client.registerDefinition('name: a')],
    ['validateDefinition', (client) => client.validateDefinition({ name: 'a' })],
    ['listDefinitions', (client) => client.listDefinitions({ limit: 5 })],
    ['getDefinition', (client) => client.getDefinition('a/b c')],
    ['listDefinitionVersions', (client) => client.listDefinitionVersions('a')],
    ['getDefinitionVersion', (client) => client.getDefinitionVersion('a', 2)],
    ['removeDefinitionVersion', (client) => client.removeDefinitionVersion('a', 2)],
    ['startProcess', (client) => client.startProcess({ definition: 'a' })],
    ['startProcesses', (client) => client.startProcesses({ processes: [{ definition: 'a' }] })],
    ['listProcesses', (client) => client.listProcesses({ state: 'running' })],
    ['getProcess', (client) => client.getProcess(id)],
    ['cancelProcess', (client) => client.cancelProcess(id)],
    ['pauseProcess', (client) => client.pauseProcess(id)],
    ['resumeProcess', (client) => client.resumeProcess(id, { by: 'Ada' })],
    ['retryProcess', (client) => client.retryProcess(id, { reason: 'It may work now' })],
    ['explainProcess', (client) => client.explainProcess(id)],
    ['destroyProcess', (client) => client.destroyProcess(id)],
    ['listProcessTasks', (client) => client.listProcessTasks(id, { state: 'pending' })],
    ['getHistory', (client) => client.getHistory(id, { after: 3 })],
    ['listTasks', (client) => client.listTasks({ name: 'a' })],
    ['claimTasks', (client) => client.claimTasks({ worker: 'w' })],
    ['heartbeatTasks', (client) => client.heartbeatTasks({ tasks: [] })],
    ['getTask', (client) => client.getTask(`${id}.0`)],
    ['getTaskAttributes', (client) => client.getTaskAttributes(`${id}.0`)],
    ['claimTask', (client) => client.claimTask(`${id}.0`, { worker: 'w' })],
    ['completeTask', (client) => client.completeTask(`${id}.0`, { claim: '1.a' })],
    ['failTask', (client) => client.failTask(`${id}.0`, { claim: '1.a', error: {} })],
    ['heartbeatTask', (client) => client.heartbeatTask(`${id}.0`, { claim: '1.a' })],
    ['releaseTask', (client) => client.releaseTask(`${id}.0`, { claim: '1.a' })],
    ['livez', (client) => client.livez()],
    ['readyz', (client) => client.readyz()],
    ['openapi', (client) => client.openapi()],
  ])('%s goes to its route', async (operationId, call) => {
    const { client, requests } = scripted([{ json: { ok: true } }])
    expect(await call(client)).toEqual({ ok: true })
    expect(requests.map(({ method, path }) => operationAt(method, path))).toEqual([operationId])
  })

  it('sends its key with every request, and shows it in no error', async () => {
    const { client, requests } = scripted([{ json: { items: [] } }, { status: 401, json: {} }], { key: 'k' })
    await client.listTasks()
    const error: unknown = await client.startProcess({ definition: 'a' }).catch((thrown: unknown) => thrown)
    expect(requests.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer k', 'Bearer k'])
    expect(inspect(error, { depth: 9 })).not.toContain('Bearer k')
  })

  it('speaks to wherever the router is mounted, with the headers it was given', async () => {
    const { client, requests } = scripted([{ json: {} }], {
      url: 'http://x.test/tunacorn/',
      headers: { a: 'b' },
    })
    await client.listTasks({ name: 'Review Credit', limit: 2 })
    expect(requests[0]).toMatchObject({ url: 'http://x.test/tunacorn/tasks?name=Review+Credit&limit=2' })
    expect(requests[0]?.headers.get('a')).toBe('b')
  })

  it.each([
    ['YAML text', 'name: a', undefined, 'application/yaml', 'name: a'],
    ['JSON text', '{"name":"a"}', 'json', 'application/json', '{"name":"a"}'],
    ['an object', { name: 'a' }, undefined, 'application/json', '{"name":"a"}'],
  ] as const)('registers %s', async (_what, source, format, type, body) => {
    const { client, requests } = scripted([{ json: {} }])
    await client.registerDefinition(source, format)
    expect(requests[0]?.headers.get('content-type')).toBe(type)
    expect(requests[0]?.body).toBe(body)
  })

  it.each(['cancelProcess', 'pauseProcess', 'resumeProcess', 'retryProcess'] as const)(
    '%s says who wants it and why, when that is said',
    async (method) => {
      const { client, requests } = scripted([{ json: {} }, { json: {} }])
      await client[method](id, { by: 'Ada', reason: 'lunch' })
      await client[method](id)
      expect(requests.map(({ body }) => body)).toEqual(['{"by":"Ada","reason":"lunch"}', '{}'])
    },
  )

  it('starts with the idempotency key that it is given, or with one of its own for each start', async () => {
    const { client, requests } = scripted([{ json: {} }, { json: {} }, { json: {} }])
    await client.startProcess({ definition: 'a' }, { idempotencyKey: 'order-4711' })
    await client.startProcess({ definition: 'a' })
    await client.startProcess({ definition: 'a' })
    const [given, first, second] = requests.map(({ headers }) => headers.get('idempotency-key'))
    expect(given).toBe('order-4711')
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    expect(second).toMatch(/^[0-9a-f]{32}$/)
    expect(second).not.toBe(first)
  })

  it('says how long to wait for the end of a process', async () => {
    const { client, requests } = scripted([{ json: {} }, { json: {} }])
    await client.getProcess(id, { wait: '30s' })
    await client.getProcess(id)
    expect(requests.map(({ url }) => url)).toEqual([
      `http://x.test/processes/${id}?wait=30s`,
      `http://x.test/processes/${id}`,
    ])
  })

  it('gets the source of a definition as it was registered', async () => {
    const { client, requests } = scripted([
      { text: '# hi\nname: a\n', type: 'application/yaml; charset=utf-8' },
    ])
    expect(await client.getDefinitionSource('a', 3)).toBe('# hi\nname: a\n')
    expect(requests[0]).toMatchObject({ path: '/definitions/a/versions/3' })
    expect(requests[0]?.headers.get('accept')).toBe('application/yaml')
  })

  it('gives nothing where there is nothing', async () => {
    const { client } = scripted([{ status: 204 }])
    expect(await client.removeDefinitionVersion('a', 1)).toBeUndefined()
  })

  it.each([
    '127.0.0.1:8266',
    'localhost:8266',
    'ftp://x.test',
    'http://me:secret@x.test',
    'http://x.test/?a=b',
  ])('refuses %s as its URL, without repeating secrets', (url) => {
    expect(() => new TunaCornClient({ url })).toThrow(TypeError)
    expect(() => new TunaCornClient({ url })).not.toThrow(/secret/)
  })
})

describe('errors', () => {
  it('of the server carry their code, status and problem, and say what was wrong', async () => {
    const problem = {
      type: 'about:blank',
      title: 'The request is not as the API describes it',
      status: 400,
      code: 'invalid-request',
      errors: [{ in: 'body', pointer: '/max', message: 'must be <= 250' }],
    }
    const { client } = scripted([{ status: 400, json: problem }])
    const error = await rejection(client.claimTasks({ worker: 'w', max: 251 }))
    expect(error).toBeInstanceOf(TunaCornHttpError)
    expect(error).toMatchObject({ status: 400, code: 'invalid-request', mayRetry: false, problem })
    expect(error.message).toBe(
      'POST http://x.test/tasks/claim was answered 400 invalid-request: ' +
        'The request is not as the API describes it (body /max must be <= 250)',
    )
  })

  it('of a definition say the line', async () => {
    const problems = [
      { code: 'unknown-need', message: 'no task is named B', pointer: '/tasks/0', line: 3, column: 5 },
    ]
    const problem = {
      type: 'about:blank',
      title: 'Not sound',
      status: 422,
      code: 'definition-invalid',
      problems,
    }
    const { client } = scripted([{ status: 422, json: problem }])
    const error = await rejection(client.validateDefinition('tasks: []'))
    expect(error.message).toContain('Not sound (line 3:5 no task is named B)')
    expect(error).toMatchObject({ problem: { problems } })
  })

  it('of a proxy are told apart', async () => {
    const { client } = scripted([{ status: 404, text: '<h1>Not here</h1>', type: 'text/html' }])
    const error = await rejection(client.getTask('a'))
    expect(error).toMatchObject({ status: 404, code: 'unknown', mayRetry: false })
    expect(error.message).toContain('<h1>Not here</h1>')
  })

  it('say that something else answers under the URL', async () => {
    const { client } = scripted([{ text: '<h1>Welcome</h1>', type: 'text/html' }])
    const error = await rejection(client.listTasks())
    expect(error).toBeInstanceOf(TunaCornConnectionError)
    expect(error).toMatchObject({ code: 'not-tunacorn', mayRetry: false })
    expect(error.message).toContain('http://x.test/tasks')
  })

  it('say which URL could not be reached, and what to do', async () => {
    const server = await FakeServer.start()
    const { url } = server
    await server.goDown()
    const error = await rejection(new TunaCornClient({ url, retries: 0 }).listTasks())
    expect(error).toBeInstanceOf(TunaCornConnectionError)
    expect(error).toMatchObject({ code: 'unreachable', mayHaveArrived: false, url: `${url}/tasks` })
    expect(error.message).toContain(`GET ${url}/tasks`)
    expect(error.message).toContain('Is the server running')
  })

  it('say what cannot be written as JSON', async () => {
    const { client, requests } = scripted([])
    await expect(client.completeTask('a', { claim: '1.a', output: 1n })).rejects.toThrow(TypeError)
    expect(requests).toEqual([])
  })

  it('say what JSON would change, and where', async () => {
    const { client, requests } = scripted([])
    const complete = (output: unknown) => client.completeTask('a', { claim: '1.a', output })
    await expect(complete({ n: [NaN] })).rejects.toThrow(TypeError)
    await expect(complete({ n: [NaN] })).rejects.toThrow('NaN at /output/n/0')
    await expect(complete(new Map())).rejects.toThrow('an object of the class Map at /output')
    await expect(client.startProcess({ definition: 'a', input: [undefined] })).rejects.toThrow(TypeError)
    expect(requests).toEqual([])
  })
})

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('Expected a rejection')
}

function operationAt(method: SentRequest['method'], path: string): string | undefined {
  const fits = (template: string) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)
  // A path without parameters goes before one with.
  const templates = Object.keys(openapiDocument.paths)
    .filter(fits)
    .toSorted((a, b) => a.indexOf('{') - b.indexOf('{'))
  const { get, post, delete: remove } = openapiDocument.paths[templates[0] ?? ''] ?? {}
  return { GET: get, POST: post, DELETE: remove }[method]?.operationId
}
