import { describe, expect, test } from 'vitest'
import { TunaCornClient, type ClientOptions } from '@tunacorn/client'
import type { HistoryEvent } from '@tunacorn/protocol'
import { connectionRefused, scripted, type Answer } from './support/scripted-fetch.js'

const type = 'text/event-stream'
const over: Answer = { status: 204 }

function stream(...versions: readonly number[]): Answer {
  const text = versions
    .map((version) => `id: ${version}\nevent: x\ndata: {"version":${version}}\n\n`)
    .join('')
  return { text: `retry: 1000\n\n: nothing new\n\n${text}`, type }
}

async function versionsOf(events: AsyncGenerator<HistoryEvent>): Promise<number[]> {
  const versions: number[] = []
  for await (const { version } of events) versions.push(version)
  return versions
}

describe('followHistory', () => {
  test('gives each event once, comes back with the last one, and stops when the server says so', async () => {
    const { client, requests } = scripted([stream(1, 2), connectionRefused, stream(3), over])
    expect(await versionsOf(client.followHistory('a/b'))).toEqual([1, 2, 3])
    expect(requests.map(({ path }) => path)).toEqual(Array(4).fill('/processes/a%2Fb/history'))
    expect(requests.map(({ headers }) => headers.get('last-event-id'))).toEqual(['0', '2', '2', '3'])
    expect(requests[0]?.headers.get('accept')).toBe(type)
  })

  test('tells once each time when the server is away', async () => {
    const away = [connectionRefused, connectionRefused]
    const { client } = scripted([stream(1), ...away, stream(2), ...away, stream(3), over])
    const told: unknown[] = []
    const options = { onAway: (error: unknown) => told.push(error) }
    expect(await versionsOf(client.followHistory('p', options))).toEqual([1, 2, 3])
    expect(told).toHaveLength(2)
  })

  test('begins after what is known', async () => {
    const { client, requests } = scripted([over], { headers: { authorization: 'Bearer x' } })
    expect(await versionsOf(client.followHistory('p', { after: 7 }))).toEqual([])
    expect(requests[0]?.headers.get('last-event-id')).toBe('7')
    expect(requests[0]?.headers.get('authorization')).toBe('Bearer x')
  })

  test('comes back when the server says "not now"', async () => {
    const { client } = scripted([{ status: 503, json: { code: 'closing' } }, stream(1), over])
    expect(await versionsOf(client.followHistory('p'))).toEqual([1])
  })

  test('rejects when the server refuses for good, or is none of ours', async () => {
    const { client } = scripted([{ status: 404, json: { code: 'process-not-found' } }])
    await expect(versionsOf(client.followHistory('p'))).rejects.toMatchObject({ code: 'process-not-found' })
    const { client: other } = scripted([{ text: '<html>', type: 'text/html' }])
    await expect(versionsOf(other.followHistory('p'))).rejects.toMatchObject({ code: 'not-tunacorn' })
  })

  test('puts together what comes in pieces, in the middle of a character too', async () => {
    const bytes = new TextEncoder().encode('id: 1\ndata: {"version":1,"name":"Prüfung €"}\n\n')
    const options: ClientOptions = {
      url: 'http://x.test',
      fetch: async (_url, init) => {
        if (new Headers(init?.headers).get('last-event-id') === '1')
          return new Response(null, { status: 204 })
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
            controller.close()
          },
        })
        return new Response(body, { headers: { 'content-type': type } })
      },
    }
    const events = new TunaCornClient(options).followHistory('p')
    expect((await events.next()).value).toEqual({ version: 1, name: 'Prüfung €' })
    expect((await events.next()).done).toBe(true)
  })

  test('ends when it is told to', async () => {
    const controller = new AbortController()
    const { client } = scripted([stream(1)])
    const events = client.followHistory('p', { signal: controller.signal })
    await events.next()
    controller.abort(new Error('enough'))
    await expect(events.next()).rejects.toThrow('enough')
  })
})
