import type { DefinitionPage, HistoryPage, ProcessPage, TaskPage } from '@tunacorn/protocol'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Api, Problem } from './support/api.js'
import { exchange, open } from './support/raw.js'
import { serve } from './support/serve.js'
import { claimOne, register, run } from './support/steps.js'
import { onEachStore, type ServeFresh } from './support/stores.js'

const json = { 'content-type': 'application/json' }
const nobody = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'
const claim = '1.AAAAAAAAAAAAAAAAAAAAAA'
const start = { definition: 'under-test' }
const megabyte = 'x'.repeat(1024 * 1024)

/** Where each field stands that was wrong, as `body/max`, `query limit`, `path id`. */
const places = ({ errors = [] }: Problem) =>
  errors.map(({ in: place, pointer }) => (place === 'body' ? `body${pointer}` : `${place} ${pointer}`))

/** A world with one of each, and a check, when the test has finished, that it is as it was. */
async function unchangedWorld(serveFresh: ServeFresh): Promise<{ api: Api; process: string }> {
  const { api, log } = await serveFresh()
  const process = await run(api, { A: [], B: ['A'] }, { input: 1 })
  await claimOne(api)
  const look = async () => [
    (await api.get<DefinitionPage>('/definitions')).body,
    (await api.get<ProcessPage>('/processes')).body,
    (await api.get<TaskPage>('/tasks')).body,
    (await api.get<HistoryPage>(`/processes/${process.id}/history`)).body,
  ]
  const before = await look()
  onTestFinished(async () => {
    expect(await look()).toEqual(before)
    expect(log.complaints()).toEqual([])
  })
  return { api, process: process.id }
}

const controls = ['cancel', 'pause', 'resume', 'retry'].map((control) => `/processes/${nobody}/${control}`)
/** They may be asked without a body. */
const isControl = (path: string) => controls.includes(path)

const jsonOperations = [
  '/processes',
  '/processes/batch',
  ...controls,
  '/tasks/claim',
  '/tasks/heartbeat',
  `/tasks/${nobody}.0/claim`,
  `/tasks/${nobody}.0/complete`,
  `/tasks/${nobody}.0/fail`,
  `/tasks/${nobody}.0/heartbeat`,
  `/tasks/${nobody}.0/release`,
]

