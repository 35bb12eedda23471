import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { tunacorn } from '@tunacorn/express'
import { methods, openapi } from './support/contract.js'
import { exchange } from './support/raw.js'
import { recordingLogger } from './support/recording-logger.js'
import { listen, serve } from './support/serve.js'
import { register, show, start } from './support/steps.js'

const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
  methods.flatMap((method) => (item[method] === undefined ? [] : [{ method: method.toUpperCase(), path }])),
)
const id = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'
const filled = (path: string) =>
  path
    .replace('/tasks/{id}', `/tasks/${id}.0`)
    .replace('{id}', id)
    .replace('{name}', 'a')
    .replace('{version}', '1')

/** What browsers say of a request for a page elsewhere. */
const elsewhere: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
  ['another site, without Origin', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ['another port of this machine', { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' }],
  ['another site, in an old browser', { origin: 'https://evil.example' }],
  ['a sandboxed frame', { origin: 'null' }],
  ['what is no origin', { origin: 'evil' }],
]

describe('a request for a page of another origin', () => {
  test.each(elsewhere)('%s: is refused by every route', async (_, headers) => {
    const { api } = await serve({ metrics: true })
    for (const { method, path } of operations) {
      const reply = await exchange(api.url, filled(path), { method, headers })
      expect([method, path, reply.status, reply.body.code]).toEqual([method, path, 403, 'cross-origin'])
      expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })

  test('changes nothing', async () => {
    const { api } = await serve()
    await register(api, 'a', { A: [] })
    const process = await start(api, 'a')
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    await exchange(api.url, `/processes/${process.id}/cancel`, { headers })
    expect((await show(api, process)).state).toBe('running')
  })

  test('is refused before anybody is asked who may', async () => {
    const { api } = await serve({ authorize: () => Promise.reject(new Error('Expected not to be asked')) })
    const headers = { origin: 'https://evil.example' }
    expect(await exchange(api.url, '/processes', { method: 'GET', headers })).toMatchObject({ status: 403 })
  })

  test('may not be asked for in advance either', async () => {
    const { api } = await serve()
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    const reply = await exchange(api.url, '/processes', { method: 'OPTIONS', headers })
    expect(reply.status).toBe(405)
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('that follows a link is answered, if it only reads', async () => {
    const { api } = await serve()
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    expect((await exchange(api.url, '/processes', { method: 'GET', headers })).status).toBe(200)
    expect((await exchange(api.url, '/processes', { method: 'POST', headers })).status).toBe(403)
  })
})

describe('a request that may come', () => {
  test.each([
    ['of a page of the same origin', { 'sec-fetch-site': 'same-origin' }],
    // TLS ends before us, and the proxy has another name for us.
    ['of such a page behind a proxy', { 'sec-fetch-site': 'same-origin', origin: 'https://tuna.example' }],
    ['of somebody who types it', { 'sec-fetch-site': 'none' }],
    ['of no browser', {}],
  ])('%s is answered', async (_, headers) => {
    const { api } = await serve()
    const type = { 'content-type': 'application/yaml' }
    const body = 'name: a\ntasks: [{ name: A }]'
    expect((await exchange(api.url, '/processes', { method: 'GET', headers })).status).toBe(200)
    expect((await exchange(api.url, '/definitions', { headers: { ...headers, ...type }, body })).status).toBe(
      201,
    )
  })

  test('of a page of the same origin is known by its Origin where a browser says no more', async () => {
    const { api } = await serve()
    expect((await exchange(api.url, '/tasks', { method: 'GET', headers: { origin: api.url } })).status).toBe(
      200,
    )
    const headers = { host: 'tuna.example', origin: 'https://Tuna.example' }
    expect((await exchange(api.url, '/tasks', { method: 'GET', headers })).status).toBe(200)
  })

  test('of another origin that the host allows is answered, and no other', async () => {
    const { api } = await serve({ allowedOrigins: ['https://app.example'] })
    const status = async (origin: string) => {
      const headers = { origin, 'sec-fetch-site': 'cross-site' }
      return (await exchange(api.url, '/processes', { method: 'GET', headers })).status
    }
    expect(await status('https://app.example')).toBe(200)
    expect(await status('http://app.example')).toBe(403)
    expect(await status('https://app.example.evil.example')).toBe(403)
  })

  test('does not concern the host’s own routes', async () => {
    const router = tunacorn({ logger: recordingLogger() })
    onTestFinished(() => router.close())
    const app = express()
      .use('/tunacorn', router)
      .use((_request, response) => void response.send('the host'))
    const url = await listen(app)
    const response = await fetch(`${url}/other`, { headers: { origin: 'https://evil.example' } })
    expect(await response.text()).toBe('the host')
  })
})

describe('what changes something', () => {
  const simple = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b']

  test.each(simple)('is not taken as %s, which any page may send, not even without a body', async (type) => {
    const { api } = await serve()
    const posts = operations.filter(({ method }) => method === 'POST')
    for (const { path } of posts) {
      for (const body of ['', '{}']) {
        const reply = await exchange(api.url, filled(path), { headers: { 'content-type': type }, body })
        expect([path, body, reply.status]).toEqual([path, body, 415])
      }
    }
  })

  test('needs no type where it needs no body', async () => {
    const { api } = await serve()
    await register(api, 'a', { A: [] })
    const { id: process } = await start(api, 'a')
    expect((await exchange(api.url, `/processes/${process}/pause`, {})).status).toBe(200)
    const headers = { 'content-type': 'application/json' }
    expect((await exchange(api.url, `/processes/${process}/cancel`, { headers })).status).toBe(200)
  })
})
