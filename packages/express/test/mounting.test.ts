import { gzipSync } from 'node:zlib'
import type { Definition, Process } from '@tunacorn/protocol'
import express5, { type Express, type Request, type Response } from 'express'
import express4 from 'express4'
import { describe, expect, onTestFinished, test } from 'vitest'
import { tunacorn } from '@tunacorn/express'
import { Api } from './support/api.js'
import { exchange } from './support/raw.js'
import { recordingLogger } from './support/recording-logger.js'
import { listen } from './support/serve.js'
import { claimOne, complete, show, source, start, yaml } from './support/steps.js'

function quietTunacorn() {
  const router = tunacorn({ logger: recordingLogger() })
  onTestFinished(() => router.close())
  return router
}

/** Every kind of request once: text and JSON in, a Location that works, work that gets done. How it ended. */
async function tellTheStory(api: Api, place: string): Promise<string> {
  const text = 'name: from-yaml\ntasks: [{ name: A }, { name: B, needs: [A] }]\n'
  const registered = await api.postText<Definition>('/definitions', text, yaml)
  expect(registered.status).toBe(201)
  expect(registered.headers['location']).toBe(`${place}/definitions/from-yaml/versions/1`)
  expect((await api.post('/definitions', source('from-json', { A: [] }))).status).toBe(201)

  const started = await api.post<Process>('/processes', { definition: 'from-yaml', input: { ü: '🐟' } })
  const location = String(started.headers['location'])
  expect(location).toBe(`${place}/processes/${started.body.id}`)
  expect((await api.get<Process>(location.slice(place.length))).body.input).toEqual({ ü: '🐟' })

  for (const name of ['A', 'B']) {
    const task = await claimOne(api)
    expect(task.name).toBe(name)
    await complete(api, task, { [name]: [1] })
  }
  return (await show(api, started.body)).state
}

const hosts: readonly (readonly [string, typeof express5])[] = [
  ['Express 5', express5],
  ['Express 4', express4],
]

describe.each(hosts)('in an app of %s', (_, express) => {
  const places: readonly (readonly [place: string, mount: (app: Express) => void])[] = [
    ['', (app) => app.use(quietTunacorn())],
    ['/tunacorn', (app) => app.use('/tunacorn', quietTunacorn())],
    [
      '/api/v1/work',
      (app) => app.use('/api', express.Router().use('/v1', express.Router().use('/work', quietTunacorn()))),
    ],
  ]

  test.each(places)(
    'it works at "%s", with the host’s JSON parser before it and without',
    async (place, mount) => {
      for (const parsers of [[], [express.json(), express.urlencoded({ extended: true })]]) {
        const app = express()
        for (const parser of parsers) app.use(parser)
        mount(app)
        expect(await tellTheStory(new Api((await listen(app)) + place), place)).toBe('completed')
      }
    },
  )

  test('it works where the path has parameters of the host', async () => {
    const app = express().use('/tenants/:tenant/work', quietTunacorn())
    expect(await tellTheStory(new Api(`${await listen(app)}/tenants/acme/work`), '/tenants/acme/work')).toBe(
      'completed',
    )
  })

  test('the host’s own routes are reached, before it, beside it and behind it', async () => {
    const say = (text: string) => (_request: Request, response: Response) => void response.send(text)
    const app = express()
      .use((_request, response, next) => {
        response.setHeader('X-Host', 'here')
        next()
      })
      .get('/tunacorn/processes', say('before'))
      .use('/tunacorn', quietTunacorn())
      .get('/beside', say('beside'))
      .use('/tunacorn', say('behind'))
      .use(say('last'))
    const url = await listen(app)
    const text = async (path: string) => (await fetch(url + path)).text()
    expect(await text('/tunacorn/processes')).toBe('before')
    expect(await text('/beside')).toBe('beside')
    expect(await text('/tunacorn/processes/1/2/3/4')).toBe('behind')
    expect(await text('/tunacorn')).toBe('behind')
    expect(await text('/tunacorn/')).toBe('behind')
    expect(await text('/processes')).toBe('last')
    const { headers } = await new Api(`${url}/tunacorn`).get('/tasks')
    expect(headers['x-host']).toBe('here')
  })

  test('errors of the host stay the host’s', async () => {
    const app = express()
      .use('/tunacorn', express.json(), quietTunacorn())
      .use((error: Error, _request: Request, response: Response, _next: unknown) => {
        response.status(400).send(`the host: ${error.message}`)
      })
    const url = await listen(app)
    const response = await fetch(`${url}/tunacorn/processes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    })
    expect([response.status, await response.text()]).toEqual([400, expect.stringMatching(/^the host: /)])
  })

  test('a body that the host has read is taken as it left it', async () => {
    for (const parser of [express.text({ type: '*/*' }), express.raw({ type: '*/*' })]) {
      const app = express().use(parser).use(quietTunacorn())
      expect(await tellTheStory(new Api(await listen(app)), '')).toBe('completed')
    }
  })

  test('a body that the host has unpacked is not refused for having been compressed', async () => {
    for (const parser of [express.json(), express.text({ type: '*/*' }), express.raw({ type: '*/*' })]) {
      const url = await listen(express().use(parser).use(quietTunacorn()))
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
      const body = gzipSync(JSON.stringify(source('packed', { A: [] })))
      expect((await exchange(url, '/definitions', { headers, body })).status).toBe(201)
    }
  })

  test('bytes that the host has read are refused in another character set', async () => {
    const url = await listen(
      express()
        .use(express.raw({ type: '*/*' }))
        .use(quietTunacorn()),
    )
    const headers = { 'content-type': 'application/json; charset=latin1' }
    expect(await exchange(url, '/processes', { headers, body: '{}' })).toMatchObject({ status: 415 })
  })

  test('a body that somebody has read and thrown away is missed, not waited for', async () => {
    const app = express()
      .use((request, _response, next) => {
        request.resume().on('end', () => next())
      })
      .use(quietTunacorn())
    const api = new Api(await listen(app))
    expect(await api.post('/processes', { definition: 'a' })).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    })
    expect(await api.postText('/definitions', 'name: a', yaml)).toMatchObject({ status: 422 })
  })

  test('two of them in one app know nothing of each other', async () => {
    const app = express().use('/one', quietTunacorn()).use('/other', quietTunacorn())
    const url = await listen(app)
    const one = new Api(`${url}/one`)
    const other = new Api(`${url}/other`)
    await one.post('/definitions', source('a', { A: [] }))
    await start(one, 'a')
    expect((await other.get('/definitions/a')).status).toBe(404)
    expect((await other.get<object>('/tasks')).body).toEqual({ items: [] })
  })
})
