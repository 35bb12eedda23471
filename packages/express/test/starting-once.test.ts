import type { Process, ProcessPage, StartedProcesses } from '@tunacorn/protocol'
import { describe, expect, test, vi } from 'vitest'
import type { Api, Problem } from './support/api.js'
import { exchange } from './support/raw.js'
import { claimOne, complete, fail, register, show, start, workOff } from './support/steps.js'
import { onEachStore } from './support/stores.js'

const startOnce = <Body = Process>(api: Api, key: string, json: object) =>
  api.send<Body>('post', '/processes', { json, headers: { 'idempotency-key': key } })

const places = (errors: readonly { in?: string; pointer?: string }[] = []) =>
  errors.map((error) => `${error.in} ${error.pointer}`).toSorted()

const count = async (api: Api) => (await api.get<ProcessPage>('/processes')).body.items.length

onEachStore((serveFresh) => {
  describe('a start with an Idempotency-Key', () => {
    test('gets the same answer however often it is sent, and happens once', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const request = { definition: 'a', input: { n: 1 }, priority: 3, key: 'order-1' }
      const first = await startOnce(api, 'once', request)
      expect(first.status).toBe(201)
      const again = await startOnce(api, 'once', request)
      expect([again.status, again.headers['location'], again.body]).toEqual([
        201,
        first.headers['location'],
        first.body,
      ])
      await workOff(api)
      expect((await startOnce(api, 'once', request)).body).toEqual(first.body)
      expect(await count(api)).toBe(1)
    })

    test('of many is had by each of them at its place', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const headers = { 'idempotency-key': 'once' }
      const send = (...processes: object[]) =>
        api.send<StartedProcesses>('post', '/processes/batch', { json: { processes }, headers })
      const request = { definition: 'a', input: { n: 1 } }
      const first = await send(request, request, { ...request, key: 'k' })
      expect(first.body.items.map(({ status }) => status)).toEqual([201, 201, 201])
      expect((await send(request, request, { ...request, key: 'k' })).body).toEqual(first.body)
      expect(await count(api)).toBe(3)

      const other = await send({ ...request, input: { n: 2 } }, request, { ...request, key: 'k' }, request)
      expect(other.body.items.map(({ status }) => status)).toEqual([422, 201, 201, 201])
      expect(await count(api)).toBe(4)
      // One start with that key is another matter.
      expect((await startOnce(api, 'once', { definition: 'a' })).status).toBe(201)
    })

    test('is refused with another request, whatever is other about it', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      await register(api, 'b', { A: [] })
      const request = { definition: 'a', input: { n: 1 } }
      await startOnce(api, 'once', request)
      for (const other of [
        { ...request, definition: 'b' },
        { ...request, version: 1 },
        { ...request, input: { n: 2 } },
        { definition: 'a' },
        { ...request, priority: 1 },
        { ...request, key: 'k' },
      ]) {
        expect(await startOnce(api, 'once', other)).toMatchObject({
          status: 422,
          body: { code: 'idempotency-key-reused' },
        })
      }
      expect(await count(api)).toBe(1)
      expect((await startOnce(api, 'another', { definition: 'b' })).status).toBe(201)
    })

    test('of many at once gets the same answer for all', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => startOnce(api, 'once', { definition: 'a', input: 'x' })),
      )
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
      expect([...new Set(answers.map(({ text }) => text))]).toEqual([answers[0]?.text])
      expect(await count(api)).toBe(1)
    })

    test('of many different ones at once starts one and refuses the others', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, input) => startOnce(api, 'once', { definition: 'a', input })),
      )
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
        201, 422, 422, 422, 422, 422,
      ])
      expect(await count(api)).toBe(1)
    })

    test('that was refused has not used up its key', async () => {
      const { api } = await serveFresh()
      expect((await startOnce(api, 'once', { definition: 'a' })).status).toBe(404)
      await register(api, 'a', { A: [] }, { input: { type: 'object' } })
      expect((await startOnce(api, 'once', { definition: 'a', input: 5 })).status).toBe(422)
      expect((await startOnce(api, 'once', { definition: 'a', input: {} })).status).toBe(201)
    })

    test('gets the same answer also when the definition wants another input by now', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const first = await startOnce(api, 'once', { definition: 'a', input: 5 })
      await register(api, 'a', { A: [] }, { input: { type: 'object' } })
      const again = await startOnce(api, 'once', { definition: 'a', input: 5 })
      expect([again.status, again.body]).toEqual([201, first.body])
    })

    test('whose process has been destroyed since is answered', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const { body } = await startOnce(api, 'once', { definition: 'a' })
      await workOff(api)
      expect((await api.delete(`/processes/${body.id}`)).status).toBe(204)
      const again = await Promise.race([
        startOnce(api, 'once', { definition: 'a' }),
        new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 2_000)),
      ])
      expect(again?.status).toBe(201)
    })

    test.each([
      ['empty', ''],
      ['longer than 255', 'k'.repeat(256)],
      ['not one word', 'two words'],
      ['not ASCII', 'Gr\u00f6\u00dfe'],
    ])('that is %s is refused by the name of the header', async (_, key) => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const { status, body } = await startOnce<Problem>(api, key, { definition: 'a' })
      expect([status, body.code]).toEqual([400, 'invalid-request'])
      expect(new Set(places(body.errors))).toEqual(new Set(['header Idempotency-Key']))
      expect(await count(api)).toBe(0)
    })

    test('may be up to 255 characters of any visible kind, and is to be given once', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const key = '!"#~}'.padEnd(255, 'k')
      expect((await startOnce(api, key, { definition: 'a' })).status).toBe(201)
      const twice = await exchange(api.url, '/processes', {
        headers: { 'content-type': 'application/json', 'idempotency-key': ['a', 'b'] as unknown as string },
        body: '{"definition":"a"}',
      })
      expect(twice).toMatchObject({ status: 400, body: { errors: [{ in: 'header' }] } })
    })
  })

  describe('a start', () => {
    test('says of the process what is stored, also when time goes on in between', async () => {
      let now = Date.now()
      // Every look at the clock is a millisecond later.
      vi.spyOn(Date, 'now').mockImplementation(() => (now += 1))
      try {
        const { api } = await serveFresh()
        await register(api, 'a', { A: [] })
        const started = await start(api, 'a')
        const { startedAt, deadline } = await show(api, started)
        expect([startedAt, deadline]).toEqual([started.startedAt, started.deadline])
      } finally {
        vi.restoreAllMocks()
      }
    })
  })

  describe('a key of your own', () => {
    test('is had by one live process of a definition; who comes second is told by which', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      await register(api, 'b', { A: [] })
      const first = await start(api, 'a', { key: 'order-1' })
      expect(first.key).toBe('order-1')
      expect((await show(api, first)).key).toBe('order-1')
      expect(await api.post('/processes', { definition: 'a', key: 'order-1' })).toMatchObject({
        status: 409,
        body: {
          code: 'key-taken',
          process: first.id,
          detail: expect.stringContaining(first.id) as string,
        },
      })
      await start(api, 'b', { key: 'order-1' })
      await start(api, 'a', { key: 'order-2' })
      await start(api, 'a')
    })

    test.each([
      ['completed', async (api: Api) => complete(api, await claimOne(api))],
      ['failed', async (api: Api) => fail(api, await claimOne(api))],
      ['cancelled', (api: Api, id: string) => api.post(`/processes/${id}/cancel`)],
    ])('is free again when its process is %s, and not before', async (_, end) => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const { id } = await start(api, 'a', { key: 'k' })
      await api.post(`/processes/${id}/pause`)
      expect((await api.post('/processes', { definition: 'a', key: 'k' })).status).toBe(409)
      await api.post(`/processes/${id}/resume`)
      await end(api, id)
      expect((await start(api, 'a', { key: 'k' })).id).not.toBe(id)
    })

    test('is had by one of many who ask at once, also in one batch', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const request = { definition: 'a', key: 'k' }
      const single = Array.from({ length: 5 }, () => api.post('/processes', request))
      const batch = api.post<StartedProcesses>('/processes/batch', { processes: [request, request, request] })
      const items = (await batch).body.items
      const answers = [...(await Promise.all(single)), ...items]
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
        201, 409, 409, 409, 409, 409, 409, 409,
      ])
      const [winner] = (await api.get<ProcessPage>('/processes')).body.items
      for (const { problem } of items) {
        if (problem !== undefined) expect(problem).toMatchObject({ code: 'key-taken', process: winner?.id })
      }
    })

    test('is what processes can be listed by', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      await register(api, 'b', { A: [] })
      const key = 'Größe & 🐟 = 100%'
      const old = await start(api, 'a', { key })
      await api.post(`/processes/${old.id}/cancel`)
      const current = await start(api, 'a', { key })
      const other = await start(api, 'b', { key })
      await start(api, 'a', { key: 'else' })
      const listed = async (query: string) =>
        (await api.get<ProcessPage>(`/processes?key=${encodeURIComponent(key)}${query}`)).body.items.map(
          ({ id }) => id,
        )
      expect(await listed('')).toEqual([other.id, current.id, old.id])
      expect(await listed('&definition=a')).toEqual([current.id, old.id])
      expect(await listed('&state=running&definition=a')).toEqual([current.id])
    })
  })

  describe('an input', () => {
    const input = {
      type: 'object',
      required: ['applicant'],
      properties: { applicant: {}, amount: { type: 'number', minimum: 1 }, 'a/b': { type: 'string' } },
      additionalProperties: false,
    }
    test('that is not as the definition wants it is refused, each field by its name', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] }, { input })
      const refused = await api.post('/processes', {
        definition: 'a',
        input: { amount: '5', 'a/b': 1, more: 1 },
      })
      expect(refused).toMatchObject({ status: 422, body: { code: 'input-invalid' } })
      expect(places(refused.body.errors)).toEqual(
        ['body /input/amount', 'body /input/applicant', 'body /input/a~1b', 'body /input/more'].toSorted(),
      )
      for (const rest of [{}, { input: null }, { input: [] }]) {
        const { status, body } = await api.post('/processes', { definition: 'a', ...rest })
        expect([status, places(body.errors)]).toEqual([422, ['body /input']])
        // One sentence after another, none within another.
        expect(body.detail).not.toMatch(/input\S* Expected|\.\.$/)
      }
      expect(await count(api)).toBe(0)
      expect((await start(api, 'a', { input: { applicant: 'Ada', amount: 5 } })).state).toBe('running')
    })

    test('is checked by the version that is started, and each of many by itself', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      await register(api, 'a', { A: [] }, { input })
      const { body } = await api.post<StartedProcesses>('/processes/batch', {
        processes: [
          { definition: 'a', input: 5 },
          { definition: 'a', input: 5, version: 1 },
          { definition: 'a', input: { applicant: 'Ada' } },
        ],
      })
      expect(body.items.map(({ status }) => status)).toEqual([422, 201, 201])
      expect(body.items[0]?.problem).toMatchObject({ code: 'input-invalid', errors: [{ pointer: '/input' }] })
    })
  })
})
