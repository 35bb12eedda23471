import type { ClaimedTask, HeartbeatResults, Lease, Reported, Task } from '@tunacorn/protocol'
import { describe, expect, test } from 'vitest'
import { payloads } from './support/payloads.js'
import {
  board,
  claimAll,
  claimOne,
  complete,
  historyOf,
  patient,
  run,
  show,
  states,
  workOff,
} from './support/steps.js'
import { onEachStore } from './support/stores.js'
import type { Api } from './support/api.js'

const lost = { status: 409, body: { code: 'claim-lost' } }
const otherClaim = '1.AAAAAAAAAAAAAAAAAAAAAA'
const inAnHour = Date.now() + 3_000_000

/** A task whose lease has run out and that somebody else holds now. */
async function lapsed(api: Api): Promise<{ dead: ClaimedTask; live: ClaimedTask }> {
  const dead = await claimOne(api, { worker: 'asleep', lease: '100ms' })
  const live = await claimOne(api, { worker: 'awake', wait: '10s' })
  return { dead, live }
}

onEachStore((serveFresh) => {
  describe('completing', () => {
    test('answers with the version it made, and puts what it unlocks onto the board', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: ['A'], C: ['A'], D: ['B', 'C'] })
      const a = await claimOne(api)
      const { status, body } = await api.post<Reported>(`/tasks/${a.id}/complete`, { claim: a.claim })
      expect([status, body]).toEqual([200, { id: a.id, state: 'completed', version: 2 }])
      expect(await board(api)).toEqual(['B', 'C'])
      expect(await workOff(api)).toEqual(['B', 'C', 'D'])
      expect((await show(api, process)).state).toBe('completed')
    })

    test.each(payloads)('an output that is %s comes back equal, everywhere', async (_, output) => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: ['A'] })
      const a = await claimOne(api)
      await complete(api, a, output)
      expect((await api.get<Task>(`/tasks/${a.id}`)).body.output).toEqual(output)
      expect((await historyOf(api, process))[1]?.output).toEqual(output)
      const { needs } = await claimOne(api)
      expect(JSON.stringify(needs)).toBe(JSON.stringify({ A: output }))
    })

    test('the same report again gets the same answer, also when the process has ended since', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: ['A'] })
      const a = await claimOne(api)
      const first = await complete(api, a, { n: 1 })
      expect(await complete(api, a, { n: 1 })).toEqual(first)
      await workOff(api)
      expect(await complete(api, a, { n: 1 })).toEqual(first)
      expect((await show(api, process)).version).toBe(3)
    })

    test('many at once with the same report are all answered the same, and it happens once', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      const a = await claimOne(api)
      const answers = await Promise.all(Array.from({ length: 8 }, () => complete(api, a, 'same')))
      expect(new Set(answers.map(({ version }) => version))).toEqual(new Set([2]))
      expect((await show(api, process)).version).toBe(2)
    })

    test('another report with the same claim is refused and changes nothing', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      const a = await claimOne(api)
      await complete(api, a, 'first')
      const others = [
        ['complete', { claim: a.claim, output: 'second' }],
        ['complete', { claim: a.claim }],
        ['complete', { claim: otherClaim, output: 'first' }],
        ['fail', { claim: a.claim, error: 'first' }],
      ] as const
      for (const [verb, report] of others) {
        expect(await api.post(`/tasks/${a.id}/${verb}`, report)).toMatchObject({
          status: 409,
          body: { code: 'task-ended' },
        })
      }
      expect((await api.get<Task>(`/tasks/${a.id}`)).body).toMatchObject({
        state: 'completed',
        output: 'first',
      })
      expect((await show(api, process)).version).toBe(2)
    })

    test('a claim that never was changes nothing', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: [] })
      const a = await claimOne(api, { names: ['A'] })
      for (const verb of ['complete', 'fail']) {
        const report = { claim: otherClaim, ...(verb === 'fail' && { error: 1 }) }
        expect(await api.post(`/tasks/${a.id}/${verb}`, report)).toMatchObject(lost)
        expect(await api.post(`/tasks/${process.id}.1/${verb}`, report)).toMatchObject(lost)
      }
      expect(await states(api, process)).toEqual({ A: 'claimed', B: 'scheduled' })
      await complete(api, a)
    })

    test('a task that waits for others cannot be reported, one that is not there neither', async () => {
      const { api } = await serveFresh()
      const { id } = await run(api, { A: [], B: ['A'] })
      const report = (task: string) => api.post(`/tasks/${task}/complete`, { claim: otherClaim })
      expect(await report(`${id}.1`)).toMatchObject({ status: 409, body: { code: 'task-not-active' } })
      expect(await report(`${id}.2`)).toMatchObject({ status: 404, body: { code: 'task-not-found' } })
      expect(await report('01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c.0')).toMatchObject({
        status: 404,
        body: { code: 'process-not-found' },
      })
    })

    test('an output over a megabyte is refused, and the task is still held', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      const a = await claimOne(api)
      const largest = 'x'.repeat(1024 * 1024 - 2)
      expect(
        await api.post(`/tasks/${a.id}/complete`, { claim: a.claim, output: `${largest}x` }),
      ).toMatchObject({
        status: 413,
        body: { code: 'too-large' },
      })
      expect(await states(api, process)).toEqual({ A: 'claimed' })
      await complete(api, a, largest)
    })
  })

  describe('failing', () => {
    test('ends the process with the cause, and cancels what is left of it', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: [], C: ['A'], D: [] })
      await complete(api, await claimOne(api, { names: ['D'] }))
      const [a, b] = await claimAll(api)
      if (a === undefined || b === undefined) throw new Error('Expected two tasks')
      const error = { message: 'no such customer', retry: false }
      const { status, body } = await api.post<Reported>(`/tasks/${a.id}/fail`, { claim: a.claim, error })
      expect([status, body]).toEqual([200, { id: a.id, state: 'failed', version: 3 }])

      expect(await show(api, process)).toMatchObject({
        state: 'failed',
        failedTask: 'A',
        error,
        progress: {
          percent: 50,
          counts: { pending: 0, scheduled: 0, claimed: 0, completed: 1, failed: 1, cancelled: 2 },
        },
      })
      expect(await states(api, process)).toEqual({
        A: 'failed',
        B: 'cancelled',
        C: 'cancelled',
        D: 'completed',
      })
      expect(await board(api)).toEqual([])
      expect((await api.get<Task>(`/tasks/${a.id}`)).body).toMatchObject({
        state: 'failed',
        error,
        worker: 'tester',
      })
      expect((await historyOf(api, process)).at(-1)).toMatchObject({ type: 'task-failed', name: 'A', error })

      expect(await api.post(`/tasks/${b.id}/complete`, { claim: b.claim })).toMatchObject({
        status: 409,
        body: { code: 'process-ended' },
      })
      expect((await api.post(`/tasks/${b.id}/heartbeat`, { claim: b.claim })).body).toMatchObject({
        code: 'claim-lost',
      })
    })

    test('may have null for its cause', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      const a = await claimOne(api)
      expect((await api.post(`/tasks/${a.id}/fail`, { claim: a.claim, error: null })).status).toBe(200)
      expect(await show(api, process)).toMatchObject({ state: 'failed', error: null })
    })

    test('the same report again gets the same answer, another one is refused', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] })
      const a = await claimOne(api)
      const fail = (error: unknown) => api.post(`/tasks/${a.id}/fail`, { claim: a.claim, error })
      const first = await fail('why')
      expect((await fail('why')).body).toEqual(first.body)
      expect(await fail('else')).toMatchObject({ status: 409, body: { code: 'task-ended' } })
    })
  })

  describe('heartbeats', () => {
    test('start the lease anew, as long as it was claimed for or as is said', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] }, {}, patient)
      const a = await claimOne(api, { lease: '1m' })
      const beat = (rest: object = {}) =>
        api.post<Lease>(`/tasks/${a.id}/heartbeat`, { claim: a.claim, ...rest })
      const { status, body } = await beat()
      expect(status).toBe(200)
      expect(body.id).toBe(a.id)
      expect(Date.parse(body.leaseExpiresAt)).toBeGreaterThanOrEqual(Date.parse(a.leaseExpiresAt))
      expect(Date.parse(body.leaseExpiresAt)).toBeLessThan(inAnHour)
      const longer = (await beat({ lease: '1h' })).body
      expect(Date.parse(longer.leaseExpiresAt)).toBeGreaterThan(inAnHour)
      expect((await api.get<Task>(`/tasks/${a.id}`)).body.leaseExpiresAt).toBe(longer.leaseExpiresAt)
    })

    test('for many are answered one by one, in the order asked', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: [], C: [] }, {}, patient)
      const [a, b] = await claimAll(api, { max: 2 })
      if (a === undefined || b === undefined) throw new Error('Expected two tasks')
      const tasks = [
        { task: b.id, claim: b.claim },
        { task: `${process.id}.2`, claim: a.claim },
        { task: '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c.0', claim: a.claim },
        { task: a.id, claim: otherClaim },
        { task: a.id, claim: a.claim },
        { task: b.id, claim: b.claim },
      ]
      const { status, body } = await api.post<HeartbeatResults>('/tasks/heartbeat', { tasks, lease: '1h' })
      expect(status).toBe(200)
      expect(body.tasks.map((item) => [item.task, item.status, item.code])).toEqual([
        [b.id, 200, undefined],
        [`${process.id}.2`, 409, 'claim-lost'],
        ['01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c.0', 409, 'claim-lost'],
        [a.id, 409, 'claim-lost'],
        [a.id, 200, undefined],
        [b.id, 200, undefined],
      ])
      for (const index of [0, 4, 5]) {
        expect(Date.parse(body.tasks[index]?.leaseExpiresAt ?? '')).toBeGreaterThan(inAnHour)
      }
    })

    test('keep a lapsed lease alive until the task is handed out again', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: [] }, {}, patient)
      const a = await claimOne(api, { names: ['A'], lease: '100ms' })
      // B is held as long as A; once it can be had, A has lapsed as well.
      await claimOne(api, { names: ['B'], lease: '100ms' })
      await claimOne(api, { names: ['B'], wait: '10s' })
      expect((await api.post(`/tasks/${a.id}/heartbeat`, { claim: a.claim, lease: '1m' })).status).toBe(200)
      expect(await claimAll(api)).toEqual([])
      await complete(api, a)
      expect(await states(api, process)).toEqual({ A: 'completed', B: 'claimed' })
    })

    test('of a claim that is not live are refused', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] }, {}, patient)
      const { dead, live } = await lapsed(api)
      expect(await api.post(`/tasks/${dead.id}/heartbeat`, { claim: dead.claim })).toMatchObject(lost)
      expect((await api.post(`/tasks/${live.id}/heartbeat`, { claim: live.claim })).status).toBe(200)
    })
  })

  describe('releasing', () => {
    test('gives the task back at once, and does not count as an attempt', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] }, {}, patient)
      const a = await claimOne(api)
      const { status, text } = await api.post(`/tasks/${a.id}/release`, { claim: a.claim })
      expect([status, text]).toEqual([204, ''])
      expect(await states(api, process)).toEqual({ A: 'scheduled' })
      const again = await claimOne(api)
      expect(again.attempt).toBe(1)
      expect(again.claim).not.toBe(a.claim)
      expect(await api.post(`/tasks/${a.id}/complete`, { claim: a.claim })).toMatchObject(lost)
      await complete(api, again)
      expect((await historyOf(api, process))[1]).not.toHaveProperty('lapsed')
    })

    test('twice, or with another claim, is refused', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] }, {}, patient)
      const a = await claimOne(api)
      expect(await api.post(`/tasks/${a.id}/release`, { claim: otherClaim })).toMatchObject(lost)
      await api.post(`/tasks/${a.id}/release`, { claim: a.claim })
      expect(await api.post(`/tasks/${a.id}/release`, { claim: a.claim })).toMatchObject(lost)
    })
  })

  describe('a lease that has run out', () => {
    test('lets the task be handed out again, as another attempt', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] }, {}, patient)
      const { dead, live } = await lapsed(api)
      expect([dead.attempt, live.attempt]).toEqual([1, 2])
      expect(live.claim).toMatch(/^2\./)
      expect((await api.get<Task>(`/tasks/${live.id}`)).body).toMatchObject({
        state: 'claimed',
        worker: 'awake',
        attempt: 2,
        lapsed: [{ attempt: 1, worker: 'asleep', leaseExpiredAt: dead.leaseExpiresAt }],
      })
    })

    test('shows in the history, and with the task once it has ended', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] }, {}, patient)
      const { dead, live } = await lapsed(api)
      await complete(api, live)
      const attempts = [
        {
          attempt: 1,
          worker: 'asleep',
          claimedAt: expect.any(String) as string,
          leaseExpiredAt: dead.leaseExpiresAt,
        },
      ]
      expect((await historyOf(api, process))[1]).toMatchObject({
        attempt: 2,
        worker: 'awake',
        lapsed: attempts,
      })
      expect((await api.get<Task>(`/tasks/${live.id}`)).body).toMatchObject({ attempt: 2, lapsed: attempts })
    })

    test('leaves a dead claim, with which nothing can be changed', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] }, {}, patient)
      const { dead, live } = await lapsed(api)
      const { claim } = dead
      expect(await api.post(`/tasks/${dead.id}/complete`, { claim, output: 'late' })).toMatchObject(lost)
      expect(await api.post(`/tasks/${dead.id}/fail`, { claim, error: 'late' })).toMatchObject(lost)
      expect(await api.post(`/tasks/${dead.id}/release`, { claim })).toMatchObject(lost)
      expect(await show(api, process)).toMatchObject({ state: 'running', version: 2 })
      await complete(api, live, 'in time')
      expect(await api.post(`/tasks/${dead.id}/complete`, { claim, output: 'in time' })).toMatchObject({
        status: 409,
        body: { code: 'task-ended' },
      })
      expect((await api.get<Task>(`/tasks/${live.id}`)).body.output).toBe('in time')
    })

    test('does not keep the work of its worker from being taken while nobody else has the task', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: [] }, {}, patient)
      const a = await claimOne(api, { names: ['A'], lease: '100ms' })
      await claimOne(api, { names: ['B'], lease: '100ms' })
      await claimOne(api, { names: ['B'], wait: '10s' })
      await complete(api, a, 'a little late')
      expect(await states(api, process)).toEqual({ A: 'completed', B: 'claimed' })
    })
  })
})
