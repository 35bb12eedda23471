import express from 'express'
import { describe, expect, test } from 'vitest'
import { openapiDocument } from '@tunacorn/protocol'
import { tunacorn } from '@tunacorn/express'
import { methods, openapi, type Method } from './support/contract.js'
import { exchange, open } from './support/raw.js'
import { listen, serve } from './support/serve.js'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'

const paths = Object.entries(openapi.paths)
const operations = paths.flatMap(([path, item]) =>
  methods.flatMap((method) => {
    const operation = item[method]
    return operation === undefined ? [] : [{ id: operation.operationId, method, path }]
  }),
)
const id = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'

/** A path that fits, of something that is not there. */
function filled(path: string): string {
  return path
    .replace('/processes/{id}', `/processes/${id}`)
    .replace('/tasks/{id}', `/tasks/${id}.0`)
    .replace('{name}', 'nothing')
    .replace('{version}', '1')
}

type Part = Readonly<Record<string, unknown>>

/** Every shape, field, parameter and header of a part of the document. */
function fieldsOf(part: unknown, at: string): { readonly at: string; readonly field: Part }[] {
  if (typeof part !== 'object' || part === null) return []
  const found = Object.entries(part).flatMap(([key, value]) => fieldsOf(value, `${at}/${key}`))
  const isField =
    /\/properties\/[^/]+$|^components\/(schemas|parameters|headers)\/[^/]+$|\/parameters\/\d+$/.test(at)
  // What only says more of a field that is described elsewhere.
  const isCondition = /\/(if|then|dependentSchemas)\//.test(at)
  return isField && !isCondition ? [{ at, field: part as Part }, ...found] : found
}

const everyField = [...fieldsOf(openapi.components, 'components'), ...fieldsOf(openapi.paths, 'paths')]

/** Of its own, or of what it refers to; that of a list or of a mapping may be made of the examples of its parts. */
function hasExample(field: Part): boolean {
  if ('example' in field || 'examples' in field) return true
  const { $ref, schema, items, properties } = field as Record<string, Part | undefined>
  if (typeof $ref === 'string') return hasExample(referredTo($ref))
  const parts = [schema, items, ...Object.values(properties ?? {})].filter((part) => part !== undefined)
  return parts.length > 0 && parts.every((part) => hasExample(part as Part))
}

function referredTo(reference: string): Part {
  const steps = reference.split('/').slice(1)
  return steps.reduce<unknown>((part, step) => (part as Part)[step], openapi) as Part
}

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> }
}

