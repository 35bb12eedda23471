import type { DefinitionPage, DefinitionProblem } from '@tunacorn/protocol'
import { describe, expect, test } from 'vitest'
import { source, yaml } from './support/steps.js'
import { serve } from './support/serve.js'
import { exchange } from './support/raw.js'

const json = 'application/json'

/** A text for every kind of problem that the checker knows. */
const broken: readonly (readonly [code: string, type: string, text: string])[] = [
  ['empty-source', yaml, ''],
  ['empty-source', yaml, '# only a comment\n'],
  ['empty-source', json, ''],
  ['syntax', yaml, 'name: a\ntasks:\n\t- name: A\n'],
  ['syntax', yaml, 'name: a\ntasks: [{name: A}\n'],
  ['syntax', json, '{"name": "a", "tasks": [{"name": "A"}'],
  ['syntax', json, 'name: a\ntasks: [{name: A}]'],
  ['nested-too-deeply', yaml, `name: a\ntasks: ${'['.repeat(5000)}${']'.repeat(5000)}`],
  ['nested-too-deeply', json, `{"name":"a","tasks":${'['.repeat(5000)}${']'.repeat(5000)}}`],
  ['multiple-documents', yaml, 'name: a\ntasks: [{name: A}]\n---\nname: b\n'],
  ['duplicate-key', yaml, 'name: a\nname: b\ntasks: [{name: A}]\n'],
  ['duplicate-key', json, '{"name":"a","tasks":[{"name":"A","name":"B"}]}'],
  ['alias', yaml, 'name: a\ntasks: [&x {name: A}, *x]\n'],
  ['tag', yaml, 'name: a\ntasks: [{name: !secret A}]\n'],
  ['wrong-type', yaml, 'just text'],
  ['wrong-type', yaml, 'name: 1\ntasks: [{name: A}]\n'],
  ['wrong-type', yaml, 'name: a\ntasks: [{name: A, needs: B}, {name: B}]\n'],
  ['wrong-type', json, '[]'],
  ['wrong-type', json, 'null'],
  ['unknown-key', yaml, 'name: a\nsteps: [{name: A}]\ntasks: [{name: A}]\n'],
  ['unknown-key', json, '{"name":"a","__proto__":{"tasks":[]},"tasks":[{"name":"A"}]}'],
  ['missing-name', yaml, 'tasks: [{name: A}]\n'],
  ['missing-name', yaml, 'name: a\ntasks: [{needs: []}]\n'],
  ['empty-name', yaml, 'name: ""\ntasks: [{name: A}]\n'],
  ['bad-name', yaml, 'name: ..\ntasks: [{name: A}]\n'],
  ['surrounding-space', yaml, 'name: a\ntasks: [{name: " A"}]\n'],
  ['bad-character', yaml, 'name: "a\\u0007"\ntasks: [{name: A}]\n'],
  ['bad-character', json, '{"name":"a","tasks":[{"name":"\\ud800"}]}'],
  ['bad-character', json, '{"name":"a\\u0000","tasks":[{"name":"A"}]}'],
  ['too-long', yaml, `name: ${'a'.repeat(257)}\ntasks: [{name: A}]\n`],
  ['missing-tasks', yaml, 'name: a\n'],
  ['no-tasks', yaml, 'name: a\ntasks: []\n'],
  ['too-many-tasks', json, JSON.stringify({ name: 'a', tasks: Array.from({ length: 100_001 }, () => 0) })],
  ['duplicate-name', yaml, 'name: a\ntasks: [{name: A}, {name: A}]\n'],
  ['unknown-need', yaml, 'name: a\ntasks: [{name: A, needs: [B]}]\n'],
  ['duplicate-need', yaml, 'name: a\ntasks: [{name: B}, {name: A, needs: [B, B]}]\n'],
  ['self-need', yaml, 'name: a\ntasks: [{name: A, needs: [A]}]\n'],
  ['cycle', yaml, 'name: a\ntasks: [{name: A, needs: [B]}, {name: B, needs: [A]}]\n'],
  ['bad-duration', yaml, 'name: a\ntimeout: 30\ntasks: [{name: A}]\n'],
  ['bad-duration', yaml, 'name: a\ntasks: [{name: A, timeout: 1mo}]\n'],
  ['bad-duration', yaml, 'name: a\ntasks: [{name: A, heartbeat: -5s}]\n'],
  ['bad-duration', yaml, 'name: a\ntasks: [{name: A, scheduleTimeout: 0s}]\n'],
  ['bad-duration', yaml, 'name: a\ntasks: [{name: A, delay: 99999999999999d}]\n'],
  ['bad-duration', json, '{"name":"a","defaults":{"timeout":5},"tasks":[{"name":"A"}]}'],
  ['bad-duration', json, '{"name":"a","tasks":[{"name":"A","retry":{"limit":1,"delay":"1 s"}}]}'],
  ['bad-number', yaml, 'name: a\ntasks: [{name: A, retry: -1}]\n'],
  ['bad-number', yaml, 'name: a\ntasks: [{name: A, retry: {limit: 1.5}}]\n'],
  ['bad-number', yaml, 'name: a\ntasks: [{name: A, priority: 10}]\n'],
  ['bad-number', json, '{"name":"a","tasks":[{"name":"A","retry":{"limit":1,"factor":0.5}}]}'],
  ['wrong-type', yaml, 'name: a\ntasks: [{name: A, retry: often}]\n'],
  ['wrong-type', yaml, 'name: a\ntasks: [{name: A, retry: {limit: 1, jitter: 1}}]\n'],
  ['wrong-type', yaml, 'name: a\ndefaults: [retry]\ntasks: [{name: A}]\n'],
  ['missing-limit', yaml, 'name: a\ntasks: [{name: A, retry: {delay: 1s}}]\n'],
  ['contradiction', yaml, 'name: a\ntasks: [{name: A, retry: {limit: 1, delay: 2s, maxDelay: 1s}}]\n'],
  ['contradiction', yaml, 'name: a\ntimeout: 1h\ntasks: [{name: A, delay: 2h}]\n'],
  ['unknown-key', yaml, 'name: a\ntasks: [{name: A, retries: 3}]\n'],
  ['unknown-key', yaml, 'name: a\ntasks: [{name: A, retry: {limit: 1, backoff: 2}}]\n'],
  ['unknown-key', yaml, 'name: a\ndefaults: {needs: [B]}\ntasks: [{name: A}]\n'],
  ['bad-failure-process', yaml, 'name: a\nfailureProcess: {name: b, on: [completed]}\ntasks: [{name: A}]\n'],
  ['bad-failure-process', yaml, 'name: a\nfailureProcess: a\ntasks: [{name: A}]\n'],
  ['missing-name', yaml, 'name: a\nfailureProcess: {on: [failed]}\ntasks: [{name: A}]\n'],
  ['bad-schema', yaml, 'name: a\ninput: {type: objekt}\ntasks: [{name: A}]\n'],
  ['bad-schema', yaml, 'name: a\ninput: {$ref: "https://example.com/x"}\ntasks: [{name: A}]\n'],
  ['bad-schema', json, '{"name":"a","input":{"properties":{"b":{"pattern":"("}}},"tasks":[{"name":"A"}]}'],
  ['wrong-type', yaml, 'name: a\ninput: object\ntasks: [{name: A}]\n'],
  [
    'more-problems',
    yaml,
    `name: a\ntasks: [${Array.from({ length: 300 }, (_, index) => `{name: A${index}, needs: [B]}`).join(', ')}]\n`,
  ],
]

