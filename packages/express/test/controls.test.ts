import type { ClaimedTasks, Process, Task } from '@tunacorn/protocol'
import { describe, expect, test } from 'vitest'
import type { Api } from './support/api.js'
import { exchange, type RawRequest } from './support/raw.js'
import {
  board,
  claimAll,
  claimOne,
  complete,
  fail,
  historyOf,
  register,
  run,
  show,
  start,
  states,
  workOff,
} from './support/steps.js'
import { onEachStore } from './support/stores.js'

const nobody = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'
const grounds = { by: 'Ada', reason: 'The customer has changed her mind' }
const verbs = ['cancel', 'pause', 'resume', 'retry'] as const

type Verb = (typeof verbs)[number]

const control = (api: Api, { id }: { id: string }, verb: Verb, body: object = grounds) =>
  api.post<Process & { code?: string; detail?: string }>(`/processes/${id}/${verb}`, body)

/** A process in each of the states that there are. */
const inState: Readonly<Record<Process['state'], (api: Api) => Promise<Process>>> = {
  running: (api) => run(api, { A: [] }),
  async paused(api) {
    const process = await run(api, { A: [] })
    await control(api, process, 'pause', {})
    return process
  },
  async completed(api) {
    const process = await run(api, { A: [] })
    await workOff(api)
    return process
  },
  async failed(api) {
    const process = await run(api, { A: [] })
    await fail(api, await claimOne(api))
    return process
  },
  async cancelled(api) {
    const process = await run(api, { A: [] })
    await control(api, process, 'cancel', {})
    return process
  },
}

/** What each command comes to: the state afterwards, whether anything happened; or the code that it is refused with. */
const outcomes: readonly (readonly [Process['state'], Verb, string])[] = [
  ['running', 'cancel', 'then cancelled'],
  ['running', 'pause', 'then paused'],
  ['running', 'resume', 'still running'],
  ['running', 'retry', 'process-running'],
  ['paused', 'cancel', 'then cancelled'],
  ['paused', 'pause', 'still paused'],
  ['paused', 'resume', 'then running'],
  ['paused', 'retry', 'process-running'],
  ['completed', 'cancel', 'process-ended'],
  ['completed', 'pause', 'process-ended'],
  ['completed', 'resume', 'process-ended'],
  ['completed', 'retry', 'process-ended'],
  ['failed', 'cancel', 'process-ended'],
  ['failed', 'pause', 'process-ended'],
  ['failed', 'resume', 'process-ended'],
  ['failed', 'retry', 'then running'],
  ['cancelled', 'cancel', 'still cancelled'],
  ['cancelled', 'pause', 'process-ended'],
  ['cancelled', 'resume', 'process-ended'],
  ['cancelled', 'retry', 'process-ended'],
]

const events = {
  cancel: 'process-cancelled',
  pause: 'process-paused',
  resume: 'process-resumed',
  retry: 'process-retried',
} as const

