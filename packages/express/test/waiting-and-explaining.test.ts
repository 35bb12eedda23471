import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Process, ProcessExplanation } from '@tunacorn/protocol'
import { describe, expect, test, vi } from 'vitest'
import type { Api } from './support/api.js'
import { open } from './support/raw.js'
import { claimAll, claimOne, complete, fail, register, run, show, start } from './support/steps.js'
import { onEachStore } from './support/stores.js'

const nobody = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'

const wait = (api: Api, { id }: { id: string }, duration: string) =>
  api.get<Process>(`/processes/${id}?wait=${duration}`)

onEachStore((serveFresh) => {
  describe('who waits for the end of a process', () => {
    test.each([
      ['completed', async (api: Api) => complete(api, await claimOne(api), 'done')],
      ['failed', async (api: Api) => fail(api, await claimOne(api))],
      ['cancelled', (api: Api, id: string) => api.post(`/processes/${id}/cancel`)],
    ])('is answered when it is %s', async (state, end) => {
      const served = await serveFresh()
      const { api, router } = served
      const asked = vi.spyOn(router.engine, 'fetchEndedProcess')
      const process = await run(api, { A: [] })
      const begin = Date.now()
      const waiting = [wait(api, process, '60s'), wait(api, process, 'PT30S')]
      await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(2))
      await end(api, process.id)
      for (const { status, body } of await Promise.all(waiting)) {
        expect([status, body.state]).toEqual([200, state])
        expect(body).toEqual(await show(api, process))
      }
      expect(Date.now() - begin).toBeLessThan(10_000)
    })

    test('is answered at once when it has ended', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      await api.post(`/processes/${process.id}/cancel`)
      const begin = Date.now()
      expect((await wait(api, process, '60s')).body.state).toBe('cancelled')
      expect(Date.now() - begin).toBeLessThan(5_000)
    })

    test('is answered with what there is when time is up, and not before', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      await api.post(`/processes/${process.id}/pause`)
      for (const [duration, least] of [
        ['200ms', 195],
        ['0s', 0],
      ] as const) {
        const begin = Date.now()
        expect((await wait(api, process, duration)).body).toMatchObject({ id: process.id, state: 'paused' })
        expect(Date.now() - begin).toBeGreaterThanOrEqual(least)
      }
    })

    test('is told that there is no such process', async () => {
      const { api } = await serveFresh()
      expect(await wait(api, { id: nobody }, '60s')).toMatchObject({ status: 404 })
    })

    test('is answered with the end of its own, of many', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const processes = await Promise.all(Array.from({ length: 5 }, () => start(api, 'a')))
      const waiting = processes.map((process) => wait(api, process, '60s'))
      for (const task of await claimAll(api)) await complete(api, task)
      const states = (await Promise.all(waiting)).map(({ body }) => body.state)
      expect(new Set(states)).toEqual(new Set(['completed']))
    })

    test('may go; nothing is left of it', async () => {
      const { api, router, log } = await serveFresh()
      const asked = vi.spyOn(router.engine, 'fetchEndedProcess')
      const process = await run(api, { A: [] })
      const request = open(api.url, `/processes/${process.id}?wait=60s`, { method: 'GET' }).end()
      request.on('error', () => {})
      await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce())
      request.destroy()
      await vi.waitFor(() => expect(asked.mock.settledResults[0]?.type).toBe('fulfilled'), { timeout: 5_000 })
      expect(log.complaints()).toEqual([])
    })

    test('is answered with what there is when the router closes', async () => {
      const { api, router } = await serveFresh()
      const asked = vi.spyOn(router.engine, 'fetchEndedProcess')
      const process = await run(api, { A: [] })
      const request = open(api.url, `/processes/${process.id}?wait=60s`, { method: 'GET' }).end()
      await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce())
      const begin = Date.now()
      await router.close()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.resume()
      // The store may be gone by then.
      expect([200, 503]).toContain(response.statusCode)
      expect(Date.now() - begin).toBeLessThan(10_000)
    })
  })

  describe('explaining a process', () => {
    const tasks = [
      { name: 'A' },
      { name: 'B' },
      { name: 'C', delay: '1h' },
      { name: 'D', needs: ['A', 'B'] },
      { name: 'E', retry: { limit: 2, delay: '1h' } },
      { name: 'F', needs: ['D'] },
    ]
    const explain = async (api: Api, { id }: { id: string }) =>
      (await api.get<ProcessExplanation>(`/processes/${id}/explain`)).body

    async function started(api: Api): Promise<Process> {
      await api.post('/definitions', { name: 'why', tasks })
      return start(api, 'why')
    }

    test('says of each open task why it is not done, in words and in fields', async () => {
      const { api } = await serveFresh()
      const process = await started(api)
      const a = await claimOne(api, { names: ['A'], worker: 'Ada', lease: '1m' })
      await fail(api, await claimOne(api, { names: ['E'] }))
      const { state, because, tasks: explained } = await explain(api, process)
      expect([state, because]).toEqual(['running', expect.stringContaining('0 of 6 tasks completed')])
      expect(explained.map(({ name, cause }) => [name, cause])).toEqual([
        ['A', 'is-worked-on'],
        ['B', 'waits-for-worker'],
        ['C', 'waits-for-time'],
        ['D', 'waits-for-needs'],
        ['E', 'waits-for-time'],
        ['F', 'waits-for-needs'],
      ])
      expect(explained[0]).toEqual({
        task: a.id,
        name: 'A',
        cause: 'is-worked-on',
        because: expect.stringContaining('"Ada"') as string,
        attempt: 1,
        attemptsLeft: 0,
        worker: 'Ada',
        leaseExpiresAt: a.leaseExpiresAt,
      })
      expect(explained[1]).toMatchObject({ attempt: 0, attemptsLeft: 1 })
      expect(explained[3]).toMatchObject({ because: 'waits for "A", "B"', openNeeds: ['A', 'B'] })
      expect(explained[4]).toMatchObject({ attempt: 1, attemptsLeft: 2 })
      expect(Date.parse(explained[4]?.claimableAt ?? '')).toBeGreaterThan(Date.now())

      await complete(api, a)
      expect((await explain(api, process)).tasks.map(({ name }) => name)).toEqual(['B', 'C', 'D', 'E', 'F'])
    })

    test('says since when nobody has asked for a task', async () => {
      const { api, router } = await serveFresh()
      const process = await started(api)
      const lastPoll = async () =>
        (await explain(api, process)).tasks.find(({ name }) => name === 'B')?.lastPolledAt
      expect(await lastPoll()).toBeUndefined()
      const before = Date.now()
      const b = await claimOne(api, { names: ['B'], definition: process.definition })
      await router.engine.releaseTask(b.id, b.claim)
      const at = await vi.waitFor(
        async () => {
          const polled = await lastPoll()
          expect(polled).toBeDefined()
          return Date.parse(polled ?? '')
        },
        { timeout: 15_000, interval: 100 },
      )
      expect(at).toBeGreaterThanOrEqual(before - 1_000)
      expect(at).toBeLessThanOrEqual(Date.now() + 1_000)
    })

    test('says that it is paused, that a worker has gone silent, and that it has ended', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: [] }, {}, { defaults: { retry: 3 } })
      await claimOne(api, { names: ['A'], worker: 'asleep', lease: '100ms' })
      await api.post(`/processes/${process.id}/pause`)
      await vi.waitFor(async () => {
        const { state, tasks: explained } = await explain(api, process)
        expect(state).toBe('paused')
        expect(explained.map(({ cause }) => cause)).toEqual(['has-lapsed', 'is-paused'])
        expect(explained[0]).toMatchObject({ worker: 'asleep' })
      })
      await api.post(`/processes/${process.id}/cancel`)
      expect(await explain(api, process)).toEqual({
        state: 'cancelled',
        because: 'The process is cancelled.',
        tasks: [],
      })
    })

    test('of a large one lists a thousand', async () => {
      const { api } = await serveFresh()
      const many = Object.fromEntries(
        Array.from({ length: 1_200 }, (_, n) => [`T${n}`, n === 0 ? [] : ['T0']]),
      )
      const process = await run(api, many)
      expect((await explain(api, process)).tasks).toHaveLength(1_000)
    })

    test('of what is not there is not found', async () => {
      const { api } = await serveFresh()
      expect(await api.get(`/processes/${nobody}/explain`)).toMatchObject({
        status: 404,
        body: { code: 'process-not-found' },
      })
    })
  })
})