describe('a definition that is not sound', () => {
  test.each(broken)('is refused with what is wrong and where: %s (%s) %#', async (code, type, text) => {
    const { api } = await serve()
    for (const path of ['/definitions', '/definitions/validate']) {
      // A name is only needed by what is stored.
      if (text === 'tasks: [{name: A}]\n' && path === '/definitions/validate') continue
      const { status, body } = await api.postText<{ problems: DefinitionProblem[] }>(path, text, type)
      expect(status).toBe(422)
      const found = body.problems.find((problem) => problem.code === code)
      expect(body.problems.map((problem) => problem.code)).toContain(code)
      // What has been counted rather than listed is nowhere in particular.
      const place = { line: expect.any(Number) as number, column: expect.any(Number) as number }
      if (code !== 'more-problems') expect(found).toMatchObject(place)
    }
    expect((await api.get<DefinitionPage>('/definitions')).body.items).toEqual([])
  })

  test('lists all that is wrong in the order of the text', async () => {
    const { api } = await serve()
    const text = 'name: a\ntasks:\n  - name: A\n    need: [B]\n  - name: A\n    needs: [a]\n'
    const { body } = await api.postText<{ problems: DefinitionProblem[] }>('/definitions', text, yaml)
    expect(body.problems.map(({ code, line, column, pointer }) => [code, line, column, pointer])).toEqual([
      ['unknown-key', 4, 5, '/tasks/0/need'],
      ['duplicate-name', 5, 11, '/tasks/1/name'],
      ['unknown-need', 6, 13, '/tasks/1/needs/0'],
    ])
    expect(body.problems[0]?.suggestion).toBe('needs')
    expect(body.problems[2]?.suggestion).toBe('A')
  })

  test('says of retries and time where it is wrong, and what to write instead', async () => {
    const { api } = await serve()
    const text = `name: a
timeout: 7
tasks:
  - name: A
    retries: 3
  - name: B
    retry:
      limit: 4
      delay: 10 s
    timeout: 2w
`
    const { body } = await api.postText<{ problems: DefinitionProblem[] }>('/definitions', text, yaml)
    expect(body.problems.map(({ code, line, column, pointer }) => [code, line, column, pointer])).toEqual([
      ['bad-duration', 2, 10, '/timeout'],
      ['unknown-key', 5, 5, '/tasks/0/retries'],
      ['bad-duration', 9, 14, '/tasks/1/retry/delay'],
      ['bad-duration', 10, 14, '/tasks/1/timeout'],
    ])
    expect(body.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('Write "7s" for seconds') as string,
      expect.any(String) as string,
      expect.stringContaining('Write "10s"') as string,
      expect.stringContaining('Write "14d"') as string,
    ])
    expect(body.problems[1]?.suggestion).toBe('retry')
  })

  test('may be as long as a body may be, and no longer', async () => {
    const { api } = await serve()
    const filler = (bytes: number) => `name: a\ntasks: [{ name: A }]\n#${'x'.repeat(bytes)}`
    const most = 4 * 1024 * 1024
    const spare = Buffer.byteLength(filler(0))
    expect((await api.postText('/definitions', filler(most - spare), yaml)).status).toBe(201)
    expect(await api.postText('/definitions', filler(most - spare + 1), yaml)).toMatchObject({
      status: 413,
      body: { code: 'too-large' },
    })
  })

  test('of another type, or of none, is not looked at', async () => {
    const { api } = await serve()
    const text = 'name: a\ntasks: [{ name: A }]\n'
    for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'yaml', '']) {
      expect(
        await exchange(api.url, '/definitions', { body: text, headers: { 'content-type': type } }),
      ).toMatchObject({ status: 415, body: { code: 'unsupported-media-type' } })
    }
    expect(await exchange(api.url, '/definitions', { body: text })).toMatchObject({ status: 415 })
  })

  test('a large one that is sound is registered, however many come at once', async () => {
    const { api } = await serve()
    const large = (name: string) =>
      source(
        name,
        Object.fromEntries(
          Array.from({ length: 5_000 }, (_, n) => [`Task ${n}`, n === 0 ? [] : [`Task ${n - 1}`]]),
        ),
      )
    const answers = await Promise.all(
      ['a', 'b', 'c', 'a'].map((name) => api.post('/definitions', large(name))),
    )
    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['200', '201', '201', '201'])
  })
})
