import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClaimedTask, ClaimedTasks, Process } from '@tunacorn/protocol'
import { openEmbedded, type EmbeddedDatabase } from '@tunacorn/postgres/embedded'
import { chanceSeed, isProof } from '../../../test/support/proof.js'
import type { Api, Reply } from './support/api.js'
import { exactly } from './support/exact.js'
import { serve, type Served } from './support/serve.js'
import { register } from './support/steps.js'
import { onEachStore } from './support/stores.js'

const runs = isProof ? 2_000 : 40
const names = ['A', '__proto__']

/** Texts that something on the way would like to change. */
const difficult = [
  '"\\u0000"',
  '{"\\u0000":"\\u0000"}',
  '"\\ud800"',
  '["\\udfff x","\\udc00\\ud800"]',
  '{"\\udead":1}',
  '9007199254740993',
  '-9007199254740993',
  '9007199254740993.0',
  '9007199254740993e0',
  '90071992547409930e-1',
  '1152921504606846976',
  '3e-324',
  '9007199254740992',
  '123456789012345678901234567890',
  '1e400',
  '-1e400',
  '1e-400',
  '[-0]',
  '-0.0',
  '{"a":-0e7}',
  '0e400',
  '1.0',
  '1E2',
  '5e-324',
  '1.7976931348623157e308',
  '0.1',
  '0.10000000000000001',
  '0.1000000000000000055511151231257827',
  '""',
  'null',
  '[]',
  '{}',
  '{"b":1,"a":2,"10":3,"9":4,"":5}',
  '{"__proto__":{"x":1},"constructor":{"prototype":2},"toString":3,"toJSON":4,"then":5}',
  '"\\u2028 \\ufeff \\u0041\\/é"',
  ' [ 1 ,\t2 ]\r\n',
  ...[63, 64, 65, 66, 5_000].map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`),
  `${'{"a":'.repeat(64)}1${'}'.repeat(64)}`,
]

/** Each must be refused: there is nothing equal that could come back. */
const impossible = ['{"a":1,"a":2}', '{"a":1,"\\u0061":1}', '[{"__proto__":1,"__proto__":2}]']

const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.bigInt(0n, 10n ** 20n),
    fc.option(fc.stringMatching(/^\d{1,18}$/)),
    fc.option(fc.integer({ min: -330, max: 310 })),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`,
  )

const string = fc
  .string({
    unit: fc
      .oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 34, 92, 0xd800, 0xdc00))
      .map((c) => String.fromCharCode(c)),
    maxLength: 12,
  })
  .map((text) => JSON.stringify(text))

const { anyText } = fc.letrec<{ anyText: string }>((tie) => ({
  anyText: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...difficult),
    number,
    string,
    fc.constantFrom('true', 'false', 'null'),
    fc.array(tie('anyText'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc
      .uniqueArray(fc.tuple(string, tie('anyText')), {
        maxLength: 3,
        selector: ([key]) => JSON.parse(key) as string,
      })
      .map((fields) => `{${fields.map(([key, value]) => `${key}:${value}`).join(',')}}`),
  ),
}))

const post = <Body>(api: Api, path: string, text: string) =>
  api.postText<Body>(path, text, 'application/json')

/** A refusal, or what is at this place of the answer. */
function refusalOr(reply: Reply<unknown>, expected: number): 'refused' | undefined {
  if (reply.status === expected) return undefined
  const { code } = reply.body as { code: string }
  expect([413, 422]).toContain(reply.status)
  expect(['payload-refused', 'too-large']).toContain(code)
  return 'refused'
}