describe('the routes', () => {
  test.each(operations)('$id is served: $method $path', async ({ method, path }) => {
    const { api } = await serve({ metrics: true })
    const { status, body } = await api.send(method, filled(path), method === 'post' ? { json: {} } : {})
    expect(status).not.toBe(405)
    expect((body as { code?: string } | undefined)?.code).not.toBe('not-found')
  })

  test('nothing else is served: each route of the router is in openapi.yaml', () => {
    const logger = { debug() {}, info() {}, warn() {}, error() {} }
    const router = tunacorn({ metrics: true, dashboard: false, logger })
    const served = (router.stack as unknown as Layer[]).flatMap(({ route }) =>
      Object.keys(route?.methods ?? {})
        .filter((method) => method !== '_all')
        .map((method) => `${method} ${route?.path.replaceAll(/:(\w+)/g, '{$1}')}`),
    )
    expect(new Set(served)).toEqual(new Set(operations.map(({ method, path }) => `${method} ${path}`)))
    expect(served).toHaveLength(operations.length)
  })

  test.each(paths.map(([path]) => path))(
    '%s answers other methods with 405 and the methods it has',
    async (path) => {
      const { api } = await serve({ metrics: true })
      // A definition may be called `validate`.
      const others = { '/definitions/validate': ['get', 'head'] }[path] ?? []
      const served = operations
        .filter((operation) => operation.path === path)
        .map(({ method }) => method as string)
      const allowed = [...served, ...(served.includes('get') ? ['head'] : []), ...others]
      for (const method of [...methods, 'trace' as Method].filter((one) => !allowed.includes(one))) {
        const asked = open(api.url, filled(path), { method: method.toUpperCase() }).end()
        const [response] = (await once(asked, 'response')) as [IncomingMessage]
        response.resume()
        expect([method, response.statusCode]).toEqual([method, 405])
        const allow = response.headers.allow?.split(', ').toSorted()
        expect(allow).toEqual(allowed.map((one) => one.toUpperCase()).toSorted())
      }
    },
  )

  test('a refused method is a problem like all others', async () => {
    const { api } = await serve({ metrics: true })
    expect(await api.send('put', '/processes', { json: {} })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, POST, HEAD' },
      body: { code: 'method-not-allowed', detail: expect.stringContaining('PUT') as string },
    })
  })

  test.each([
    '/',
    '/nothing',
    '/Processes',
    '/processes/',
    '/livez/',
    '/OPENAPI.json',
    '/processes/batch/more',
    `/processes/${id}/nothing`,
    `/tasks/${id}.0/nothing`,
    '/definitions/a/versions/1/more',
    '/nothing/%zz',
    '//processes',
  ])('%s is left to the host', async (path) => {
    const app = express()
      .use(tunacorn({ metrics: true, logger: { debug() {}, info() {}, warn() {}, error() {} } }))
      .use((_request, response) => void response.status(418).send('the host'))
    const url = await listen(app)
    for (const method of ['GET', 'POST', 'DELETE']) {
      const asked = open(url, path, { method }).end()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      response.resume()
      expect([method, response.statusCode]).toEqual([method, 418])
    }
  })

  test('HEAD answers as GET does, without the body', async () => {
    const { api } = await serve({ metrics: true })
    const asked = open(api.url, '/processes', { method: 'HEAD' }).end()
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    response.resume()
    expect(response).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/json', 'content-length': '12' },
    })
  })
})

describe('about itself', () => {
  test('it serves openapi.yaml as it is in the repository', async () => {
    const { api } = await serve({ metrics: true })
    expect((await api.get<object>('/openapi.json')).body).toEqual(openapi)
    expect(openapiDocument).toEqual(openapi)
  })

  test('openapi.yaml says of every parameter, every shape and every field what it is', () => {
    const undescribed = everyField.filter(({ field }) => !('description' in field) && !('$ref' in field))
    expect(undescribed.map(({ at }) => at)).toEqual([])
  })

  test('openapi.yaml gives an example of every parameter and every field', () => {
    // A payload may be anything: what it may be where it is used is shown there.
    const own = everyField.filter(({ at }) => !/^components\/schemas\/[^/]+$/.test(at))
    expect(own.length).toBeGreaterThan(200)
    expect(own.filter(({ field }) => !hasExample(field)).map(({ at }) => at)).toEqual([])
  })

  test('it is alive, and ready when the store answers', async () => {
    const { api } = await serve({ metrics: true })
    expect((await api.get<object>('/livez')).body).toEqual({ status: 'ok' })
    expect((await api.get<object>('/readyz')).body).toEqual({ status: 'ok' })
  })

  test('answers are not to be kept, and not to be taken for anything else', async () => {
    const { api } = await serve({ metrics: true })
    for (const path of ['/processes', '/processes?limit=0', '/openapi.json']) {
      expect((await api.get(path)).headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      })
    }
  })

  test('a path that cannot be decoded is a bad request', async () => {
    const { api } = await serve({ metrics: true })
    for (const path of ['/definitions/%zz', '/definitions/%ff/versions', '/processes/%c0%af']) {
      expect(await exchange(api.url, path, { method: 'GET' })).toMatchObject({
        status: 400,
        body: { code: 'invalid-request' },
      })
    }
  })
})
