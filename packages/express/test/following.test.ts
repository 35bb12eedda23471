import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { HistoryEvent, HistoryPage } from '@tunacorn/protocol'
import express, { type Response } from 'express'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Api } from './support/api.js'
import { open } from './support/raw.js'
import { listen, serve } from './support/serve.js'
import { claimOne, complete, fail, run } from './support/steps.js'
import { onEachStore } from './support/stores.js'

const nobody = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'
const eventStream = { accept: 'text/event-stream' }

interface Sent {
  readonly id: number
  readonly type: string
  readonly data: HistoryEvent
}

/** A stream that is being read. */
interface Following {
  readonly response: IncomingMessage
  readonly events: readonly Sent[]
  readonly ended: Promise<unknown>
}

async function follow(api: Api, id: string, headers: Record<string, string> = {}): Promise<Following> {
  const asked = open(api.url, `/processes/${id}/history`, {
    method: 'GET',
    headers: { ...eventStream, ...headers },
  })
  asked.on('error', () => {}).end()
  onTestFinished(() => void asked.destroy())
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const events: Sent[] = []
  let rest = ''
  response.setEncoding('utf8').on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, version, type = '', data] = /^id: (\d+)\nevent: ([\w-]+)\ndata: (.*)$/.exec(block) ?? []
      if (data !== undefined)
        events.push({ id: Number(version), type, data: JSON.parse(data) as HistoryEvent })
    }
  })
  response.on('error', () => {})
  return { response, events, ended: once(response, 'close') }
}

const historyOf = async (api: Api, { id }: { id: string }) =>
  (await api.get<HistoryPage>(`/processes/${id}/history`)).body.items

onEachStore((serveFresh) => {
  describe('who follows a process', () => {
    test('is sent what has happened, and each thing that happens, until it has ended', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: ['A'] }, { input: { text: 'line\n\nid: 9\r\n' } })
      const { response, events, ended } = await follow(api, process.id)
      expect(response).toMatchObject({
        statusCode: 200,
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store, no-transform' },
      })
      await vi.waitFor(() => expect(events).toHaveLength(1))
      await complete(api, await claimOne(api), 'a\nb')
      await vi.waitFor(() => expect(events).toHaveLength(2))
      await complete(api, await claimOne(api))
      await ended
      const history = await historyOf(api, process)
      expect(events.map(({ data }) => data)).toEqual(history)
      expect(events.map(({ id, type }) => [id, type])).toEqual(
        history.map(({ version, type }) => [version, type]),
      )
    })

    test('is sent only what is new when it comes back', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: ['A'] })
      await complete(api, await claimOne(api))
      const { events, ended } = await follow(api, process.id, { 'last-event-id': '1' })
      await complete(api, await claimOne(api))
      await ended
      expect(events.map(({ id }) => id)).toEqual([2, 3])
    })

    test('is told not to come back when nothing is to come any more', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      await fail(api, await claimOne(api))
      const path = `/processes/${process.id}/history`
      const [last] = (await historyOf(api, process)).toReversed()
      expect((await api.get(`${path}?after=${last?.version}`, eventStream)).status).toBe(204)
      expect((await api.get<string>(`${path}?after=1`, eventStream)).body).toContain('event: task-failed')
    })

    test('goes on with a process that is retried', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      await fail(api, await claimOne(api))
      await api.post(`/processes/${process.id}/retry`)
      const { events, ended } = await follow(api, process.id)
      await complete(api, await claimOne(api))
      await ended
      expect(events.at(-1)?.type).toBe('task-completed')
    })

    test('is answered like others where there is nothing to follow', async () => {
      const { api } = await serveFresh()
      expect(await api.get(`/processes/${nobody}/history`, eventStream)).toMatchObject({ status: 404 })
      const process = await run(api, { A: [] })
      const odd = { ...eventStream, 'last-event-id': 'x' }
      expect(await api.get(`/processes/${process.id}/history`, odd)).toMatchObject({
        status: 400,
        body: { errors: [{ in: 'header', pointer: 'Last-Event-ID' }] },
      })
    })

    test('may go; nothing is left of it', async () => {
      const { api, router, log } = await serveFresh()
      const process = await run(api, { A: [] })
      const read = vi.spyOn(router.engine, 'followHistory')
      const { response, events } = await follow(api, process.id)
      await vi.waitFor(() => expect(events).toHaveLength(1))
      const signal = read.mock.calls[0]?.[2]
      response.destroy()
      await vi.waitFor(() => expect(signal?.aborted).toBe(true))
      expect(log.complaints()).toEqual([])
    })

    test('is let go when the router closes', async () => {
      const { api, router } = await serveFresh()
      const process = await run(api, { A: [] })
      const { events, ended } = await follow(api, process.id)
      await vi.waitFor(() => expect(events).toHaveLength(1))
      await router.close()
      await ended
    })

    test('is sent nothing more once the right to it is taken away', async () => {
      let mayRead = true
      const { api } = await serveFresh({ authorize: (_request, action) => action !== 'read' || mayRead })
      const process = await run(api, { A: [], B: ['A'] })
      const { events, ended } = await follow(api, process.id)
      await vi.waitFor(() => expect(events).toHaveLength(1))
      mayRead = false
      await complete(api, await claimOne(api))
      await expect(ended).rejects.toThrow('aborted')
      expect(events).toHaveLength(1)
    })

    test('is not kept waiting by HEAD', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      const asked = open(api.url, `/processes/${process.id}/history`, {
        method: 'HEAD',
        headers: eventStream,
      })
      const [response] = (await once(asked.end(), 'response')) as [IncomingMessage]
      response.resume()
      await once(response, 'end')
      expect(response.headers['content-type']).toBe('text/event-stream')
    })
  })
})

test('a history that is followed leaves room for the listeners of a host: more than ten on an answer make Node warn', async () => {
  const { router } = await serve()
  const responses: Response[] = []
  const app = express().use((_request, response, next) => {
    responses.push(response)
    next()
  }, router)
  const api = new Api(await listen(app))
  const { id } = await run(api, { A: [] })
  const { events, ended } = await follow(api, id)
  await expect.poll(() => events.length, { timeout: 30_000 }).toBe(1)
  expect(responses.at(-1)?.listenerCount('close')).toBeLessThan(10)
  await router.engine.cancelProcess(id)
  await ended
})
