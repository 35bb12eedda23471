import { once } from 'node:events'
import { connect } from 'node:net'
import type { ClaimedTasks } from '@tunacorn/protocol'
import { describe, expect, test, vi } from 'vitest'
import type { Api } from './support/api.js'
import { open } from './support/raw.js'
import { claimOne, complete, patient, register, run, start, states } from './support/steps.js'
import { onEachStore } from './support/stores.js'
import type { Served } from './support/serve.js'

const wait = (api: Api, rest: object = {}) =>
  api.post<ClaimedTasks>('/tasks/claim', { worker: 'w', wait: '60s', ...rest })

/** A claim that waits, on a connection that the test can break. */
async function waiting(api: Api, lease = '1h'): Promise<{ hangUp: () => void }> {
  const body = JSON.stringify({ worker: 'gone', wait: '60s', lease })
  const asked = open(api.url, '/tasks/claim', { headers: { 'content-type': 'application/json' } })
  asked.on('error', () => {})
  asked.end(body)
  await once(asked, 'finish')
  return { hangUp: () => asked.destroy() }
}

/** What has come of the claims that have reached the engine so far. */
function watchClaims({ router }: Served) {
  const spy = vi.spyOn(router.engine, 'claimTasks')
  const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 })
  return {
    untilAsked: () => until(() => expect(spy.mock.calls).toHaveLength(1)),
    untilAnswered: () => until(() => expect(spy.mock.settledResults[0]?.type).toBe('fulfilled')),
  }
}

onEachStore((serveFresh) => {
  test('who sends many on one connection, and goes, leaves no place taken and holds no task', async () => {
    const { api } = await serveFresh({ maxWaiting: 4 })
    const { hostname, port } = new URL(api.url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    const body = JSON.stringify({ worker: 'gone', wait: '60s' })
    const head = 'POST /tasks/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`.repeat(4))
    await vi.waitFor(async () => expect((await wait(api, { wait: '1ms' })).status).toBe(503))
    socket.destroy()
    await vi.waitFor(async () => expect((await wait(api, { wait: '1ms' })).status).toBe(200))
    await run(api, { A: [] })
    expect((await claimOne(api)).name).toBe('A')
  })

  describe('a claim that waits', () => {
    test('is answered as soon as a process starts', async () => {
      const { api } = await serveFresh()
      await register(api, 'one', { A: [] })
      const begin = Date.now()
      const claimed = wait(api)
      await start(api, 'one')
      expect((await claimed).body.tasks).toMatchObject([{ name: 'A' }])
      expect(Date.now() - begin).toBeLessThan(10_000)
    })

    test('is answered when a report makes a task active', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [], B: ['A'] })
      const a = await claimOne(api)
      const claimed = wait(api, { names: ['B'] })
      await complete(api, a)
      expect((await claimed).body.tasks).toMatchObject([{ name: 'B' }])
    })

    test('is answered when a task is given back', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] })
      const a = await claimOne(api)
      const claimed = wait(api)
      await api.post(`/tasks/${a.id}/release`, { claim: a.claim })
      expect((await claimed).body.tasks).toMatchObject([{ name: 'A', attempt: 1 }])
    })

    test('is answered when a lease runs out', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] }, {}, patient)
      await claimOne(api, { lease: '100ms' })
      expect((await wait(api)).body.tasks).toMatchObject([{ name: 'A', attempt: 2 }])
    })

    test('is not woken by work that it did not ask for', async () => {
      const { api } = await serveFresh()
      await register(api, 'one', { A: [], B: [] })
      const forB = wait(api, { names: ['B'] })
      const forOther = wait(api, { definition: 'other', wait: '300ms' })
      await start(api, 'one')
      expect((await forB).body.tasks.map(({ name }) => name)).toEqual(['B'])
      expect((await forOther).body.tasks).toEqual([])
    })

    test('is answered with nothing when time is up', async () => {
      const { api } = await serveFresh()
      const begin = Date.now()
      expect((await wait(api, { wait: '200ms' })).body).toEqual({ tasks: [] })
      expect(Date.now() - begin).toBeGreaterThanOrEqual(195)
    })

    test('does not wait when there is work, nor when nothing is asked for', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] })
      expect((await wait(api, { max: 0 })).body.tasks).toEqual([])
      expect((await wait(api, { max: 10 })).body.tasks).toHaveLength(1)
    })

    test('many wait, and each gets one of what comes', async () => {
      const { api } = await serveFresh()
      await register(api, 'one', Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`T${n}`, []])))
      const claims = Array.from({ length: 20 }, () => wait(api))
      await start(api, 'one')
      const claimed = (await Promise.all(claims)).flatMap(({ body }) => body.tasks.map(({ name }) => name))
      expect(new Set(claimed).size).toBe(20)
    })

    test('whose client has gone takes no task with it', async () => {
      const served = await serveFresh()
      const { api, log } = served
      const claims = watchClaims(served)
      await register(api, 'one', { A: [] })
      const { hangUp } = await waiting(api)
      await claims.untilAsked()
      hangUp()
      await claims.untilAnswered()
      const process = await start(api, 'one')
      expect(await states(api, process)).toEqual({ A: 'scheduled' })
      expect(await claimOne(api)).toMatchObject({ name: 'A', attempt: 1 })
      expect(log.complaints()).toEqual([])
    })

    test('whose client has gone when its tasks are handed over gives them back', async () => {
      const { api, router } = await serveFresh()
      const process = await run(api, { A: [] })
      const claimTasks = router.engine.claimTasks.bind(router.engine)
      const asked = vi.fn<() => void>()
      const answered = vi.fn<(count: number) => void>()
      vi.spyOn(router.engine, 'claimTasks').mockImplementationOnce(async (request) => {
        asked()
        if (request.signal?.aborted === false) await once(request.signal, 'abort')
        const answer = await claimTasks(request)
        answered(answer.tasks.length)
        return answer
      })
      const { hangUp } = await waiting(api)
      await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce())
      hangUp()
      await vi.waitFor(() => expect(answered).toHaveBeenCalledWith(0))
      expect(await states(api, process)).toEqual({ A: 'scheduled' })
      expect(await claimOne(api)).toMatchObject({ name: 'A', attempt: 1 })
    })

    test('whose client goes at the very moment that work comes costs no more than its lease', async () => {
      const { api } = await serveFresh()
      await register(api, 'one', { A: [] }, patient)
      for (let round = 0; round < 5; round += 1) {
        const { hangUp } = await waiting(api, '100ms')
        const starting = start(api, 'one')
        hangUp()
        const process = await starting
        const { body } = await wait(api, { process: process.id, wait: '10s' })
        expect(body.tasks).toMatchObject([{ name: 'A' }])
      }
    })

    test('is answered with nothing when the router closes', async () => {
      const served = await serveFresh()
      const { api, router } = served
      const claims = watchClaims(served)
      const claimed = wait(api)
      await claims.untilAsked()
      await router.close()
      expect((await claimed).body).toEqual({ tasks: [] })
      expect(await wait(api)).toMatchObject({
        status: 503,
        body: { code: 'closing' },
        headers: { 'retry-after': '1' },
      })
    })
  })
})
