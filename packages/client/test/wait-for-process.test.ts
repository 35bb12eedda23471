import { ProcessNotEndedError, TunaCornClient } from '@tunacorn/client'
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { parseDuration } from '@tunacorn/protocol'
import { describe, expect, it, onTestFinished } from 'vitest'
import { answer, problem } from './support/json-http.js'

const id = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'
const running = { id, state: 'running' }
const completed = { id, state: 'completed', endedAt: '2026-11-24T09:30:00.000Z' }

/** A server with one process, that answers as the test says; it gets what each request wants to wait, in ms. */
async function serving(respond: (waitMs: number, response: ServerResponse) => void | Promise<void>) {
  const waits: number[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x.test')
    const waitMs = parseDuration(url.searchParams.get('wait') ?? '') ?? -1
    waits.push(waitMs)
    void respond(waitMs, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return { client: new TunaCornClient({ url: `http://127.0.0.1:${port}` }), waits }
}

describe('waiting for a process', () => {
  it('gives it as it is when it has ended', async () => {
    const { client, waits } = await serving((_waitMs, response) => answer(response, completed))
    expect(await client.waitForProcess(id)).toEqual(completed)
    expect(waits).toEqual([30_000])
  })

  it('asks again as long as it has not', async () => {
    let asked = 0
    const { client, waits } = await serving(async (waitMs, response) => {
      await wait(waitMs > 1_000 ? 10 : waitMs)
      answer(response, ++asked < 3 ? running : completed)
    })
    expect(await client.waitForProcess(id)).toEqual(completed)
    expect(waits).toHaveLength(3)
  })

  it('does not ask again and again when the server does not wait', async () => {
    const { client, waits } = await serving((_waitMs, response) => answer(response, running))
    await expect(client.waitForProcess(id, { timeoutMs: 700 })).rejects.toThrow(ProcessNotEndedError)
    expect(waits.length).toBeLessThanOrEqual(3)
  })

  it('ends after the time that it has, and says how the process is', async () => {
    const { client, waits } = await serving(async (waitMs, response) => {
      await wait(waitMs)
      answer(response, { ...running, state: 'paused' })
    })
    const begunAt = performance.now()
    const error: unknown = await client
      .waitForProcess(id, { timeoutMs: 200 })
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ProcessNotEndedError)
    expect(error).toMatchObject({ process: { id, state: 'paused' } })
    expect(String(error)).toContain(`Expected process ${id} to end within 200 ms, but it is paused`)
    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(195)
    expect(Math.max(...waits)).toBeLessThanOrEqual(200)
  })

  it('ends when the caller says so', async () => {
    const { client } = await serving(() => {})
    const controller = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 30)
    await expect(client.waitForProcess(id, { signal: controller.signal })).rejects.toBe(reason)
  })

  it('rejects when there is no such process', async () => {
    const { client } = await serving((_waitMs, response) => problem(response, 404, 'process-not-found'))
    await expect(client.waitForProcess(id)).rejects.toMatchObject({ code: 'process-not-found' })
  })
})
