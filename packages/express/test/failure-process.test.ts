import type { Process, ProcessPage } from '@tunacorn/protocol'
import { describe, expect, test, vi } from 'vitest'
import type { Api } from './support/api.js'
import {
  claimAll,
  claimOne,
  complete,
  fail,
  historyOf,
  register,
  show,
  start,
  workOff,
} from './support/steps.js'
import { onEachStore } from './support/stores.js'

/** `main`, and `undo` that cleans up after it. */
async function registered(api: Api, failureProcess: unknown = 'undo', rest: object = {}): Promise<void> {
  await register(api, 'undo', { Undo: [] })
  await register(api, 'main', { A: [], B: ['A'], C: ['B'] }, { failureProcess, ...rest })
}

const followed = async (api: Api, process: { id: string }): Promise<Process | undefined> => {
  const { failureProcess } = await show(api, process)
  return failureProcess === undefined ? undefined : show(api, { id: failureProcess })
}

interface Refused {
  readonly code: string
  readonly problems: readonly object[]
}

onEachStore((serveFresh) => {
  describe('a process that fails', () => {
    test('is followed by one that cleans up, which knows what went wrong; both show each other', async () => {
      const { api } = await serveFresh()
      await registered(api)
      const process = await start(api, 'main', { input: { n: 1 }, priority: 7 })
      await complete(api, await claimOne(api), { made: 'A' })
      const waiting = claimOne(api, { names: ['Undo'], wait: '30s' })
      await fail(api, await claimOne(api, { names: ['B'] }), { message: 'broken' })
      const undo = await waiting

      const child = await followed(api, process)
      expect(child).toMatchObject({
        id: undo.process.id,
        definition: 'undo',
        definitionVersion: 1,
        state: 'running',
        version: 1,
        priority: 7,
        failureOf: process.id,
        input: {
          process: process.id,
          definition: 'main',
          version: 1,
          input: { n: 1 },
          failedTask: 'B',
          error: { message: 'broken' },
          outputs: { A: { made: 'A' } },
        },
      })
      expect(child).not.toHaveProperty('key')
      // Both are kept at the same place.
      expect(child?.id.slice(-4)).toBe(process.id.slice(-4))
      expect(undo.process.input).toEqual(child?.input)
      const { items } = (await api.get<ProcessPage>('/processes')).body
      expect(items.map(({ failureOf, failureProcess }) => [failureOf, failureProcess])).toEqual([
        [process.id, undefined],
        [undefined, child?.id],
      ])
      await complete(api, undo)
      expect([(await show(api, process)).state, (await followed(api, process))?.state]).toEqual([
        'failed',
        'completed',
      ])
    })

    test('is followed by one, however often the failure is reported', async () => {
      const { api } = await serveFresh()
      await registered(api)
      await start(api, 'main')
      const a = await claimOne(api)
      await Promise.all(Array.from({ length: 5 }, () => fail(api, a)))
      expect((await api.get<ProcessPage>('/processes?definition=undo')).body.items).toHaveLength(1)
    })

    test('is followed by another one when it is retried and fails again', async () => {
      const { api } = await serveFresh()
      await registered(api)
      const process = await start(api, 'main')
      await fail(api, await claimOne(api))
      const first = await followed(api, process)
      await api.post(`/processes/${process.id}/retry`)
      await fail(api, await claimOne(api, { names: ['A'] }))
      const second = await followed(api, process)
      expect(second?.id).not.toBe(first?.id)
      expect([first?.failureOf, second?.failureOf]).toEqual([process.id, process.id])
      const events = await historyOf(api, process)
      expect(events.map(({ type, failureProcess }) => [type, failureProcess])).toEqual([
        ['process-started', undefined],
        ['task-failed', first?.id],
        ['process-retried', undefined],
        ['task-failed', second?.id],
      ])
    })

    test('by its deadline is followed as well', async () => {
      const { api, router } = await serveFresh()
      await registered(api, 'undo', { timeout: '100ms' })
      const process = await start(api, 'main')
      await vi.waitFor(
        async () => {
          await router.engine.keepTime()
          expect(await followed(api, process)).toMatchObject({ definition: 'undo' })
        },
        { timeout: 10_000 },
      )
      expect((await followed(api, process))?.input).toMatchObject({ process: process.id, timedOut: true })
    })

    test('because nobody was there for it is followed as well, and the cause is said', async () => {
      const { api, router } = await serveFresh()
      await registered(api, 'undo', { defaults: { scheduleTimeout: '50ms' } })
      const process = await start(api, 'main')
      await vi.waitFor(
        async () => {
          await router.engine.keepTime()
          expect(await followed(api, process)).toMatchObject({ input: { failedTask: 'A' } })
        },
        { timeout: 10_000 },
      )
      expect((await followed(api, process))?.input).toMatchObject({ error: { message: 'not-claimed' } })
    })
  })

  describe('a process that is cancelled', () => {
    test('is followed only where the definition says so', async () => {
      const { api } = await serveFresh()
      for (const [failureProcess, count] of [
        ['undo', 0],
        [{ name: 'undo', on: ['failed', 'cancelled'] }, 1],
        [{ name: 'undo', on: ['cancelled'] }, 1],
      ] as const) {
        await registered(api, failureProcess)
        const process = await start(api, 'main')
        await api.post(`/processes/${process.id}/cancel`, { by: 'Ada' })
        expect([failureProcess, Number((await followed(api, process)) !== undefined)]).toEqual([
          failureProcess,
          count,
        ])
      }
    })

    test('tells the one that cleans up who wanted it and why', async () => {
      const { api } = await serveFresh()
      await registered(api, { name: 'undo', on: ['failed', 'cancelled'] })
      for (const grounds of [{ by: 'Ada', reason: 'She has changed her mind' }, { by: 'Ada' }, {}]) {
        const process = await start(api, 'main', { input: 1 })
        await api.post(`/processes/${process.id}/cancel`, grounds)
        expect((await followed(api, process))?.input).toEqual({
          process: process.id,
          definition: 'main',
          version: 1,
          input: 1,
          cancelled: true,
          ...grounds,
          outputs: {},
        })
      }
      const process = await start(api, 'main')
      await fail(api, await claimOne(api, { names: ['A'] }))
      expect((await followed(api, process))?.input).not.toHaveProperty('cancelled')
    })

    test('and was to be followed only then, is not when it fails', async () => {
      const { api } = await serveFresh()
      await registered(api, { name: 'undo', on: ['cancelled'] })
      const process = await start(api, 'main')
      await fail(api, await claimOne(api))
      expect(await followed(api, process)).toBeUndefined()
    })
  })

  test('one that cleans up has none that cleans up after it', async () => {
    const { api } = await serveFresh()
    await register(api, 'last', { Last: [] })
    await register(api, 'undo', { Undo: [] }, { failureProcess: 'last' })
    await register(api, 'main', { A: [] }, { failureProcess: 'undo' })
    const process = await start(api, 'main')
    await fail(api, await claimOne(api))
    await fail(api, await claimOne(api))
    const child = await followed(api, process)
    expect(child?.state).toBe('failed')
    expect(child).not.toHaveProperty('failureProcess')
    // By itself, it has.
    const alone = await start(api, 'undo')
    await fail(api, await claimOne(api))
    expect(await followed(api, alone)).toMatchObject({ definition: 'last' })
  })

  test('with outputs that are too large altogether, it is started without them', async () => {
    const { api } = await serveFresh()
    await registered(api)
    const process = await start(api, 'main')
    const large = 'x'.repeat(600 * 1024)
    await workOff(
      api,
      new Map([
        ['A', large],
        ['B', large],
      ]),
      ['A', 'B'],
    )
    await fail(api, await claimOne(api))
    const child = await followed(api, process)
    expect(child?.input).toMatchObject({ failedTask: 'C', error: 'broken', leftOut: ['outputs'] })
    expect(child?.input).not.toHaveProperty('outputs')
  })

  describe('a failure can be reported, and is followed,', () => {
    const kilobytes = (count: number) => 'x'.repeat(count * 1024)
    const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown

    /** A process of which A is completed and B fails, as far as the one that cleans up hears of it. */
    async function told(
      api: Api,
      { input, output, error }: { input?: unknown; output?: unknown; error: unknown },
    ): Promise<Record<string, unknown>> {
      await registered(api)
      const process = await start(api, 'main', { input })
      await complete(api, await claimOne(api), output)
      expect((await fail(api, await claimOne(api), error)).state).toBe('failed')
      return (await followed(api, process))?.input as Record<string, unknown>
    }

    test('with an error that leaves no room: its message is told, cut short', async () => {
      const { api } = await serveFresh()
      const error = 'x'.repeat(1_048_500)
      expect(await told(api, { input: { n: 1 }, output: 2, error })).toMatchObject({
        input: { n: 1 },
        outputs: { A: 2 },
        failedTask: 'B',
        error: { message: 'x'.repeat(1000) },
        leftOut: ['error'],
      })
    })

    test('with an error whose details leave no room: its message is told', async () => {
      const { api } = await serveFresh()
      const error = { message: 'No such customer', details: kilobytes(1020) }
      expect(await told(api, { input: kilobytes(10), error })).toMatchObject({
        error: { message: 'No such customer' },
        leftOut: ['error'],
      })
    })

    test('with an error of which nobody knows what to tell', async () => {
      const { api } = await serveFresh()
      const input = await told(api, { input: kilobytes(10), error: [kilobytes(1020)] })
      expect(input).toMatchObject({ failedTask: 'B', leftOut: ['error'] })
      expect(input).not.toHaveProperty('error')
    })

    test('with all of it too large: what is largest is left out first, and no more than must be', async () => {
      const { api } = await serveFresh()
      for (const [sizes, leftOut] of [
        [[500, 300, 400], ['outputs']],
        [[500, 600, 400], ['input']],
        [[300, 400, 500], ['error']],
        [
          [900, 900, 1000],
          ['outputs', 'error'],
        ],
        [
          [100, 1020, 1020],
          ['input', 'error'],
        ],
      ] as const) {
        const [outputs, input, error] = sizes
        const said = { output: kilobytes(outputs), input: kilobytes(input), error: kilobytes(error) }
        expect((await told(api, said))['leftOut']).toEqual(leftOut)
        await workOff(api)
      }
    })

    test('with values nested as deep as may be', async () => {
      const { api } = await serveFresh()
      const input = await told(api, { input: nested(64), output: nested(63), error: nested(63) })
      expect(input).toMatchObject({ failedTask: 'B', error: nested(63), leftOut: ['outputs', 'input'] })
      await workOff(api)
      expect(await told(api, { error: nested(64) })).toMatchObject({ leftOut: ['error'] })
    })
  })

  describe('a definition', () => {
    test.each(['/definitions', '/definitions/validate'])(
      'that is not known is refused by %s at its place, with the name that was probably meant',
      async (path) => {
        const { api } = await serveFresh()
        await register(api, 'undo-loan', { A: [] })
        const problemsOf = async (text: string) => {
          const { status, body } = await api.postText<Refused>(path, text, 'application/yaml')
          expect([status, body.code]).toEqual([422, 'definition-invalid'])
          return body.problems
        }
        const text = 'name: main\ntasks: [{ name: A }]\n'
        expect(await problemsOf(`${text}failureProcess: undo-laon\n`)).toEqual([
          {
            code: 'unknown-failure-process',
            message:
              'Expected the name of a registered definition, but there is no definition "undo-laon". ' +
              'Register it first, or correct the name. Did you mean "undo-loan"?',
            pointer: '/failureProcess',
            line: 3,
            column: 17,
            suggestion: 'undo-loan',
          },
        ])
        const [other, ...more] = await problemsOf(
          `${text}failureProcess:\n  on: [failed]\n  name: nothing like it\n`,
        )
        expect(more).toEqual([])
        expect(other).toMatchObject({ pointer: '/failureProcess/name', line: 5, column: 9 })
        expect(other).not.toHaveProperty('suggestion')
        // Nobody has meant the definition itself.
        expect(
          (await problemsOf('name: mein\ntasks: [{ name: A }]\nfailureProcess: main\n'))[0],
        ).not.toHaveProperty('suggestion')
        expect((await api.get('/definitions/main')).status).toBe(404)
      },
    )

    test.each(['/definitions', '/definitions/validate'])(
      'that leads back to itself by way of others is refused by %s at its place',
      async (path) => {
        const { api } = await serveFresh()
        await register(api, 'a', { A: [] })
        await register(api, 'b', { A: [] }, { failureProcess: 'a' })
        await register(api, 'c', { A: [] }, { failureProcess: 'b' })
        const text = 'name: a\nfailureProcess: { name: c }\ntasks: [{ name: A }]\n'
        expect(await api.postText(path, text, 'application/yaml')).toMatchObject({
          status: 422,
          body: {
            code: 'definition-invalid',
            problems: [
              {
                code: 'failure-process-cycle',
                message: expect.stringContaining('a → c → b → a') as string,
                pointer: '/failureProcess/name',
                line: 2,
                column: 25,
              },
            ],
          },
        })
        expect((await api.get('/definitions/a')).body).not.toHaveProperty('failureProcess')
      },
    )

    test('is looked for by validate also when the definition has no name, or is large', async () => {
      const { api } = await serveFresh()
      const tasks = Array.from(
        { length: 5_000 },
        (_, index) => `  - name: a task with a long name, ${index}\n`,
      )
      const text = `tasks:\n${tasks.join('')}failureProcess: undo\n`
      const validate = () => api.postText('/definitions/validate', text, 'application/yaml')
      expect(await validate()).toMatchObject({
        status: 422,
        body: { problems: [{ code: 'unknown-failure-process', line: 5_002, column: 17 }] },
      })
      await register(api, 'undo', { A: [] })
      expect(await validate()).toMatchObject({ status: 200, body: { valid: true } })
    })

    test('that others name stays: its last version cannot be removed', async () => {
      const { api } = await serveFresh()
      await registered(api)
      await register(api, 'undo', { Undo: [], More: [] })
      expect((await api.delete('/definitions/undo/versions/1')).status).toBe(204)
      expect(await api.delete('/definitions/undo/versions/2')).toMatchObject({
        status: 409,
        body: { code: 'definition-in-use', detail: expect.stringContaining('"main"') as string },
      })
      expect((await api.delete('/definitions/main/versions/1')).status).toBe(204)
      expect((await api.delete('/definitions/undo/versions/2')).status).toBe(204)
    })

    test('by which a process cleans up cannot be removed before that process is', async () => {
      const { api } = await serveFresh()
      await registered(api)
      const process = await start(api, 'main')
      await fail(api, await claimOne(api))
      await workOff(api)
      await register(api, 'undo', { Undo: [], More: [] })
      expect(await api.delete('/definitions/undo/versions/1')).toMatchObject({ status: 409 })
      // The one can be destroyed without the other.
      const child = await followed(api, process)
      expect((await api.delete(`/processes/${process.id}`)).status).toBe(204)
      expect(await show(api, { id: child?.id ?? '' })).toMatchObject({ failureOf: process.id })
      expect((await historyOf(api, { id: child?.id ?? '' })).map(({ type }) => type)).toEqual([
        'process-started',
        'task-completed',
      ])
      expect(await claimAll(api)).toEqual([])
    })
  })
})