describe('a body that cannot be read', () => {
  test.each(jsonOperations)('is refused by %s when it is not JSON', async (path) => {
    const { api } = await unchangedWorld(serve)
    for (const text of [
      ...(isControl(path) ? [] : ['']),
      '{',
      '{"a":1,}',
      "{'a':1}",
      'undefined',
      '{"a":1}{',
      '\u0000',
      'NaN',
      '{"a":01}',
    ]) {
      expect(await api.postText(path, text, 'application/json')).toMatchObject({
        status: 400,
        body: { code: 'malformed-json' },
      })
    }
  })

  test.each(jsonOperations)('is refused by %s when it is no object', async (path) => {
    const { api } = await unchangedWorld(serve)
    for (const value of [null, 1, 'text', [], [{}], true]) {
      const { status, body } = await api.post(path, value)
      expect([status, body.code, places(body)]).toEqual([400, 'invalid-request', ['body']])
      expect(body.errors?.[0]?.message).toBe('must be object')
    }
  })

  test.each(jsonOperations)('is refused by %s when it is of another type, or of none', async (path) => {
    const { api } = await unchangedWorld(serve)
    const refused = { status: 415, body: { code: 'unsupported-media-type' } }
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/yaml',
      'json',
      'application/',
    ]) {
      expect(await exchange(api.url, path, { body: '{}', headers: { 'content-type': type } })).toMatchObject(
        refused,
      )
    }
    expect(await exchange(api.url, path, { body: '{}' })).toMatchObject(refused)
    if (!isControl(path)) expect(await exchange(api.url, path, {})).toMatchObject(refused)
  })

  test('is taken as JSON of any kind, in UTF-8, however that is written', async () => {
    const { api } = await serve()
    await register(api, 'under-test', { A: [] })
    for (const type of [
      'application/json; charset=utf-8',
      'application/json;charset=UTF-8',
      'application/json; charset="utf8"',
      'APPLICATION/JSON',
      'application/vnd.acme+json',
    ]) {
      const body = JSON.stringify(start)
      expect(
        (await exchange(api.url, '/processes', { body, headers: { 'content-type': type } })).status,
      ).toBe(201)
    }
  })

  test('is refused when it is in another character set, or not in UTF-8 at all', async () => {
    const { api } = await unchangedWorld(serve)
    for (const charset of ['latin1', 'utf-16', 'iso-8859-1', '"us-ascii"']) {
      expect(await api.postText('/processes', '{}', `application/json; charset=${charset}`)).toMatchObject({
        status: 415,
        body: { code: 'unsupported-media-type', detail: expect.stringContaining('UTF-8') as string },
      })
    }
    const bytes = Buffer.from('{"definition":"ü"}', 'latin1')
    for (const path of ['/processes', '/definitions']) {
      expect(await exchange(api.url, path, { body: bytes, headers: json })).toMatchObject({
        status: 400,
        body: { code: 'malformed-json', detail: expect.stringContaining('UTF-8') as string },
      })
    }
  })

  test('is refused when it is compressed', async () => {
    const { api } = await unchangedWorld(serve)
    for (const encoding of ['gzip', 'deflate', 'br', 'gzip, gzip', 'nonsense']) {
      const body = gzipSync(JSON.stringify(start))
      const headers = { ...json, 'content-encoding': encoding }
      expect(await exchange(api.url, '/processes', { body, headers })).toMatchObject({
        status: 415,
        body: { code: 'unsupported-media-type' },
      })
    }
  })

  test('is refused before it is read when it says that it is too large', async () => {
    const { api } = await unchangedWorld(serve)
    const headers = { ...json, 'content-length': 4 * 1024 * 1024 + 1 }
    const asked = open(api.url, '/processes', { headers })
    asked.on('error', () => {})
    asked.flushHeaders()
    const status = await new Promise((resolve) =>
      asked.on('response', ({ statusCode }) => resolve(statusCode)),
    )
    expect(status).toBe(413)
    asked.destroy()
  })

  test('is refused as soon as it becomes too large when it does not say how large it is', async () => {
    const { api } = await unchangedWorld(serve)
    const body = Array.from({ length: 5 }, () => megabyte)
    expect(await exchange(api.url, '/processes', { body, headers: json })).toMatchObject({
      status: 413,
      body: { code: 'too-large' },
    })
    expect(
      await exchange(api.url, '/definitions', { body, headers: { 'content-type': 'text/yaml' } }),
    ).toMatchObject({
      status: 413,
    })
  })

  test('that breaks off is nobody’s fault here', async () => {
    const { api } = await unchangedWorld(serve)
    for (const path of ['/processes', '/definitions']) {
      const asked = open(api.url, path, { headers: { ...json, 'content-length': 1000 } })
      asked.on('error', () => {})
      asked.write('{"definition":')
      await new Promise((resolve) => setImmediate(resolve))
      asked.destroy()
    }
    expect((await api.get<object>('/livez')).status).toBe(200)
  })

  test('with numbers that would become others is refused', async () => {
    const { api } = await unchangedWorld(serve)
    for (const number of [
      '12345678901234567890',
      '9007199254740993',
      '-9007199254740993',
      '9007199254740993.0',
      '9007199254740993e0',
      '90071992547409930e-1',
      '1152921504606846976',
      '3e-324',
      '1e400',
      '-1E+999',
      '1e-999',
      '0.1000000000000000055511151231257827',
      '-0',
      '-0.0',
      '-0e5',
    ]) {
      const text = `{"definition":"under-test","input":[{"n":${number}}]}`
      expect(await api.postText('/processes', text, 'application/json')).toMatchObject({
        status: 422,
        body: { code: 'payload-refused', detail: expect.stringContaining(number.slice(0, 20)) as string },
      })
    }
  })

  test('with numbers that stay as they are is taken, and so are digits in text', async () => {
    const { api } = await serve()
    await register(api, 'under-test', { A: [] })
    for (const input of [
      '9007199254740992',
      '12345678901234567000',
      '1e21',
      '0.30000000000000004',
      '0.10000000000000001',
      '-0.0000000000000000001',
      '0.000000000000000000000',
      '0e5',
      '1.7976931348623157e308',
      '5e-324',
      '"12345678901234567890"',
      '"\\"1e999\\\\"',
      '{"12345678901234567890":"a\\\\\\"9007199254740993"}',
    ]) {
      const text = `{"definition":"under-test","input":${input}}`
      expect([input, (await api.postText('/processes', text, 'application/json')).status]).toEqual([
        input,
        201,
      ])
    }
  })
})

