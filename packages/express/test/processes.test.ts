import type { HistoryPage, Process, ProcessPage, StartedProcesses, Task, TaskPage } from '@tunacorn/protocol'
import { describe, expect, test } from 'vitest'
import type { Api } from './support/api.js'
import { payloads } from './support/payloads.js'
import {
  board,
  claimAll,
  claimOne,
  complete,
  register,
  run,
  show,
  start,
  states,
  workOff,
} from './support/steps.js'
import { onEachStore } from './support/stores.js'

const nobody = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'
const diamond = { A: [], B: ['A'], C: ['A'], D: ['B', 'C'] }

onEachStore((serveFresh) => {
  describe('starting', () => {
    test('gives 201, the process, and a Location that works', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', diamond)
      const { status, headers, body } = await api.post<Process>('/processes', { definition: 'a' })
      expect(status).toBe(201)
      expect(body).toMatchObject({
        definition: 'a',
        definitionVersion: 1,
        state: 'running',
        version: 1,
        priority: 0,
        progress: { percent: 0, total: 4, finished: 0 },
      })
      expect(body).not.toHaveProperty('input')
      expect(headers['location']).toBe(`/processes/${body.id}`)
      expect((await api.get(String(headers['location']))).body).toMatchObject({
        id: body.id,
        startedAt: body.startedAt,
      })
      expect(await board(api)).toEqual(['A'])
    })

    test('takes the version that is asked for, else the default one', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { Old: [] })
      await register(api, 'a', { New: [] })
      expect((await start(api, 'a', { version: 1 })).definitionVersion).toBe(1)
      expect((await start(api, 'a')).definitionVersion).toBe(2)
      expect((await board(api)).toSorted()).toEqual(['New', 'Old'])
      expect(await api.post('/processes', { definition: 'a', version: 3 })).toMatchObject({
        status: 404,
        body: { code: 'definition-not-found' },
      })
    })

    test.each(payloads)('an input that is %s comes back equal, everywhere', async (_, input) => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] }, { input })
      expect(process).toHaveProperty('input')
      expect(process.input).toEqual(input)
      expect(await show(api, process)).toHaveProperty('input', input)
      expect((await api.get<HistoryPage>(`/processes/${process.id}/history`)).body.items[0]?.input).toEqual(
        input,
      )
      const task = await claimOne(api)
      expect(task.process).toHaveProperty('input')
      expect(JSON.stringify(task.process.input)).toBe(JSON.stringify(input))
    })

    test('has as many root tasks as have no needs', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [], B: [], C: ['A', 'B'] })
      expect(await board(api)).toEqual(['A', 'B'])
    })

    test('higher priority is served first', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      for (const priority of [0, 9, 5]) await start(api, 'a', { priority, input: priority })
      const claimed = await claimAll(api, { max: 1 })
      expect(claimed.map(({ process }) => process.input)).toEqual([9])
      expect((await claimAll(api, { max: 1 }))[0]?.process.input).toBe(5)
    })
  })

  describe('starting many', () => {
    test('answers each by itself, in the order asked', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const { status, body } = await api.post<StartedProcesses>('/processes/batch', {
        processes: [
          { definition: 'a', input: 1 },
          { definition: 'nothing' },
          { definition: 'a', version: 7 },
          { definition: 'a', input: 'x'.repeat(1024 * 1024) },
          { definition: 'a', input: null, priority: 3 },
        ],
      })
      expect(status).toBe(200)
      expect(body.items.map((item) => [item.status, item.problem?.code])).toEqual([
        [201, undefined],
        [404, 'definition-not-found'],
        [404, 'definition-not-found'],
        [413, 'too-large'],
        [201, undefined],
      ])
      const { body: page } = await api.get<ProcessPage>('/processes')
      expect(page.items.map(({ id }) => id).toSorted()).toEqual(
        body.items.flatMap(({ process }) => (process === undefined ? [] : [process.id])).toSorted(),
      )
      expect((await show(api, { id: body.items[4]?.process?.id ?? '' })).input).toBeNull()
    })

    test('starts a thousand', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const processes = Array.from({ length: 1000 }, (_, input) => ({ definition: 'a', input }))
      const { body } = await api.post<StartedProcesses>('/processes/batch', { processes })
      expect(new Set(body.items.map(({ process }) => process?.id)).size).toBe(1000)
      const claimed = new Set<unknown>()
      for (let call = 0; call < 4; call += 1) {
        for (const { process } of await claimAll(api, { max: 250 })) claimed.add(process.input)
      }
      expect(claimed.size).toBe(1000)
    })
  })

  describe('listing', () => {
    async function three(api: Api) {
      await register(api, 'a', { A: [] })
      await register(api, 'b', { A: [] })
      const [done, cancelled, running] = [await start(api, 'a'), await start(api, 'b'), await start(api, 'a')]
      await complete(api, await claimOne(api, { process: done.id }))
      await api.post(`/processes/${cancelled.id}/cancel`)
      return { done: done.id, cancelled: cancelled.id, running: running.id }
    }
    const ids = async (api: Api, query: string) =>
      (await api.get<ProcessPage>(`/processes${query}`)).body.items.map(({ id }) => id)

    test('gives the newest first, and only what the filters let through', async () => {
      const { api } = await serveFresh()
      const { done, cancelled, running } = await three(api)
      expect(await ids(api, '')).toEqual([running, cancelled, done])
      expect(await ids(api, '?state=running')).toEqual([running])
      expect(await ids(api, '?state=completed')).toEqual([done])
      expect(await ids(api, '?state=failed')).toEqual([])
      expect(await ids(api, '?definition=a')).toEqual([running, done])
      expect(await ids(api, '?definition=b&state=cancelled')).toEqual([cancelled])
      expect(await ids(api, '?definition=b&state=running')).toEqual([])
      expect(await ids(api, '?definition=nothing')).toEqual([])
    })

    test('comes in pages, each process once', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const started: string[] = []
      for (let n = 0; n < 5; n += 1) started.unshift((await start(api, 'a')).id)
      const seen: string[][] = []
      for (let query = '?limit=2'; ;) {
        const { body } = await api.get<ProcessPage>(`/processes${query}`)
        seen.push(body.items.map(({ id }) => id))
        if (body.nextCursor === undefined) break
        // What is started in between does not move the pages.
        await start(api, 'a')
        query = `?limit=2&cursor=${encodeURIComponent(body.nextCursor)}`
      }
      expect(seen.map(({ length }) => length)).toEqual([2, 2, 1])
      expect(seen.flat()).toEqual(started)
    })
  })

  describe('looking at one', () => {
    test('shows how many tasks are in each state as it goes on', async () => {
      const { api } = await serveFresh()
      const process = await run(api, diamond)
      const counts = async () => (await show(api, process)).progress
      const none = { pending: 0, scheduled: 0, claimed: 0, completed: 0, failed: 0, cancelled: 0 }
      expect(await counts()).toEqual({
        percent: 0,
        total: 4,
        finished: 0,
        counts: { ...none, pending: 3, scheduled: 1 },
      })

      const a = await claimOne(api)
      expect(await counts()).toMatchObject({ counts: { ...none, pending: 3, claimed: 1 } })
      await complete(api, a)
      expect(await counts()).toEqual({
        percent: 25,
        total: 4,
        finished: 1,
        counts: { ...none, pending: 1, scheduled: 2, completed: 1 },
      })
      await workOff(api)
      expect(await show(api, process)).toMatchObject({
        state: 'completed',
        version: 5,
        progress: { percent: 100, total: 4, finished: 4, counts: { ...none, completed: 4 } },
        endedAt: expect.any(String) as string,
      })
    })

    test('shows its tasks in the order of the definition, with what is known of each', async () => {
      const { api } = await serveFresh()
      const process = await run(api, diamond)
      await complete(api, await claimOne(api, { worker: 'w1' }), { ok: true })
      const b = await claimOne(api, { worker: 'w2', names: ['B'] })

      const { body } = await api.get<TaskPage>(`/processes/${process.id}/tasks`)
      expect(body.items).toMatchObject([
        { name: 'A', state: 'completed', needs: [], worker: 'w1', attempt: 1, output: { ok: true } },
        {
          name: 'B',
          state: 'claimed',
          needs: ['A'],
          worker: 'w2',
          attempt: 1,
          leaseExpiresAt: b.leaseExpiresAt,
        },
        { name: 'C', state: 'scheduled', needs: ['A'], attempt: 0 },
        { name: 'D', state: 'pending', needs: ['B', 'C'] },
      ])
      for (const task of body.items) expect((await api.get<Task>(`/tasks/${task.id}`)).body).toEqual(task)
    })

    test('its tasks can be asked for by state, and come in pages', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { ...diamond, E: [], F: [] })
      await complete(api, await claimOne(api, { names: ['A'] }))
      const names = async (query: string) => {
        const { body } = await api.get<TaskPage>(`/processes/${process.id}/tasks${query}`)
        return [body.items.map(({ name }) => name), body.nextCursor] as const
      }
      expect(await names('?state=scheduled')).toEqual([['B', 'C', 'E', 'F'], undefined])
      expect(await names('?state=pending')).toEqual([['D'], undefined])
      expect(await names('?state=failed')).toEqual([[], undefined])

      const seen: string[] = []
      for (let query = '?limit=2&state=scheduled'; ;) {
        const [page, next] = await names(query)
        seen.push(...page)
        if (next === undefined) break
        query = `?limit=2&state=scheduled&cursor=${next}`
      }
      expect(seen).toEqual(['B', 'C', 'E', 'F'])
    })

    test('its history tells what happened, in pages, and no secret', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: ['A'] }, { input: { n: 1 } })
      const a = await claimOne(api, { worker: 'w1' })
      await complete(api, a, [1])
      await complete(api, await claimOne(api, { worker: 'w2' }))

      const { body, text } = await api.get<HistoryPage>(`/processes/${process.id}/history`)
      expect(body).toEqual({
        items: [
          { version: 1, type: 'process-started', at: process.startedAt, input: { n: 1 } },
          {
            version: 2,
            type: 'task-completed',
            at: expect.any(String) as string,
            task: a.id,
            name: 'A',
            attempt: 1,
            worker: 'w1',
            scheduledAt: process.startedAt,
            claimedAt: expect.any(String) as string,
            output: [1],
          },
          expect.objectContaining({ version: 3, type: 'task-completed', name: 'B', worker: 'w2' }) as object,
        ],
      })
      expect(body.items[2]).not.toHaveProperty('output')
      expect(text).not.toContain(a.claim.split('.')[1])

      const first = await api.get<HistoryPage>(`/processes/${process.id}/history?limit=2`)
      expect(first.body).toEqual({ items: body.items.slice(0, 2), nextAfter: 2 })
      const rest = await api.get<HistoryPage>(`/processes/${process.id}/history?limit=2&after=2`)
      expect(rest.body).toEqual({ items: body.items.slice(2) })
      const beyond = await api.get<HistoryPage>(`/processes/${process.id}/history?after=9007199254740991`)
      expect(beyond.body).toEqual({ items: [] })
    })

    test('tasks of the names that objects have by nature are tasks like others', async () => {
      const { api } = await serveFresh()
      const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
      const process = await run(
        api,
        names.map((name, index) => [name, names.slice(0, index)] as const),
      )
      expect(await workOff(api, new Map(names.map((name) => [name, { [`from ${name}`]: name }])))).toEqual(
        names,
      )
      const { body } = await api.get<TaskPage>(`/processes/${process.id}/tasks`)
      expect(body.items.map(({ name, needs, output }) => [name, needs, output])).toEqual(
        names.map((name, index) => [name, names.slice(0, index), { [`from ${name}`]: name }]),
      )
    })
  })

  describe('cancelling', () => {
    test('ends it with the reason; what is on the board for it goes', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: [], C: ['A'] })
      const a = await claimOne(api, { names: ['A'] })
      const { status, body } = await api.post<Process>(`/processes/${process.id}/cancel`, {
        reason: 'not wanted',
      })
      expect(status).toBe(200)
      expect(body).toMatchObject({
        state: 'cancelled',
        reason: 'not wanted',
        progress: { counts: { pending: 0, scheduled: 0, claimed: 0, cancelled: 3 } },
      })
      expect(await board(api)).toEqual([])
      expect(await states(api, process)).toEqual({ A: 'cancelled', B: 'cancelled', C: 'cancelled' })
      expect(await api.post(`/tasks/${a.id}/complete`, { claim: a.claim })).toMatchObject({
        status: 409,
        body: { code: 'process-ended' },
      })
      const { body: history } = await api.get<HistoryPage>(`/processes/${process.id}/history`)
      expect(history.items.at(-1)).toMatchObject({ type: 'process-cancelled', reason: 'not wanted' })
    })

    test('again changes nothing and gives the same answer', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      const first = await api.post(`/processes/${process.id}/cancel`, { reason: 'first' })
      const second = await api.post(`/processes/${process.id}/cancel`, { reason: 'second' })
      expect(second.status).toBe(200)
      expect(second.body).toEqual(first.body)
    })

    test('what has ended otherwise cannot be cancelled', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      await workOff(api)
      expect(await api.post(`/processes/${process.id}/cancel`)).toMatchObject({
        status: 409,
        body: { code: 'process-ended' },
      })
      expect((await show(api, process)).state).toBe('completed')
    })
  })

  describe('destroying', () => {
    test('is refused while it runs, and leaves nothing once it has ended', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      const path = `/processes/${process.id}`
      expect(await api.delete(path)).toMatchObject({ status: 409, body: { code: 'process-running' } })
      expect((await api.get(path)).status).toBe(200)
      await workOff(api)
      const { status, text } = await api.delete(path)
      expect([status, text]).toEqual([204, ''])

      for (const gone of ['', '/tasks', '/history']) expect((await api.get(path + gone)).status).toBe(404)
      expect(await api.delete(path)).toMatchObject({ status: 404, body: { code: 'process-not-found' } })
      expect((await api.get<ProcessPage>('/processes')).body.items).toEqual([])
    })
  })

  test('what is not there is not found, whatever is asked of it', async () => {
    const { api } = await serveFresh()
    const notFound = { status: 404, body: { code: 'process-not-found' } }
    for (const path of ['', '/tasks', '/history']) {
      expect(await api.get(`/processes/${nobody}${path}`)).toMatchObject(notFound)
    }
    expect(await api.post(`/processes/${nobody}/cancel`)).toMatchObject(notFound)
    expect(await api.delete(`/processes/${nobody}`)).toMatchObject(notFound)
  })
})
