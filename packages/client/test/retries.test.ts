import { TunaCornHttpError } from '@tunacorn/client'
import { describe, expect, it } from 'vitest'
import { connectionRefused, connectionReset, never, scripted, type Answer } from './support/scripted-fetch.js'

const fine: Answer = { json: { tasks: [] } }
const notNow: Answer = {
  status: 503,
  json: { type: 'about:blank', title: '', status: 503, code: 'unavailable' },
}

describe('what may be sent again safely', () => {
  it.each([
    ['after a lost connection', connectionReset],
    ['after "not now"', notNow],
    ['after a proxy without a server', { status: 502, text: 'Bad Gateway', type: 'text/html' }],
  ])('is, %s', async (_when, failure) => {
    const { client, requests } = scripted([failure, fine])
    const results = [{ task: 'a.0', claim: '1.a', output: 1 }]
    expect(await client.claimTasks({ worker: 'w', results })).toEqual({ tasks: [] })
    expect(requests).toHaveLength(2)
    expect(requests[1]?.body).toBe(requests[0]?.body)
  })

  it.each([0, 2])('is sent again %i times at most', async (retries) => {
    const { client, requests } = scripted([notNow, notNow, notNow, fine], { retries })
    await expect(client.listTasks()).rejects.toThrow(TunaCornHttpError)
    expect(requests).toHaveLength(retries + 1)
  })

  it('waits as long as the server asks', async () => {
    const { client, requests } = scripted([{ ...notNow, headers: { 'retry-after': '1' } }, fine])
    await client.listTasks()
    const [first = 0, second = 0] = requests.map(({ at }) => at)
    expect(second - first).toBeGreaterThanOrEqual(990)
  })

  it('does not wait for a server that asks for minutes', async () => {
    const { client, requests } = scripted([{ ...notNow, headers: { 'retry-after': '120' } }, fine])
    await expect(client.listTasks()).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 120_000 })
    expect(requests).toHaveLength(1)
  })

  it('is not sent again when the answer is no', async () => {
    const problem = { type: 'about:blank', title: '', status: 409, code: 'claim-lost' }
    const { client, requests } = scripted([{ status: 409, json: problem }, fine])
    await expect(client.completeTask('a', { claim: '1.a' })).rejects.toMatchObject({ code: 'claim-lost' })
    expect(requests).toHaveLength(1)
  })
})

const lost = [
  ['its answer was lost', connectionReset, 'unreachable'],
  ['the server said "not now"', notNow, 'unavailable'],
] as const

describe('a start', () => {
  it.each(lost)(
    'is sent again when %s, with the same key, so that it happens once',
    async (_when, failure) => {
      const { client, requests } = scripted([failure, failure, fine])
      await client.startProcess({ definition: 'a' })
      expect(requests).toHaveLength(3)
      const keys = requests.map(({ headers }) => headers.get('idempotency-key'))
      expect(new Set(keys).size).toBe(1)
      expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
    },
  )

  it('is sent again as often as is said, with a key of yours', async () => {
    const { client, requests } = scripted([connectionReset, fine], { retries: 0 })
    await client.startProcess({ definition: 'a' }, { idempotencyKey: 'order-1', retries: 1 })
    expect(requests.map(({ headers }) => headers.get('idempotency-key'))).toEqual(['order-1', 'order-1'])
  })

  it('goes without a key when it is not to be sent again', async () => {
    const { client, requests } = scripted([connectionReset, fine], { retries: 0 })
    await expect(client.startProcess({ definition: 'a' })).rejects.toMatchObject({ code: 'unreachable' })
    expect(requests.map(({ headers }) => headers.get('idempotency-key'))).toEqual([null])
  })

  it('of many is sent again likewise, and without a key only when it cannot have arrived', async () => {
    const processes = { processes: [{ definition: 'a' }] }
    for (const [, failure, code] of lost) {
      const { client, requests } = scripted([failure, fine])
      await client.startProcesses(processes)
      const keys = requests.map(({ headers }) => headers.get('idempotency-key'))
      expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), keys[0]])

      const careless = scripted([failure, fine], { retries: 0 })
      await expect(careless.client.startProcesses(processes)).rejects.toMatchObject({ code })
      expect(careless.requests.map((request) => request.headers.get('idempotency-key'))).toEqual([null])
    }
  })
})

describe('a control', () => {
  it.each(['cancelProcess', 'pauseProcess', 'resumeProcess'] as const)(
    '%s may happen twice, and is sent again when its answer was lost',
    async (method) => {
      const { client, requests } = scripted([connectionReset, fine])
      await client[method]('a')
      expect(requests).toHaveLength(2)
    },
  )

  it('retryProcess is not, unless it cannot have arrived: the second time there would be nothing to retry', async () => {
    const { client, requests } = scripted([connectionReset, fine])
    await expect(client.retryProcess('a')).rejects.toMatchObject({ code: 'unreachable' })
    expect(requests).toHaveLength(1)

    const refused = scripted([connectionRefused, fine])
    await refused.client.retryProcess('a')
    expect(refused.requests).toHaveLength(2)
  })
})

describe('time', () => {
  it('runs out for a request that is not answered', async () => {
    const { client } = scripted([never], { timeoutMs: 20, retries: 0 })
    await expect(client.listTasks()).rejects.toMatchObject({ code: 'timeout', mayHaveArrived: true })
  })

  it('for a claim is what it waits for work, and that of a request besides', async () => {
    const { client } = scripted([never], { timeoutMs: 20, retries: 0 })
    const begunAt = performance.now()
    await expect(client.claimTasks({ worker: 'w', wait: '200ms' })).rejects.toThrow('within 220 ms')
    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(200)
  })

  it('for a process is what it waits for its end, and that of a request besides', async () => {
    const { client } = scripted([never], { timeoutMs: 20, retries: 0 })
    await expect(client.getProcess('a', { wait: '100ms' })).rejects.toThrow('within 120 ms')
  })

  it('ends when the caller says so, for a request and for the pause before the next', async () => {
    const reason = new Error('enough')
    const waiting = scripted([never])
    const controller = new AbortController()
    const call = waiting.client.listTasks({}, { signal: controller.signal })
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)

    const pausing = scripted([{ ...notNow, headers: { 'retry-after': '20' } }])
    const another = new AbortController()
    setTimeout(() => another.abort(reason), 50)
    await expect(pausing.client.listTasks({}, { signal: another.signal })).rejects.toBe(reason)
  })
})
