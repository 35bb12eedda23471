import type { ClaimedTask, ClaimedTasks, Task, TaskPage } from '@tunacorn/protocol'
import { describe, expect, test } from 'vitest'
import { claimAll, claimOne, complete, register, run, show, start, states } from './support/steps.js'
import { onEachStore } from './support/stores.js'

const names = (tasks: readonly { name: string }[]) => tasks.map(({ name }) => name).toSorted()
const processes = (tasks: readonly ClaimedTask[]) => tasks.map(({ process }) => process.id).toSorted()

onEachStore((serveFresh) => {
  describe('claiming', () => {
    test('hands out a task with its claim, its lease and its process', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] }, { input: { n: 1 } })
      const before = Date.now()
      const task = await claimOne(api, { worker: 'w', lease: '1m' })
      expect(task).toEqual({
        id: `${process.id}.0`,
        name: 'A',
        attempt: 1,
        claim: expect.stringMatching(/^1\.[\w-]{22}$/) as string,
        leaseExpiresAt: expect.any(String) as string,
        lease: '1m',
        process: {
          id: process.id,
          definition: 'under-test',
          definitionVersion: 1,
          input: { n: 1 },
          startedAt: process.startedAt,
        },
        needs: {},
        attributes: { n: 1 },
      })
      const leaseMs = Date.parse(task.leaseExpiresAt) - before
      expect(leaseMs).toBeGreaterThan(55_000)
      expect(leaseMs).toBeLessThan(65_000)
    })

    test('a lease is half a minute when nothing is said', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] })
      const leaseMs = Date.parse((await claimOne(api)).leaseExpiresAt) - Date.now()
      expect(leaseMs).toBeGreaterThan(25_000)
      expect(leaseMs).toBeLessThan(35_000)
    })

    test('takes only what is asked for: by name, definition, process, or all of them', async () => {
      const { api } = await serveFresh()
      await register(api, 'one', { A: [], B: [], C: [] })
      await register(api, 'other', { A: [], B: [] })
      const first = await start(api, 'one')
      const second = await start(api, 'one')
      await start(api, 'other')

      expect(names(await claimAll(api, { names: ['nothing'] }))).toEqual([])
      expect(names(await claimAll(api, { definition: 'nothing' }))).toEqual([])
      expect(names(await claimAll(api, { names: ['A', 'B'], definition: 'other' }))).toEqual(['A', 'B'])
      expect(names(await claimAll(api, { names: ['C', 'B'], process: second.id }))).toEqual(['B', 'C'])
      expect(names(await claimAll(api, { process: first.id, definition: 'other' }))).toEqual([])
      const claimed = await claimAll(api, { names: ['A'] })
      expect(processes(claimed)).toEqual([first.id, second.id].toSorted())
      expect(names(await claimAll(api, { process: first.id }))).toEqual(['B', 'C'])
      expect(await claimAll(api)).toEqual([])
    })

    test('takes one when nothing is said, and never more than max', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [], B: [], C: [], D: [] })
      const claim = (rest: object) => api.post<ClaimedTasks>('/tasks/claim', { worker: 'w', ...rest })
      expect((await claim({})).body.tasks).toHaveLength(1)
      expect((await claim({ max: 2 })).body.tasks).toHaveLength(2)
      expect((await claim({ max: 0 })).body.tasks).toHaveLength(0)
      expect((await claim({ max: 250 })).body.tasks).toHaveLength(1)
    })

    test('never hands a task to two, however many ask at once', async () => {
      const { api } = await serveFresh()
      const tasks = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`T${index}`, []]))
      await run(api, tasks)
      const claims = await Promise.all(Array.from({ length: 12 }, () => claimAll(api, { max: 8 })))
      const claimed = claims.flat().map(({ id }) => id)
      expect(new Set(claimed).size).toBe(claimed.length)
      const rest = (await claimAll(api)).map(({ id }) => id)
      expect(new Set([...claimed, ...rest]).size).toBe(60)
    })

    test('shows on the board who holds what', async () => {
      const { api } = await serveFresh()
      await register(api, 'one', { A: [], B: [] })
      const process = await start(api, 'one')
      const a = await claimOne(api, { names: ['A'], worker: 'Ada' })
      const shown = async (query: string) => {
        const { body } = await api.get<TaskPage>(`/tasks${query}`)
        return body.items.map(({ name, state, worker }) => [name, state, worker])
      }
      const held = ['A', 'claimed', 'Ada']
      const waiting = ['B', 'scheduled', undefined]
      expect(await shown('')).toEqual([held, waiting])
      expect(await shown('?state=claimed')).toEqual([held])
      expect(await shown('?state=scheduled')).toEqual([waiting])
      expect(await shown('?name=B')).toEqual([waiting])
      expect(await shown(`?process=${process.id}&definition=one&name=A`)).toEqual([held])
      expect(await shown('?definition=other')).toEqual([])
      expect((await api.get(`/tasks?name=A`)).text).not.toContain(a.claim.split('.')[1])
    })

    test('the board comes in pages, each task once', async () => {
      const { api } = await serveFresh()
      await register(api, 'one', { A: [], B: [] })
      for (let n = 0; n < 3; n += 1) await start(api, 'one')
      const seen: string[] = []
      const sizes: number[] = []
      for (let query = '?limit=4'; ;) {
        const { body } = await api.get<TaskPage>(`/tasks${query}`)
        sizes.push(body.items.length)
        seen.push(...body.items.map(({ id }) => id))
        if (body.nextCursor === undefined) break
        query = `?limit=4&cursor=${body.nextCursor}`
      }
      expect([sizes, new Set(seen).size]).toEqual([[4, 2], 6])
    })
  })

  describe('claiming one task', () => {
    test('works when it waits for a worker', async () => {
      const { api } = await serveFresh()
      const { id } = await run(api, { A: [], B: [] })
      const { status, body } = await api.post<ClaimedTask>(`/tasks/${id}.1/claim`, {
        worker: 'w',
        lease: '1h',
      })
      expect(status).toBe(200)
      expect(body).toMatchObject({ id: `${id}.1`, name: 'B', attempt: 1, attributes: {} })
      expect(await states(api, { id })).toEqual({ A: 'scheduled', B: 'claimed' })
      const bare = await api.post<ClaimedTask>(`/tasks/${id}.0/claim`, { worker: 'w', attributes: false })
      expect(bare.body).not.toHaveProperty('attributes')
    })

    test('is refused when it is held, waits for others, has ended, or is not there', async () => {
      const { api } = await serveFresh()
      const { id } = await run(api, { A: [], B: ['A'] })
      const claim = (task: number, process = id) =>
        api.post(`/tasks/${process}.${task}/claim`, { worker: 'another' })
      const a = await claimOne(api)
      expect(await claim(0)).toMatchObject({
        status: 409,
        body: {
          code: 'task-held',
          detail: expect.stringMatching(/"\w+" has it until 20\d\d-\S+Z, so/) as string,
        },
      })
      expect(await claim(1)).toMatchObject({ status: 409, body: { code: 'task-not-active' } })
      await complete(api, a)
      expect(await claim(0)).toMatchObject({ status: 409, body: { code: 'task-ended' } })
      expect(await claim(2)).toMatchObject({ status: 404, body: { code: 'task-not-found' } })
      expect(await claim(999_999_999)).toMatchObject({ status: 404, body: { code: 'task-not-found' } })
      expect(await claim(0, '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c')).toMatchObject({
        status: 404,
        body: { code: 'process-not-found' },
      })
      await api.post(`/processes/${id}/cancel`)
      expect(await claim(1)).toMatchObject({ status: 409, body: { code: 'task-ended' } })
      expect((await api.get<Task>(`/tasks/${id}.1`)).body).toMatchObject({ state: 'cancelled' })
    })
  })

  describe('results in a claim', () => {
    test('are committed first, so that what they unlock can be claimed in the same call', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: ['A'], C: ['B'] })
      let [task] = await claimAll(api)
      for (const next of ['B', 'C', undefined]) {
        const results = [{ task: task?.id, claim: task?.claim, output: { made: task?.name } }]
        const { body } = await api.post<ClaimedTasks>('/tasks/claim', { worker: 'w', max: 5, results })
        expect(body.results).toEqual([{ task: task?.id, status: 200, state: 'completed' }])
        expect(body.tasks.map(({ name }) => name)).toEqual(next === undefined ? [] : [next])
        task = body.tasks[0]
      }
      expect((await show(api, process)).state).toBe('completed')
    })

    test('are answered one by one, and one that is refused does not stop the others', async () => {
      const { api } = await serveFresh()
      await register(api, 'one', { A: [] })
      const started = [
        await start(api, 'one'),
        await start(api, 'one'),
        await start(api, 'one'),
        await start(api, 'one'),
      ]
      const claimed = await claimAll(api)
      const [good, large, failed, released] = claimed as [ClaimedTask, ClaimedTask, ClaimedTask, ClaimedTask]
      await api.post(`/tasks/${released.id}/release`, { claim: released.claim })
      const unknown = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c.0'
      const { status, body } = await api.post<ClaimedTasks>('/tasks/claim', {
        worker: 'w',
        max: 0,
        results: [
          { task: good.id, claim: good.claim, output: 1 },
          { task: large.id, claim: large.claim, output: 'x'.repeat(1024 * 1024) },
          { task: failed.id, claim: failed.claim, error: { why: 'so' } },
          { task: released.id, claim: released.claim },
          { task: unknown, claim: good.claim },
          { task: `${good.process.id}.7`, claim: good.claim },
          { task: good.id, claim: good.claim, output: 1 },
          { task: good.id, claim: good.claim, output: 2 },
        ],
      })
      expect(status).toBe(200)
      expect(body.tasks).toEqual([])
      expect(body.results).toEqual([
        { task: good.id, status: 200, state: 'completed' },
        { task: large.id, status: 413, code: 'too-large' },
        { task: failed.id, status: 200, state: 'failed' },
        { task: released.id, status: 409, code: 'claim-lost' },
        { task: unknown, status: 404, code: 'process-not-found' },
        { task: `${good.process.id}.7`, status: 404, code: 'task-not-found' },
        { task: good.id, status: 200, state: 'completed' },
        { task: good.id, status: 409, code: 'task-ended' },
      ])
      const shown = await Promise.all(started.map((process) => show(api, process)))
      expect(shown.map(({ state }) => state).toSorted()).toEqual([
        'completed',
        'failed',
        'running',
        'running',
      ])
    })

    test('are absent from the answer when none were sent, empty when an empty list was', async () => {
      const { api } = await serveFresh()
      const without = await api.post<ClaimedTasks>('/tasks/claim', { worker: 'w' })
      expect(without.body).toEqual({ tasks: [] })
      const empty = await api.post<ClaimedTasks>('/tasks/claim', { worker: 'w', results: [] })
      expect(empty.body).toEqual({ tasks: [], results: [] })
    })

    test('with nothing at hand, it answers at once instead of waiting', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] })
      const a = await claimOne(api)
      const begin = Date.now()
      const { body } = await api.post<ClaimedTasks>('/tasks/claim', {
        worker: 'w',
        wait: '60s',
        results: [{ task: a.id, claim: a.claim }],
      })
      expect(body).toEqual({ tasks: [], results: [{ task: a.id, status: 200, state: 'completed' }] })
      expect(Date.now() - begin).toBeLessThan(5_000)
    })
  })
})