onEachStore((serveFresh) => {
  describe('a control', () => {
    test.each(outcomes)('of a process that is %s: %s → %s', async (state, verb, outcome) => {
      const { api } = await serveFresh()
      const process = await inState[state](api)
      const before = await show(api, process)
      expect(before.state).toBe(state)
      const { status, body } = await control(api, process, verb)

      const [how, then] = outcome.split(' ')
      if (then === undefined) {
        expect([status, body.code]).toEqual([409, outcome])
        // It says why not.
        expect(body.detail).toContain(` ${state}`)
        expect(await show(api, process)).toEqual(before)
        return
      }
      expect([status, body.state]).toEqual([200, then])
      expect(body).toEqual(await show(api, process))
      expect(body.version).toBe(before.version + (how === 'then' ? 1 : 0))
      const last = (await historyOf(api, process)).at(-1)
      if (how === 'then') expect(last).toMatchObject({ type: events[verb], ...grounds })
      else expect(last).not.toHaveProperty('by')
    })

    test.each(verbs)('%s of what is not there is not found', async (verb) => {
      const { api } = await serveFresh()
      expect(await control(api, { id: nobody }, verb)).toMatchObject({
        status: 404,
        body: { code: 'process-not-found' },
      })
    })

    test('may come without who and why, or with one of both', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      await control(api, process, 'pause', {})
      await control(api, process, 'resume', { by: 'Ada' })
      await control(api, process, 'cancel', { reason: 'Größe 🐟' })
      const said = (await historyOf(api, process))
        .slice(1)
        .map(({ version: _version, at: _at, ...rest }) => rest)
      expect(said).toEqual([
        { type: 'process-paused' },
        { type: 'process-resumed', by: 'Ada' },
        { type: 'process-cancelled', reason: 'Größe 🐟' },
      ])
      expect(await show(api, process)).toMatchObject({ state: 'cancelled', reason: 'Größe 🐟' })
    })

    test('of many at once happens once', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      for (const verb of ['pause', 'resume', 'cancel'] as const) {
        const answers = await Promise.all(Array.from({ length: 5 }, () => control(api, process, verb)))
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
      }
      expect((await historyOf(api, process)).map(({ type }) => type)).toEqual([
        'process-started',
        'process-paused',
        'process-resumed',
        'process-cancelled',
      ])
    })
  })

  describe('a command to a process', () => {
    test('needs no body: none says as much as an empty object', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      const command = async (path: string, sent: RawRequest) =>
        (await exchange(api.url, `/processes/${process.id}/${path}`, sent)).status
      // No length, a length of 0, no length but a type, a type without a body, an empty body in chunks.
      expect(await command('pause', {})).toBe(200)
      expect(await command('resume', { headers: { 'content-length': 0 } })).toBe(200)
      expect(await command('pause', { headers: { 'content-type': 'application/json' } })).toBe(200)
      const json = { 'content-type': 'application/json', 'content-length': 0 }
      expect(await command('resume', { headers: json })).toBe(200)
      expect(await command('cancel', { body: [], headers: { 'transfer-encoding': 'chunked' } })).toBe(200)
      expect(await command('retry', {})).toBe(409)
      expect(await command('cancel', { body: '{}' })).toBe(415)
      const history = await historyOf(api, process)
      expect(history.map(({ type }) => type)).toEqual([
        'process-started',
        'process-paused',
        'process-resumed',
        'process-paused',
        'process-resumed',
        'process-cancelled',
      ])
      expect(history.at(-1)).not.toHaveProperty('by')
    })
  })

  describe('a process that is paused', () => {
    test('hands out nothing, lets what is held be finished, and shows that it is', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: [], C: ['A'] })
      const a = await claimOne(api, { names: ['A'] })
      await control(api, process, 'pause')
      expect(await claimAll(api)).toEqual([])
      expect(await api.post(`/tasks/${process.id}.1/claim`, { worker: 'w' })).toMatchObject({
        status: 409,
        body: {
          code: 'task-not-claimable',
          detail: `Task "B" (${process.id}.1) is scheduled, but its process is paused: it can be claimed once that is resumed.`,
        },
      })
      expect((await api.post(`/tasks/${a.id}/heartbeat`, { claim: a.claim })).status).toBe(200)
      expect((await complete(api, a)).state).toBe('completed')
      // What it made active is on the board, but not to be had.
      expect(await states(api, process)).toEqual({ A: 'completed', B: 'scheduled', C: 'scheduled' })
      expect(await claimAll(api)).toEqual([])

      const waiting = api.post<ClaimedTasks>('/tasks/claim', { worker: 'w', wait: '30s', max: 2 })
      await control(api, process, 'resume')
      const first = (await waiting).body.tasks.map(({ name }) => name)
      const rest = (await claimAll(api)).map(({ name }) => name)
      expect([...first, ...rest].toSorted()).toEqual(['B', 'C'])
    })

    test('says so of its tasks on the board', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      const task = async () => (await api.get<Task>(`/tasks/${process.id}.0`)).body
      expect((await task()).isPaused).toBe(false)
      await control(api, process, 'pause')
      expect((await task()).isPaused).toBe(true)
      await control(api, process, 'resume')
      expect((await task()).isPaused).toBe(false)
    })

    test('has a deadline that is later by the pause', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] }, {}, { timeout: '1h' })
      expect(Date.parse(process.deadline) - Date.parse(process.startedAt)).toBe(3_600_000)
      const { body: paused } = await control(api, process, 'pause')
      expect(paused.deadline).toBe(process.deadline)
      await new Promise((resolve) => setTimeout(resolve, 50))
      const { body: resumed } = await control(api, process, 'resume')
      const [, from, to] = (await historyOf(api, process)).map(({ at }) => Date.parse(at))
      const pauseMs = (to ?? 0) - (from ?? 0)
      // Shown to the millisecond, kept to the microsecond.
      const laterMs = Date.parse(resumed.deadline) - Date.parse(process.deadline)
      expect(Math.abs(laterMs - pauseMs)).toBeLessThanOrEqual(1)
    })

    test('can be listed', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [] })
      await control(api, process, 'pause')
      const { body } = await api.get<{ items: Process[] }>('/processes?state=paused')
      expect(body.items.map(({ id }) => id)).toEqual([process.id])
    })
  })

  describe('a failed process that is retried', () => {
    test('goes on where it was: what is completed stays so, the rest is open with fresh attempts', async () => {
      const { api } = await serveFresh()
      const process = await run(api, { A: [], B: ['A'], C: ['A'], D: ['B', 'C'] })
      await complete(api, await claimOne(api), { a: 1 })
      const tasks = await claimAll(api)
      const [b, c] = ['B', 'C'].map((name) => tasks.find((task) => task.name === name))
      if (b === undefined || c === undefined) throw new Error('Expected B and C')
      await fail(api, b)
      expect(await show(api, process)).toMatchObject({ state: 'failed', failedTask: 'B', cause: 'reported' })
      const { body: list } = await api.get<{ items: Process[] }>('/processes?state=failed')
      expect(list.items[0]?.progress).toEqual({ percent: 50, total: 4, finished: 2, failed: 1 })

      const { body } = await control(api, process, 'retry')
      expect(body).toMatchObject({ state: 'running', progress: { finished: 1, counts: { failed: 0 } } })
      for (const field of ['endedAt', 'failedTask', 'error', 'cause', 'progress.failed'])
        expect(body).not.toHaveProperty(field)
      expect(Date.parse(body.deadline)).toBeGreaterThan(Date.parse(process.deadline))
      expect(await states(api, process)).toEqual({
        A: 'completed',
        B: 'scheduled',
        C: 'scheduled',
        D: 'pending',
      })
      // Who held a task when it failed holds nothing any more.
      expect(await api.post(`/tasks/${c.id}/complete`, { claim: c.claim })).toMatchObject({
        status: 409,
        body: { code: 'claim-lost' },
      })
      const again = await claimAll(api)
      expect(new Map(again.map(({ name, attempt }) => [name, attempt]))).toEqual(
        new Map([
          ['B', 1],
          ['C', 1],
        ]),
      )
      for (const task of again) await complete(api, task)
      const d = await claimOne(api)
      expect(d.attributes).toEqual({ a: 1 })
      await complete(api, d)
      expect((await show(api, process)).state).toBe('completed')
    })

    test('is refused when another has its key by now, and says which', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const failed = await start(api, 'a', { key: 'order-1' })
      await fail(api, await claimOne(api))
      const other = await start(api, 'a', { key: 'order-1' })
      expect(await control(api, failed, 'retry')).toMatchObject({
        status: 409,
        body: { code: 'key-taken', process: other.id },
      })
      await control(api, other, 'cancel')
      expect((await control(api, failed, 'retry')).body).toMatchObject({ state: 'running', key: 'order-1' })
      expect(await board(api)).toEqual(['A'])
    })
  })
})
