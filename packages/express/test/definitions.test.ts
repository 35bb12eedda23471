import { readFileSync } from 'node:fs'
import type { Definition, DefinitionPage, ValidDefinition } from '@tunacorn/protocol'
import { describe, expect, test } from 'vitest'
import { serve } from './support/serve.js'
import { register, source, start, yaml } from './support/steps.js'
import { onEachStore } from './support/stores.js'

const loan = `# comments are kept
name: loan-application
description: Who gets a loan
tasks:
  - name: Open
  - name: Review Credit
    needs: [Open]
`
const loanTasks = [
  { name: 'Open', needs: [] },
  { name: 'Review Credit', needs: ['Open'] },
]

const broken = readFileSync(
  new URL('../../core/test/definition/fixtures/broken-loan-application.yaml', import.meta.url),
  'utf8',
)

onEachStore((serveFresh) => {
  describe('registering', () => {
    test('a new text gives 201, its tasks, and a Location that works', async () => {
      const { api } = await serveFresh()
      const { status, headers, body } = await api.postText<Definition>('/definitions', loan, yaml)
      expect(status).toBe(201)
      expect(body).toMatchObject({
        name: 'loan-application',
        version: 1,
        description: 'Who gets a loan',
        taskCount: 2,
        tasks: loanTasks,
      })
      expect(headers['location']).toBe('/definitions/loan-application/versions/1')
      expect((await api.get(String(headers['location']))).body).toEqual(body)
    })

    test('the same text again gives 200 and the same version', async () => {
      const { api } = await serveFresh()
      const { body: first } = await api.postText<Definition>('/definitions', loan, yaml)
      const again = await api.postText<Definition>('/definitions', loan, yaml)
      expect(again.status).toBe(200)
      expect(again.headers['location']).toBeUndefined()
      expect(again.body).toMatchObject({ version: 1, createdAt: first.createdAt })
    })

    test('JSON is as good as YAML', async () => {
      const { api } = await serveFresh()
      const asked = source('loan', { Open: [], Review: ['Open'] })
      const { status, body } = await api.post<Definition>('/definitions', asked)
      expect(status).toBe(201)
      expect(body.tasks).toEqual([
        { name: 'Open', needs: [] },
        { name: 'Review', needs: ['Open'] },
      ])
      expect((await api.post('/definitions', asked)).status).toBe(200)
    })

    test.each([
      'application/yaml',
      'application/x-yaml',
      'text/yaml',
      'text/x-yaml',
      'Text/YAML; charset=UTF-8',
    ])('YAML may come as %s', async (type) => {
      const { api } = await serveFresh()
      expect((await api.postText('/definitions', loan, type)).status).toBe(201)
    })

    test('names that need escaping in a path have a Location that works', async () => {
      const { api } = await serveFresh()
      for (const name of ['a/b', 'ü & ?#%', '__proto__', 'constructor', 'validate', '🐟🌽', '%2F', 'a b+c']) {
        const { status, headers } = await api.post('/definitions', source(name, { A: [] }))
        expect([name, status]).toEqual([name, 201])
        expect((await api.get(String(headers['location']))).body).toMatchObject({ name })
        expect((await api.get(`/definitions/${encodeURIComponent(name)}`)).body).toMatchObject({ name })
      }
    })

    test('a definition without a name is refused, though it is valid by itself', async () => {
      const { api } = await serveFresh()
      const text = 'tasks: [{ name: A }]'
      expect((await api.postText('/definitions', text, yaml)).status).toBe(422)
      expect((await api.postText<ValidDefinition>('/definitions/validate', text, yaml)).body).toEqual({
        valid: true,
        taskCount: 1,
        endsWithin: '31d',
        criticalPath: ['A'],
      })
    })
  })

  describe('validating', () => {
    test('stores nothing', async () => {
      const { api } = await serveFresh()
      const { status, body } = await api.postText<ValidDefinition>('/definitions/validate', loan, yaml)
      expect([status, body]).toMatchObject([200, { valid: true, name: 'loan-application', taskCount: 2 }])
      expect((await api.get<DefinitionPage>('/definitions')).body.items).toEqual([])
    })

    test.each(['/definitions', '/definitions/validate'])(
      'the example of the first README is refused by %s with both of its mistakes',
      async (path) => {
        const { api } = await serveFresh()
        const { status, body } = await api.postText(path, `name: loan-application\n${broken}`, yaml)
        expect(status).toBe(422)
        expect(body).toMatchObject({ code: 'definition-invalid' })
        expect((body as unknown as { problems: unknown[] }).problems).toEqual([
          {
            code: 'unknown-need',
            message: expect.stringContaining('Open Load Application') as string,
            pointer: '/tasks/3/needs/0',
            line: 13,
            column: 13,
            suggestion: 'Open Loan Application',
          },
          {
            code: 'unknown-need',
            message: expect.stringContaining('Check House') as string,
            pointer: '/tasks/4/needs/1',
            line: 18,
            column: 9,
          },
        ])
        expect((await api.get<DefinitionPage>('/definitions')).body.items).toEqual([])
      },
    )
  })

  describe('looking', () => {
    test('the list has the default version of each, by name', async () => {
      const { api } = await serveFresh()
      for (const name of ['b', 'a', 'c']) await register(api, name, { A: [] })
      await register(api, 'b', { A: [], B: [] })
      const { body } = await api.get<DefinitionPage>('/definitions')
      expect(body.items.map(({ name, version, taskCount }) => [name, version, taskCount])).toEqual([
        ['a', 1, 1],
        ['b', 2, 2],
        ['c', 1, 1],
      ])
      expect(body.nextCursor).toBeUndefined()
    })

    test('the list comes in pages, each once', async () => {
      const { api } = await serveFresh()
      const names = ['a', 'b/c', 'd e', 'é', '🐟']
      for (const name of names) await register(api, name, { A: [] })
      const seen = await pages(async (query) => {
        const { body } = await api.get<DefinitionPage>(`/definitions?limit=2${query}`)
        return body
      })
      expect(seen.map((page) => page.length)).toEqual([2, 2, 1])
      expect(seen.flat().toSorted()).toEqual(names.toSorted())
    })

    test('versions are listed newest first, in pages', async () => {
      const { api } = await serveFresh()
      for (let tasks = 1; tasks <= 5; tasks += 1) {
        await register(
          api,
          'a',
          Object.fromEntries(Array.from({ length: tasks }, (_, task) => [`T${task}`, []])),
        )
      }
      const seen = await pages(async (query) => {
        const { body } = await api.get<DefinitionPage>(`/definitions/a/versions?limit=2${query}`)
        return { ...body, items: body.items.map(({ version }) => ({ name: String(version) })) }
      })
      expect(seen).toEqual([['5', '4'], ['3', '2'], ['1']])
    })

    test('who accepts YAML gets the source as it was registered, character for character', async () => {
      const { api } = await serveFresh()
      await api.postText('/definitions', loan, yaml)
      for (const path of ['/definitions/loan-application', '/definitions/loan-application/versions/1']) {
        const { status, headers, text } = await api.get(path, { accept: yaml })
        expect([status, headers['content-type'], text]).toEqual([200, yaml, loan])
      }
    })

    test('who accepts anything, or both, gets JSON', async () => {
      const { api } = await serveFresh()
      await api.postText('/definitions', loan, yaml)
      for (const accept of ['*/*', 'application/json, application/yaml', 'application/yaml;q=0.5, */*']) {
        const { headers } = await api.get('/definitions/loan-application', { accept })
        expect([accept, headers['content-type']]).toEqual([accept, 'application/json'])
      }
    })

    test('a definition that was registered as JSON has JSON for its source', async () => {
      const { api } = await serveFresh()
      const text = '{ "name": "a",\n "tasks": [{ "name": "A" }] }'
      await api.postText('/definitions', text, 'application/json')
      expect((await api.get('/definitions/a', { accept: yaml })).text).toBe(text)
    })

    test('the default version is the one registered last, also when its text is an old one', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { One: [] })
      await register(api, 'a', { Two: [] })
      expect((await api.get('/definitions/a')).body).toMatchObject({ version: 2 })
      expect((await start(api, 'a')).definitionVersion).toBe(2)

      const { version } = await register(api, 'a', { One: [] })
      expect(version).toBe(1)
      expect((await api.get('/definitions/a')).body).toMatchObject({ version: 1, tasks: [{ name: 'One' }] })
      expect((await start(api, 'a')).definitionVersion).toBe(1)
      expect((await api.get<DefinitionPage>('/definitions')).body.items).toMatchObject([{ version: 1 }])
    })

    test('what is not there is not found', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      for (const path of ['/definitions/b', '/definitions/b/versions', '/definitions/a/versions/2']) {
        expect(await api.get(path)).toMatchObject({ status: 404, body: { code: 'definition-not-found' } })
      }
    })
  })

  describe('removing', () => {
    test('a version is gone afterwards, and the one before is the default', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { One: [] })
      await register(api, 'a', { Two: [] })
      const { status, text } = await api.delete('/definitions/a/versions/2')
      expect([status, text]).toEqual([204, ''])
      expect((await api.get('/definitions/a/versions/2')).status).toBe(404)
      expect((await api.get('/definitions/a')).body).toMatchObject({ version: 1 })
      expect((await start(api, 'a')).definitionVersion).toBe(1)
    })

    test('a version in use stays until its processes are destroyed', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      const { id } = await start(api, 'a')
      const path = '/definitions/a/versions/1'
      expect(await api.delete(path)).toMatchObject({ status: 409, body: { code: 'definition-in-use' } })
      await api.post(`/processes/${id}/cancel`)
      expect((await api.delete(path)).status).toBe(409)
      expect((await api.get(path)).status).toBe(200)

      await api.delete(`/processes/${id}`)
      expect((await api.delete(path)).status).toBe(204)
      expect(await api.post('/processes', { definition: 'a' })).toMatchObject({
        status: 404,
        body: { code: 'definition-not-found' },
      })
    })

    test('what is not there cannot be removed', async () => {
      const { api } = await serveFresh()
      await register(api, 'a', { A: [] })
      for (const path of ['/definitions/a/versions/2', '/definitions/b/versions/1']) {
        expect(await api.delete(path)).toMatchObject({ status: 404, body: { code: 'definition-not-found' } })
      }
    })
  })
})

describe('a definition that the host has parsed already', () => {
  test('is limited in size like any other', async () => {
    const { api } = await serve({ maxBodyBytes: 1000 })
    const text = `name: a\ntasks: [{ name: A }] # ${'x'.repeat(1000)}`
    expect(await api.postText('/definitions', text, yaml)).toMatchObject({
      status: 413,
      body: { code: 'too-large' },
    })
  })
})

/** Follows the cursor to the end. */
async function pages(
  read: (query: string) => Promise<{ items: readonly { name: string }[]; nextCursor?: string }>,
): Promise<string[][]> {
  const seen: string[][] = []
  for (let query = ''; ;) {
    const { items, nextCursor } = await read(query)
    seen.push(items.map(({ name }) => name))
    if (nextCursor === undefined) return seen
    query = `&cursor=${encodeURIComponent(nextCursor)}`
  }
}
