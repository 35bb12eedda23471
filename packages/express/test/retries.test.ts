import type { ClaimedTask, ClaimedTasks, Reported, Task } from '@tunacorn/protocol'
import { describe, expect, test, vi } from 'vitest'
import type { Api } from './support/api.js'
import type { Served } from './support/serve.js'
import { board, claimAll, claimOne, complete, fail, historyOf, run, show, states } from './support/steps.js'
import { onEachStore } from './support/stores.js'

const retrying = (retry: unknown, rest: object = {}) => ({ defaults: { retry, ...rest } })
const atOnce = { limit: 2, delay: '0s', jitter: false }
const msBetween = (from: string | undefined, to: string | undefined) =>
  Date.parse(to ?? '') - Date.parse(from ?? '')

/** Has the time kept until something holds, as it would be by the clock. */
async function whenTimeIsKept({ router }: Served, check: () => Promise<void>): Promise<void> {
  await vi.waitFor(
    async () => {
      await router.engine.keepTime()
      await check()
    },
    { timeout: 10_000, interval: 20 },
  )
}

/** A task whose first worker fell silent, and that another holds now. */
async function takenOver(api: Api): Promise<{ dead: ClaimedTask; live: ClaimedTask }> {
  const dead = await claimOne(api, { worker: 'asleep', lease: '100ms' })
  const live = await claimOne(api, { worker: 'awake', wait: '10s' })
  return { dead, live }
}