onEachStore((serveFresh) => {
  describe('a body that is not as the API describes it', () => {
    const task = `/tasks/${nobody}.0`
    const item = { task: `${nobody}.0`, claim }
    const bad: readonly (readonly [path: string, body: unknown, places: readonly string[]])[] = [
      ['/processes', {}, ['body/definition']],
      ['/processes', { definition: '' }, ['body/definition']],
      ['/processes', { definition: 'a'.repeat(257) }, ['body/definition']],
      ['/processes', { definition: 'a\u0000' }, ['body/definition']],
      ['/processes', { definition: 'a\ud800' }, ['body/definition']],
      ['/processes', { definition: 1 }, ['body/definition']],
      ['/processes', { ...start, key: 'k\ud800' }, ['body/key']],
      ['/processes', { ...start, key: 'k\u0000' }, ['body/key']],
      ['/processes', { definition: null }, ['body/definition']],
      ['/processes', { ...start, inputs: 1 }, ['body/inputs']],
      ['/processes', { ...start, 'a/b~c': 1 }, ['body/a~1b~0c']],
      ['/processes', { ...start, version: 0 }, ['body/version']],
      ['/processes', { ...start, version: '1' }, ['body/version']],
      ['/processes', { ...start, version: 1.5 }, ['body/version']],
      ['/processes', { ...start, version: 2 ** 31 }, ['body/version']],
      ['/processes', { ...start, priority: -1 }, ['body/priority']],
      ['/processes', { ...start, priority: 10, version: null }, ['body/priority', 'body/version']],
      ['/processes', JSON.parse('{"definition":"under-test","__proto__":{"input":1}}'), ['body/__proto__']],
      ['/processes', { ...start, constructor: 1 }, ['body/constructor']],
      ['/processes/batch', { processes: [] }, ['body/processes']],
      ['/processes/batch', { processes: {} }, ['body/processes']],
      ['/processes/batch', { processes: [start, { definition: 2 }] }, ['body/processes/1/definition']],
      ['/processes/batch', { processes: Array.from({ length: 1001 }, () => start) }, ['body/processes']],
      [`/processes/${nobody}/cancel`, { reason: 1 }, ['body/reason']],
      [`/processes/${nobody}/cancel`, { reason: 'x'.repeat(1001) }, ['body/reason']],
      [`/processes/${nobody}/cancel`, { because: 'x' }, ['body/because']],
      ...['cancel', 'pause', 'resume', 'retry'].map(
        (verb) =>
          [
            `/processes/${nobody}/${verb}`,
            { by: '', reason: 'a\u0000' },
            ['body/by', 'body/reason'],
          ] as const,
      ),
      ['/processes', { ...start, key: '' }, ['body/key']],
      ['/processes', { ...start, key: 'a\nb' }, ['body/key']],
      ['/processes', { ...start, key: 'k'.repeat(257) }, ['body/key']],
      ['/processes', { ...start, key: 5 }, ['body/key']],
      ['/tasks/claim', {}, ['body/worker']],
      ['/tasks/claim', { worker: '' }, ['body/worker']],
      ['/tasks/claim', { worker: 'x'.repeat(257) }, ['body/worker']],
      ['/tasks/claim', { worker: 'w\u0000' }, ['body/worker']],
      ['/tasks/claim', { worker: 'w', max: -1 }, ['body/max']],
      ['/tasks/claim', { worker: 'w', max: 251 }, ['body/max']],
      ['/tasks/claim', { worker: 'w', max: 1.5 }, ['body/max']],
      ['/tasks/claim', { worker: 'w', names: [] }, ['body/names']],
      ['/tasks/claim', { worker: 'w', names: 'A' }, ['body/names']],
      ['/tasks/claim', { worker: 'w', names: ['A', 'A'] }, ['body/names']],
      ['/tasks/claim', { worker: 'w', names: ['A', 1] }, ['body/names/1']],
      ['/tasks/claim', { worker: 'w', names: ['A\u0000'] }, ['body/names/0']],
      ['/tasks/claim', { worker: 'w', process: 'x' }, ['body/process']],
      ['/tasks/claim', { worker: 'w', process: nobody.toUpperCase() }, ['body/process']],
      ['/tasks/claim', { worker: 'w', attributes: 'false' }, ['body/attributes']],
      [
        '/tasks/claim',
        { worker: 'w', results: [{ ...item, output: 1, error: 1 }] },
        ['body/results/0/output'],
      ],
      ['/tasks/claim', { worker: 'w', results: [{ task: item.task }] }, ['body/results/0/claim']],
      ['/tasks/claim', { worker: 'w', results: [{ ...item, task: nobody }] }, ['body/results/0/task']],
      ['/tasks/claim', { worker: 'w', results: [{ ...item, claim: '0.x' }] }, ['body/results/0/claim']],
      ['/tasks/claim', { worker: 'w', results: Array.from({ length: 251 }, () => item) }, ['body/results']],
      ['/tasks/heartbeat', { tasks: [] }, ['body/tasks']],
      ['/tasks/heartbeat', { tasks: [{ ...item, claim: 'x' }] }, ['body/tasks/0/claim']],
      ['/tasks/heartbeat', { tasks: Array.from({ length: 1001 }, () => item) }, ['body/tasks']],
      [`${task}/claim`, {}, ['body/worker']],
      [`${task}/claim`, { worker: 'w', max: 1 }, ['body/max']],
      [`${task}/complete`, { output: 1 }, ['body/claim']],
      [`${task}/complete`, { claim, error: 1 }, ['body/error']],
      [`${task}/complete`, { claim: 5 }, ['body/claim']],
      [`${task}/fail`, { claim }, ['body/error']],
      [`${task}/fail`, { claim, error: 1, retry: true }, ['body/retry']],
      [`${task}/fail`, { claim, error: 1, retry: 'no' }, ['body/retry', 'body/retry']],
      [`${task}/fail`, { claim, error: 1, retry: false, retryIn: '5s' }, ['body/retryIn']],
      [`${task}/complete`, { claim, retryIn: '5s' }, ['body/retryIn']],
      ['/tasks/claim', { worker: 'w', results: [{ ...item, retry: false }] }, ['body/results/0/retry']],
      ['/tasks/claim', { worker: 'w', results: [{ ...item, retryIn: '5s' }] }, ['body/results/0/retryIn']],
      [
        '/tasks/claim',
        { worker: 'w', results: [{ ...item, error: 1, retry: false, retryIn: '5s' }] },
        ['body/results/0/retryIn'],
      ],
      [`${task}/heartbeat`, { claim, task: 1 }, ['body/task']],
      [`${task}/release`, { claim: `${claim}x` }, ['body/claim']],
    ]

    test('names the fields, in the order that they are checked, and stores nothing', async () => {
      const { api } = await unchangedWorld(serveFresh)
      for (const [path, sent, expected] of bad) {
        const { status, body } = await api.post(path, sent)
        expect([path, sent, status, body.code, places(body).toSorted()]).toEqual([
          path,
          sent,
          400,
          'invalid-request',
          expected,
        ])
      }
    })

    test('durations that are none, or that are too short or too long, name the field', async () => {
      const { api } = await unchangedWorld(serveFresh)
      const none = [
        '',
        '5',
        '5 s',
        '-5s',
        '1.5s',
        '1w',
        's',
        'PT',
        'P',
        'P1M',
        '١s',
        '1S',
        `${'9'.repeat(16)}s`,
        5,
        null,
      ]
      const fields = [
        ['/tasks/claim', 'wait', [...none, '61s', '1h', 'PT1M0.001S', '999999999999999d']],
        ['/tasks/claim', 'lease', [...none, '99ms', '0s', '25h', 'P2D', 'PT0S']],
        ['/tasks/heartbeat', 'lease', [...none, '99ms', '25h']],
        [`/tasks/${nobody}.0/claim`, 'lease', [...none, '99ms', '25h']],
        [`/tasks/${nobody}.0/heartbeat`, 'lease', [...none, '99ms', '25h']],
        [`/tasks/${nobody}.0/fail`, 'retryIn', [...none, '366d', '9999999d']],
      ] as const
      for (const [path, field, durations] of fields) {
        const rest = path.endsWith('claim')
          ? { worker: 'w' }
          : path === '/tasks/heartbeat'
            ? { tasks: [{ task: `${nobody}.0`, claim }] }
            : { claim, ...(path.endsWith('fail') && { error: 1 }) }
        for (const duration of durations) {
          const { status, body } = await api.post(path, { ...rest, [field]: duration })
          expect([path, duration, status, places(body)[0]]).toEqual([path, duration, 400, `body/${field}`])
        }
      }
    })

    test('a retry among many results that is too late names the one', async () => {
      const { api } = await unchangedWorld(serveFresh)
      const results = [item, { ...item, error: 1, retryIn: '366d' }]
      const { status, body } = await api.post('/tasks/claim', { worker: 'w', results })
      expect([status, places(body)]).toEqual([400, ['body/results/1/retryIn']])
    })

    test('says what fields cannot stand together, and what belongs together', async () => {
      const { api } = await unchangedWorld(serveFresh)
      const messages = async (result: object) => {
        const { body } = await api.post('/tasks/claim', { worker: 'w', results: [{ ...item, ...result }] })
        return body.errors?.map(({ message }) => message)
      }
      expect(await messages({ output: 1, error: 1 })).toEqual(['may not be given together with error'])
      expect(await messages({ error: 1, retry: false, retryIn: '1s' })).toEqual([
        'may not be given together with retry',
      ])
      expect(await messages({ retryIn: '1s' })).toEqual(['may only be given together with error'])
      expect(await messages({ error: 1, retry: true })).toEqual(['must be false'])
    })

    test('durations of every form are understood', async () => {
      const { api } = await serveFresh()
      for (const lease of ['100ms', '1s', '1m', '1h', '1d', 'PT30S', 'PT0.1S', 'P1D', 'PT1H30M']) {
        expect((await api.post('/tasks/claim', { worker: 'w', lease })).status).toBe(200)
      }
      for (const wait of ['0s', '1ms', 'PT0S']) {
        expect((await api.post('/tasks/claim', { worker: 'w', wait })).status).toBe(200)
      }
    })

    test('what is wrong in the path, the query and the body is said at once', async () => {
      const { api } = await unchangedWorld(serveFresh)
      const { status, body } = await api.post('/tasks/x.1/complete?why=1', { claim: 'x', outputs: 1 })
      expect([status, places(body)]).toEqual([400, ['path id', 'query why', 'body/outputs', 'body/claim']])
      expect(body.detail).toContain('path id')
    })

    test('of nothing but mistakes is not answered by a larger one', async () => {
      const { api } = await unchangedWorld(serveFresh)
      const mistakes = (length: number) =>
        Object.fromEntries(Array.from({ length }, (_, index) => [`f${index}`, 1]))
      const { status, body, text } = await api.post('/processes', mistakes(4_000))
      expect([status, body.errors?.length]).toEqual([400, 100])
      expect(text.length).toBeLessThan(20_000)
      expect((await api.post('/processes', mistakes(100_000))).body.errors).toHaveLength(1)
    })
  })

  describe('a parameter that is not as the API describes it', () => {
    const bad: readonly (readonly [path: string, place: string])[] = [
      ...[
        '0',
        '1001',
        '-1',
        '1.5',
        '1e2',
        '0x10',
        ' 1',
        '',
        'x',
        '01x',
        '99999999999999999999',
        'true',
        'null',
      ].flatMap((limit) =>
        [
          '/definitions',
          '/processes',
          '/tasks',
          `/processes/${nobody}/tasks`,
          `/processes/${nobody}/history`,
        ].map((path) => [`${path}?limit=${encodeURIComponent(limit)}`, 'query limit'] as const),
      ),
      ['/processes?limit=1&limit=2', 'query limit'],
      ['/processes?limit[]=1', 'query limit[]'],
      ['/processes?limit', 'query limit'],
      ['/processes?unknown=1', 'query unknown'],
      ['/processes?__proto__=1', 'query __proto__'],
      ['/processes?state=Running', 'query state'],
      ['/processes?state=', 'query state'],
      ['/processes?state=running&state=failed', 'query state'],
      ['/processes?definition=', 'query definition'],
      ['/processes?definition=%00', 'query definition'],
      [`/processes?definition=${'x'.repeat(257)}`, 'query definition'],
      ['/processes?cursor=', 'query cursor'],
      ['/processes?cursor=%00', 'query cursor'],
      [`/processes?cursor=${'x'.repeat(1025)}`, 'query cursor'],
      ['/processes?cursor=a&cursor=b', 'query cursor'],
      ['/processes?key=', 'query key'],
      ['/processes?key=%00', 'query key'],
      [`/processes?key=${'x'.repeat(257)}`, 'query key'],
      [`/processes/${nobody}?wait=5`, 'query wait'],
      [`/processes/${nobody}?wait=61s`, 'query wait'],
      [`/processes/${nobody}?wait=-1s`, 'query wait'],
      [`/processes/${nobody}?wait=`, 'query wait'],
      [`/processes/${nobody}?wait=1s&wait=2s`, 'query wait'],
      [`/processes/${nobody}/explain?x=1`, 'query x'],
      ['/processes/1/explain', 'path id'],
      ['/tasks?state=completed', 'query state'],
      ['/tasks?process=1', 'query process'],
      ['/tasks?name=', 'query name'],
      ['/tasks?name=%00', 'query name'],
      ['/definitions?cursor=a%00b', 'query cursor'],
      [`/processes/${nobody}/history?after=-1`, 'query after'],
      [`/processes/${nobody}/history?after=9007199254740992`, 'query after'],
      [`/processes/${nobody}/history?cursor=1`, 'query cursor'],
      [`/processes/${nobody}/tasks?state=ready`, 'query state'],
      ['/livez?x=1', 'query x'],
      ['/openapi.json?x=1', 'query x'],
      ['/processes/1', 'path id'],
      ['/processes/batch2', 'path id'],
      [`/processes/${nobody.toUpperCase()}`, 'path id'],
      [`/processes/${nobody}%20`, 'path id'],
      [`/processes/${nobody}%00`, 'path id'],
      [`/processes/${nobody}%0A/tasks`, 'path id'],
      ['/processes/..%2Ftasks', 'path id'],
      [`/tasks/${nobody}`, 'path id'],
      [`/tasks/${nobody}.-1`, 'path id'],
      [`/tasks/${nobody}.01`, 'path id'],
      [`/tasks/${nobody}.1e3`, 'path id'],
      [`/tasks/${nobody}.1000000000`, 'path id'],
      [`/tasks/${nobody}.0%0A/attributes`, 'path id'],
      ['/definitions/%00', 'path name'],
      [`/definitions/${'x'.repeat(257)}`, 'path name'],
      ['/definitions/a/versions/0', 'path version'],
      ['/definitions/a/versions/x', 'path version'],
      ['/definitions/a/versions/1.0', 'path version'],
      ['/definitions/a/versions/0x1', 'path version'],
      ['/definitions/a/versions/2147483648', 'path version'],
    ]

    test('names it', async () => {
      const { api } = await unchangedWorld(serveFresh)
      for (const [path, place] of bad) {
        const { status, body } = await exchange(api.url, path, { method: 'GET' })
        expect([path, status, body.code, places(body)]).toEqual([path, 400, 'invalid-request', [place]])
      }
    })

    test('a cursor that no page gave is refused', async () => {
      const { api, process } = await unchangedWorld(serveFresh)
      for (const path of [
        '/processes?cursor=x',
        '/tasks?cursor=x',
        `/tasks?cursor=${process}`,
        `/processes/${process}/tasks?cursor=x`,
        `/processes/${process}/tasks?cursor=-1`,
        '/definitions/under-test/versions?cursor=x',
        '/definitions/under-test/versions?cursor=1e5',
      ]) {
        expect(await api.get(path)).toMatchObject({ status: 400, body: { code: 'invalid-request' } })
      }
    })

    test('a cursor beyond the end gives an empty page', async () => {
      const { api, process } = await unchangedWorld(serveFresh)
      for (const path of [
        '/processes?cursor=00000000-0000-0000-0000-000000000000',
        `/tasks?cursor=ffffffff-ffff-ffff-ffff-ffffffffffff.999999999`,
        `/processes/${process}/tasks?cursor=999999999999999`,
        '/definitions/under-test/versions?cursor=1',
        '/definitions?cursor=zzz',
      ]) {
        expect((await api.get<object>(path)).body).toEqual({ items: [] })
      }
    })

    test('a version beyond what can be stored is not there', async () => {
      const { api } = await unchangedWorld(serveFresh)
      expect((await api.get('/definitions/under-test/versions/2147483647')).status).toBe(404)
      expect((await api.post('/processes', { ...start, version: 2_147_483_647 })).status).toBe(404)
      expect((await api.get('/definitions/under-test/versions?cursor=999999999999999')).status).toBe(200)
    })

    test('a claim with an attempt beyond what can be stored is not live', async () => {
      const { api, process } = await unchangedWorld(serveFresh)
      const beyond = '9999999999.AAAAAAAAAAAAAAAAAAAAAA'
      for (const [verb, rest] of [
        ['complete', {}],
        ['fail', { error: 1 }],
        ['heartbeat', {}],
        ['release', {}],
      ] as const) {
        expect(await api.post(`/tasks/${process}.0/${verb}`, { claim: beyond, ...rest })).toMatchObject({
          status: 409,
          body: { code: 'claim-lost' },
        })
      }
    })
  })

  test('a payload of too many bytes is refused by itself, and nothing is stored', async () => {
    const { api } = await unchangedWorld(serveFresh)
    const tooLarge = { status: 413, body: { code: 'too-large' } }
    expect(await api.post('/processes', { ...start, input: megabyte })).toMatchObject(tooLarge)
    // Bytes count, not characters.
    expect(await api.post('/processes', { ...start, input: 'ü'.repeat(524_288) })).toMatchObject(tooLarge)
  })
})