/** What `text` became wherever it can be seen: as input, output, error, attribute. */
async function roundTrip(api: Api, text: string): Promise<{ path: string; seen: unknown }[] | 'refused'> {
  const started = await post<Process>(api, '/processes', `{"definition":"faithful","input":${text}}`)
  if (refusalOr(started, 201) !== undefined) return 'refused'
  const { id } = started.body
  const claim = async () => {
    const sent = JSON.stringify({ worker: 'w', process: id })
    const { body, text: answered } = await post<ClaimedTasks>(api, '/tasks/claim', sent)
    return { task: body.tasks[0] as ClaimedTask, seen: at(answered, 'tasks', 0) }
  }
  const a = await claim()
  expect(
    refusalOr(
      await post(api, `/tasks/${a.task.id}/complete`, `{"claim":"${a.task.claim}","output":${text}}`),
      200,
    ),
  ).toBeUndefined()
  const b = await claim()
  expect(
    refusalOr(
      await post(api, `/tasks/${b.task.id}/fail`, `{"claim":"${b.task.claim}","error":${text}}`),
      200,
    ),
  ).toBeUndefined()
  const process = await api.get(`/processes/${id}`)
  const history = await api.get(`/processes/${id}/history`)
  const attributes = await api.get(`/tasks/${b.task.id}/attributes`)
  const task = await api.get(`/tasks/${a.task.id}`)
  const looks: [path: string, seen: unknown][] = [
    ['start input', at(started.text, 'input')],
    ['claim input', step(a.seen, 'process', 'input')],
    // Large ones are left out of claims.
    ...(b.task.needs === undefined ? [] : [['claim need', step(b.seen, 'needs', 'A')] as [string, unknown]]),
    ['process input', at(process.text, 'input')],
    ['process error', at(process.text, 'error')],
    ['history input', at(history.text, 'items', 0, 'input')],
    ['history output', at(history.text, 'items', 1, 'output')],
    ['history error', at(history.text, 'items', 2, 'error')],
    ['needs', at(attributes.text, 'needs', 'A')],
    ['task output', at(task.text, 'output')],
  ]
  return looks.map(([path, seen]) => ({ path, seen }))
}

function at(text: string, ...steps: (string | number)[]): unknown {
  return step(exactly(text), ...steps)
}

function step(value: unknown, ...steps: (string | number)[]): unknown {
  return steps.reduce((part, key) => (part as Record<string | number, unknown>)[key], value)
}

async function expectFaithful(api: Api, text: string): Promise<void> {
  const found = await roundTrip(api, text)
  if (found === 'refused') return
  const sent = exactly(text)
  // As texts, for what objects have by nature misleads those who compare them.
  for (const { path, seen } of found)
    expect([path, JSON.stringify(seen)]).toEqual([path, JSON.stringify(sent)])
}

function onAllStores(define: (serveFresh: () => Promise<Served>) => void): void {
  onEachStore(define)
  describe('on PGlite', () => {
    let database: EmbeddedDatabase | undefined
    beforeAll(async () => {
      database = await openEmbedded()
    })
    afterAll(() => database?.close())
    define(() => serve({ database }))
  })
}

onAllStores((serveFresh) => {
  describe(`a payload (TUNACORN_SEED=${chanceSeed})`, () => {
    test(
      'comes back equal wherever it is shown, or is refused',
      { timeout: isProof ? 1_800_000 : 120_000 },
      async () => {
        const { api } = await serveFresh()
        await register(api, 'faithful', [
          ['A', []],
          ['__proto__', names.slice(0, 1)],
        ])
        for (const text of difficult) await expectFaithful(api, text)
        for (const text of impossible) expect(await roundTrip(api, text)).toBe('refused')
        await fc.assert(
          fc.asyncProperty(anyText, (text) => expectFaithful(api, text)),
          { seed: chanceSeed, numRuns: runs },
        )
      },
    )

    test(
      'of a megabyte comes back equal, and one of a byte more is refused everywhere',
      { timeout: 60_000 },
      async () => {
        const { api } = await serveFresh()
        await register(api, 'faithful', [
          ['A', []],
          ['__proto__', names.slice(0, 1)],
        ])
        const largest = `"${'€'.repeat(349_524)}xx"`
        expect(Buffer.byteLength(largest)).toBe(1024 * 1024)
        await expectFaithful(api, largest)
        const larger = largest.replace('xx', 'xxx')
        expect(await roundTrip(api, larger)).toBe('refused')
        const { body } = await post<Process>(api, '/processes', '{"definition":"faithful"}')
        const { body: claimed } = await post<ClaimedTasks>(
          api,
          '/tasks/claim',
          `{"worker":"w","process":"${body.id}"}`,
        )
        const [{ id, claim } = { id: '', claim: '' }] = claimed.tasks
        const tooLarge = { status: 413, body: { code: 'too-large' } }
        expect(
          await post(api, `/tasks/${id}/complete`, `{"claim":"${claim}","output":${larger}}`),
        ).toMatchObject(tooLarge)
        expect(await post(api, `/tasks/${id}/fail`, `{"claim":"${claim}","error":${larger}}`)).toMatchObject(
          tooLarge,
        )
        const results = `{"worker":"w","max":0,"results":[{"task":"${id}","claim":"${claim}","output":${larger}}]}`
        expect(await post(api, '/tasks/claim', results)).toMatchObject({
          body: { results: [{ status: 413, code: 'too-large' }] },
        })
      },
    )
  })
})