onEachStore((serveFresh) => {
  describe('a failure that may be retried', () => {
    test('is answered so, and is an event with its cause, its error and when there is another', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: [] }, {}, retrying({ limit: 1, delay: '1h', jitter: false }))
      const a = await claimOne(api, { names: ['A'], worker: 'Ada' })
      const error = { message: 'busy' }
      expect(await fail(api, a, error)).toEqual({ id: a.id, state: 'retrying', version: 2 })

      const [, event] = await historyOf(api, process)
      expect(event).toEqual({
        version: 2,
        type: 'attempt-failed',
        at: expect.any(String) as string,
        task: a.id,
        name: 'A',
        attempt: 1,
        worker: 'Ada',
        scheduledAt: process.startedAt,
        claimedAt: expect.any(String) as string,
        cause: 'reported',
        error,
        retryAt: expect.any(String) as string,
      })
      expect(msBetween(event?.at, event?.retryAt)).toBe(3_600_000)
      expect(await show(api, process)).toMatchObject({ state: 'running', progress: { finished: 0 } })
      expect(await states(api, process)).toEqual({ A: 'scheduled', B: 'scheduled' })
      const { body: task } = await api.get<Task>(`/tasks/${a.id}`)
      expect(task).toMatchObject({ state: 'scheduled', attempt: 1, claimableAt: event?.retryAt })
      expect(await claimAll(api, { names: ['A'] })).toEqual([])
    })

    test('is tried again until its attempts are used up; then the process fails with the cause', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: [] }, {}, retrying(atOnce))
      const answers: Reported[] = []
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        const a = await claimOne(api, { names: ['A'], wait: '10s' })
        expect([a.attempt, a.claim.split('.')[0]]).toEqual([attempt, String(attempt)])
        answers.push(await fail(api, a, { attempt }))
      }
      expect(answers.map(({ state, version }) => [state, version])).toEqual([
        ['retrying', 2],
        ['retrying', 3],
        ['failed', 4],
      ])
      expect(await show(api, process)).toMatchObject({
        state: 'failed',
        failedTask: 'A',
        cause: 'reported',
        error: { attempt: 3 },
      })
      expect(await states(api, process)).toEqual({ A: 'failed', B: 'cancelled' })
      expect(await board(api)).toEqual([])
      const events = await historyOf(api, process)
      expect(events.map(({ type, attempt, error }) => [type, attempt, error])).toEqual([
        ['process-started', undefined, undefined],
        ['attempt-failed', 1, { attempt: 1 }],
        ['attempt-failed', 2, { attempt: 2 }],
        ['task-failed', 3, { attempt: 3 }],
      ])
    })

    test('that is reported again gets the same answer and counts once', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] }, {}, retrying(atOnce))
      const a = await claimOne(api)
      const answers = await Promise.all(Array.from({ length: 5 }, () => fail(api, a, 'why')))
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
      const again = await claimOne(api, { wait: '10s' })
      expect(again.attempt).toBe(2)
      expect(await fail(api, a, 'why')).toEqual(answers[0])
      for (const [verb, report] of [
        ['fail', { claim: a.claim, error: 'else' }],
        ['complete', { claim: a.claim }],
      ] as const) {
        expect(await api.post(`/tasks/${a.id}/${verb}`, report)).toMatchObject({
          status: 409,
          body: { code: 'claim-lost' },
        })
      }
      expect((await complete(api, again)).version).toBe((await show(api, process)).version)
    })

    test('fails for good when its worker says that no attempt will do better', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] }, {}, retrying(100))
      expect(await fail(api, await claimOne(api), 'no', { retry: false })).toMatchObject({ state: 'failed' })
      expect(await show(api, process)).toMatchObject({ state: 'failed', cause: 'reported', error: 'no' })
    })

    test('waits as long as its worker asks for, but not beyond the longest delay', async () => {
      const { api } = await serveFresh()
      const policy = { limit: 3, delay: '1s', maxDelay: '2h', jitter: false }
      const process = await run(api, { A: [], B: [] }, {}, retrying(policy))
      const waits = async (name: string, retryIn: string) => {
        await fail(api, await claimOne(api, { names: [name] }), 'busy', { retryIn })
        const { at, retryAt } = (await historyOf(api, process)).at(-1) ?? {}
        return msBetween(at, retryAt)
      }
      expect(await waits('A', '90m')).toBe(5_400_000)
      expect(await waits('B', '5h')).toBe(7_200_000)
    })

    test('can be tried again at once when its worker asks for that', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] }, {}, retrying({ limit: 1, delay: '1h' }))
      await fail(api, await claimOne(api), 'a hiccup', { retryIn: '0s' })
      expect((await claimOne(api, { wait: '10s' })).attempt).toBe(2)
    })

    test('may be one of many results, each with its own word on the next attempt', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: [], C: [] }, {}, retrying({ limit: 1, delay: '1h' }))
      const held = await claimAll(api)
      const result = (name: string, rest: object) => {
        const task = held.find((one) => one.name === name)
        return { task: task?.id, claim: task?.claim, error: name, ...rest }
      }
      const { body } = await api.post<ClaimedTasks>('/tasks/claim', {
        worker: 'w',
        max: 0,
        results: [result('A', {}), result('B', { retryIn: '2h' })],
      })
      expect(body.results?.map(({ status, state }) => [status, state])).toEqual([
        [200, 'retrying'],
        [200, 'retrying'],
      ])
      expect((await states(api, process))['A']).toBe('scheduled')
      const results = [result('C', { retry: false })]
      const last = await api.post<ClaimedTasks>('/tasks/claim', { worker: 'w', max: 0, results })
      expect(last.body.results).toEqual([{ task: results[0]?.task, status: 200, state: 'failed' }])
      expect(await show(api, process)).toMatchObject({ state: 'failed', failedTask: 'C' })
    })

    test('wakes who waits when its time has come', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] }, {}, retrying({ limit: 1, delay: '200ms', jitter: false }))
      const a = await claimOne(api)
      const waiting = claimOne(api, { wait: '20s' })
      await fail(api, a)
      expect((await waiting).attempt).toBe(2)
    })

    test('shows how many attempts there are, and when time is up', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] }, {}, retrying(4, { scheduleTimeout: '1h', timeout: '2m', heartbeat: '30s' }))
      const [waiting] = (await api.get<{ items: Task[] }>('/tasks')).body.items
      expect(waiting).toMatchObject({ attempt: 0, maxAttempts: 5 })
      expect(msBetween(waiting?.scheduledAt, waiting?.expiresAt)).toBe(3_600_000)
      const a = await claimOne(api, { lease: '1h' })
      const { body: held } = await api.get<Task>(`/tasks/${a.id}`)
      expect(held).toMatchObject({ attempt: 1, maxAttempts: 5, leaseExpiresAt: a.leaseExpiresAt })
      // The lease is the smaller of what was asked for and the silence that the task allows.
      expect(msBetween(held.claimedAt, held.leaseExpiresAt)).toBe(30_000)
      expect(msBetween(held.claimedAt, held.expiresAt)).toBe(120_000)
      expect(a.lease).toBe('30s')
    })
  })

  describe('a worker that falls silent', () => {
    test('without another attempt fails the process, with the cause and no error', async () => {
      const served = await serveFresh()
      const { api } = served
      const process = await run(api, { A: [], B: [] })
      const a = await claimOne(api, { names: ['A'], lease: '100ms', worker: 'asleep' })
      await whenTimeIsKept(served, async () => expect((await show(api, process)).state).toBe('failed'))
      const shown = await show(api, process)
      expect(shown).toMatchObject({ failedTask: 'A', cause: 'lapsed' })
      expect(shown).not.toHaveProperty('error')
      const event = (await historyOf(api, process)).at(-1)
      expect(event).toMatchObject({ type: 'task-failed', cause: 'lapsed', attempt: 1, worker: 'asleep' })
      expect(event).not.toHaveProperty('error')
      expect((await api.get<Task>(`/tasks/${a.id}`)).body).toMatchObject({
        state: 'failed',
        worker: 'asleep',
      })
      expect(await board(api)).toEqual([])
    })

    test('is heard of too late: 409, and what it says is kept as evidence, once', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] }, {}, retrying(atOnce))
      const { dead, live } = await takenOver(api)
      const report = { claim: dead.claim, output: { late: true } }
      for (let times = 0; times < 3; times += 1) {
        expect(await api.post(`/tasks/${dead.id}/complete`, report)).toMatchObject({
          status: 409,
          body: { code: 'claim-lost' },
        })
      }
      expect((await complete(api, live, { late: false })).state).toBe('completed')
      const refused = (await historyOf(api, process)).filter(({ type }) => type === 'report-refused')
      expect(refused).toEqual([
        {
          version: 2,
          type: 'report-refused',
          at: expect.any(String) as string,
          task: dead.id,
          name: 'A',
          attempt: 1,
          lateReport: {
            attempt: 1,
            worker: 'asleep',
            claimedAt: expect.any(String) as string,
            leaseExpiredAt: dead.leaseExpiresAt,
            said: 'completed',
            value: { late: true },
          },
        },
      ])
      expect((await api.get<Task>(`/tasks/${live.id}`)).body.output).toEqual({ late: false })
    })

    test('has its late failure kept as well, also among many results', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] }, {}, retrying(atOnce))
      const { dead } = await takenOver(api)
      const results = [{ task: dead.id, claim: dead.claim, error: 'too late', retryIn: '1s' }]
      const { body } = await api.post<ClaimedTasks>('/tasks/claim', { worker: 'w', max: 0, results })
      expect(body.results).toEqual([{ task: dead.id, status: 409, code: 'claim-lost' }])
      expect((await historyOf(api, process)).at(-1)).toMatchObject({
        type: 'report-refused',
        lateReport: { said: 'failed', value: 'too late' },
      })
    })

    test('is in the history, as is who took over, when the process ends by something else', async () => {
      const served = await serveFresh()
      const { api } = served
      const ends: Readonly<Record<string, (process: { id: string }) => Promise<unknown>>> = {
        'task-failed': async () => fail(api, await claimOne(api, { names: ['Y'] }), 'no', { retry: false }),
        'process-cancelled': (process) => api.post(`/processes/${process.id}/cancel`),
        'process-timed-out': (process) =>
          whenTimeIsKept(served, async () => expect((await show(api, process)).state).toBe('failed')),
      }
      const definition = { ...retrying(atOnce), timeout: '1s' }
      for (const [type, end] of Object.entries(ends)) {
        const process = await run(api, { X: [], Y: [] }, {}, definition)
        const dead = await claimOne(api, { names: ['X'], worker: 'dead1', lease: '100ms' })
        const live = await claimOne(api, { names: ['X'], worker: 'second', lease: '1h', wait: '10s' })
        await end(process)
        const event = (await historyOf(api, process)).at(-1)
        const claimedAt = expect.any(String) as string
        const leaseExpiredAt = dead.leaseExpiresAt
        expect([event?.type, event?.unfinished]).toEqual([
          type,
          [
            { task: dead.id, name: 'X', attempt: 1, worker: 'dead1', claimedAt, leaseExpiredAt },
            { task: dead.id, name: 'X', attempt: 2, worker: 'second', claimedAt },
          ],
        ])
        expect((await api.get<Task>(`/tasks/${dead.id}`)).body).toMatchObject({
          state: 'cancelled',
          attempt: 2,
          worker: 'second',
          lapsed: [{ attempt: 1, worker: 'dead1', claimedAt, leaseExpiredAt }],
        })
        for (const { claim } of [dead, live]) {
          expect(await api.post(`/tasks/${dead.id}/complete`, { claim })).toMatchObject({
            status: 409,
            body: { code: 'process-ended' },
          })
        }
      }
    })

    test('is not made up: a claim that never was leaves nothing in the history', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] }, {}, retrying(atOnce))
      const { live } = await takenOver(api)
      for (const claim of ['1.AAAAAAAAAAAAAAAAAAAAAA', '2.AAAAAAAAAAAAAAAAAAAAAA']) {
        expect((await api.post(`/tasks/${live.id}/complete`, { claim })).status).toBe(409)
      }
      expect(await historyOf(api, process)).toHaveLength(1)
    })
  })

  describe('time', () => {
    test('for an attempt is up, however many heartbeats it sends, and the next one may begin', async () => {
      const served = await serveFresh()
      const { api } = served
      const process = await run(api, { A: [] }, {}, retrying(atOnce, { timeout: '300ms' }))
      const a = await claimOne(api, { lease: '1h' })
      expect(Date.parse(a.leaseExpiresAt) - Date.now()).toBeLessThanOrEqual(300)
      expect((await api.post(`/tasks/${a.id}/heartbeat`, { claim: a.claim, lease: '1h' })).status).toBe(200)
      await whenTimeIsKept(served, async () => expect(await historyOf(api, process)).toHaveLength(2))
      const event = (await historyOf(api, process)).at(-1)
      expect(event).toMatchObject({ type: 'attempt-failed', cause: 'timed-out', attempt: 1 })
      expect(await api.post(`/tasks/${a.id}/heartbeat`, { claim: a.claim })).toMatchObject({
        status: 409,
        body: { code: 'claim-lost' },
      })
      expect(await api.post(`/tasks/${a.id}/complete`, { claim: a.claim, output: 1 })).toMatchObject({
        status: 409,
        body: { code: 'claim-lost' },
      })
      expect((await historyOf(api, process)).at(-1)).toMatchObject({
        type: 'report-refused',
        lateReport: { attempt: 1, said: 'completed', value: 1 },
      })
      expect((await claimOne(api, { wait: '10s' })).attempt).toBe(2)
    })

    test('on the board is up when nobody has claimed a task', async () => {
      const served = await serveFresh()
      const { api } = served
      const process = await run(api, { A: [], B: [] }, {}, retrying(5, { scheduleTimeout: '100ms' }))
      await whenTimeIsKept(served, async () => expect((await show(api, process)).state).toBe('failed'))
      expect(await show(api, process)).toMatchObject({ cause: 'not-claimed' })
      const event = (await historyOf(api, process)).at(-1)
      expect(event).toMatchObject({ type: 'task-failed', cause: 'not-claimed' })
      expect(event).not.toHaveProperty('worker')
    })

    test('for a process is up at its deadline', async () => {
      const served = await serveFresh()
      const { api } = served
      const process = await run(api, { A: [] }, {}, { timeout: '150ms' })
      const a = await claimOne(api, { lease: '1h' })
      await whenTimeIsKept(served, async () => expect((await show(api, process)).state).toBe('failed'))
      expect(await show(api, process)).toMatchObject({ timedOut: true, deadline: process.deadline })
      expect((await historyOf(api, process)).at(-1)).toMatchObject({ type: 'process-timed-out' })
      expect(await states(api, process)).toEqual({ A: 'cancelled' })
      expect(await api.post(`/tasks/${a.id}/complete`, { claim: a.claim })).toMatchObject({
        status: 409,
        body: { code: 'process-ended' },
      })
    })

    test('of a delayed task has to come before it can be claimed', async () => {
      const { api } = await serveFresh()
      const tasks = [{ name: 'A', delay: '300ms' }, { name: 'B' }]
      await api.post('/definitions', { name: 'delayed', tasks })
      const begin = Date.now()
      const { body: process } = await api.post<{ id: string }>('/processes', { definition: 'delayed' })
      expect((await claimAll(api)).map(({ name }) => name)).toEqual(['B'])
      const { body: task } = await api.get<Task>(`/tasks/${process.id}.0`)
      expect(msBetween(task.scheduledAt, task.claimableAt)).toBe(300)
      expect((await claimOne(api, { wait: '10s' })).name).toBe('A')
      expect(Date.now() - begin).toBeGreaterThanOrEqual(295)
    })
  })

  test('a priority of a task beats that of its process', async () => {
    const { api } = await serveFresh()
    const tasks = [{ name: 'A' }, { name: 'B', priority: 5 }, { name: 'C', priority: 0 }]
    await api.post('/definitions', { name: 'a', tasks })
    await api.post('/processes', { definition: 'a', priority: 3 })
    const order: string[] = []
    for (let n = 0; n < 3; n += 1) order.push((await claimAll(api, { max: 1 }))[0]?.name ?? '')
    expect(order).toEqual(['B', 'A', 'C'])
  })
})
