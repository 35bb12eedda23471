import type { TaskAttributes } from '@tunacorn/protocol'
import { describe, expect, test } from 'vitest'
import { claimAll, claimOne, complete, run, workOff } from './support/steps.js'
import { onEachStore } from './support/stores.js'
import type { Api } from './support/api.js'

/** Completes these tasks with these outputs. */
async function workOffWith(api: Api, outputs: readonly (readonly [string, unknown])[]): Promise<void> {
  const done = await workOff(
    api,
    new Map(outputs),
    outputs.map(([name]) => name),
  )
  expect(done.toSorted()).toEqual(outputs.map(([name]) => name).toSorted())
}

onEachStore((serveFresh) => {
  describe('what came before a task', () => {
    test('is merged in topological order, and later wins', async () => {
      const { api } = await serveFresh()
      // D is written first and comes last.
      const tasks = { D: ['B', 'C'], C: ['A'], B: ['A'], A: [], Unrelated: [] }
      await run(api, tasks, { input: { from: 'input', input: 1 } })
      const outputs = new Map<string, unknown>([
        ['A', { from: 'A', a: 1, nested: { a: 1 } }],
        ['C', { c: 1, side: 'C' }],
        ['B', { b: 1, nested: { b: 1 }, side: 'B' }],
        ['Unrelated', { from: 'Unrelated', u: 1 }],
      ])
      for (const name of ['A', 'Unrelated', 'B', 'C']) {
        const [task] = await claimAll(api, { names: [name] })
        if (task !== undefined) await complete(api, task, outputs.get(name))
      }
      const task = await claimOne(api)
      expect(task.needs).toEqual({ B: outputs.get('B'), C: outputs.get('C') })
      expect(Object.keys(task.needs ?? {})).toEqual(['B', 'C'])
      expect(task.attributes).toEqual({
        from: 'A',
        input: 1,
        a: 1,
        b: 1,
        c: 1,
        nested: { b: 1 },
        side: expect.stringMatching(/^[BC]$/) as string,
      })
      expect((await api.get<TaskAttributes>(`/tasks/${task.id}/attributes`)).body).toEqual({
        needs: task.needs,
        attributes: task.attributes,
      })
    })

    test('counts only where it is an object; a need without output is absent', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [], B: [], C: [], D: [], E: ['A', 'B', 'C', 'D'] }, { input: ['a list'] })
      await workOffWith(api, [
        ['A', [1]],
        ['B', null],
        ['C', { c: 1 }],
        ['D', undefined],
      ])
      const task = await claimOne(api)
      expect(task.needs).toEqual({ A: [1], B: null, C: { c: 1 } })
      expect(task.attributes).toEqual({ c: 1 })
    })

    test('is left out when it is not wanted, and can be asked for afterwards', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [], B: ['A'] }, { input: { i: 1 } })
      await workOffWith(api, [['A', { a: 1 }]])
      const task = await claimOne(api, { attributes: false })
      expect(task).not.toHaveProperty('attributes')
      expect(task.needs).toEqual({ A: { a: 1 } })
      expect((await api.get<TaskAttributes>(`/tasks/${task.id}/attributes`)).body).toEqual({
        needs: { A: { a: 1 } },
        attributes: { i: 1, a: 1 },
      })
    })

    test('of names that objects have by nature comes back equal', async () => {
      const { api } = await serveFresh()
      const hostile: unknown = JSON.parse('{"__proto__":{"polluted":1},"constructor":2,"hasOwnProperty":3}')
      const names = ['__proto__', 'constructor']
      await run(api, [...names.map((name) => [name, []] as const), ['Last', names]], { input: hostile })
      await workOffWith(api, [
        ['__proto__', hostile],
        ['constructor', { toString: 4 }],
      ])
      const task = await claimOne(api)
      expect(JSON.stringify(task.needs)).toBe(
        '{"__proto__":{"__proto__":{"polluted":1},"constructor":2,"hasOwnProperty":3},"constructor":{"toString":4}}',
      )
      expect(JSON.stringify(task.attributes)).toBe(
        '{"__proto__":{"polluted":1},"constructor":2,"hasOwnProperty":3,"toString":4}',
      )
      expect({}).not.toHaveProperty('polluted')
    })

    test('beyond a thousand ancestors is absent from the claim, and can be asked for', async () => {
      const { api } = await serveFresh()
      const many = Array.from({ length: 1001 }, (_, index) => `T${index}`)
      await run(api, [...many.map((name) => [name, []] as const), ['Last', many]], { input: { i: 1 } })
      for (let left = many.length; left > 0;) {
        const claimed = await claimAll(api, { attributes: false })
        const results = claimed.map(({ id: task, claim, name }) => ({ task, claim, output: { [name]: 1 } }))
        await claimAll(api, { max: 0, results })
        left -= claimed.length
      }
      const task = await claimOne(api)
      expect(task).not.toHaveProperty('needs')
      expect(task).not.toHaveProperty('attributes')
      const { body } = await api.get<TaskAttributes>(`/tasks/${task.id}/attributes`)
      expect(Object.keys(body.needs)).toHaveLength(1001)
      expect(Object.keys(body.attributes)).toHaveLength(1002)
    })

    test('beyond 256 KB is absent from the claim, and can be asked for', async () => {
      const { api } = await serveFresh()
      const half = 'x'.repeat(140 * 1024)
      await run(api, { A: [], B: ['A'], C: ['B'] })
      await workOffWith(api, [
        ['A', { a: half }],
        ['B', { b: half }],
      ])
      const task = await claimOne(api)
      // One need by itself is within the limit; all ancestors together are not.
      expect(task.needs).toEqual({ B: { b: half } })
      expect(task).not.toHaveProperty('attributes')
      const { body } = await api.get<TaskAttributes>(`/tasks/${task.id}/attributes`)
      expect(body.attributes).toEqual({ a: half, b: half })
    })

    test('an input beyond 256 KB takes no attributes along', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [] }, { input: { i: 'x'.repeat(300 * 1024) } })
      const task = await claimOne(api)
      expect(task).not.toHaveProperty('attributes')
      expect(task.needs).toEqual({})
    })

    test('beyond 16 MB is refused to who asks for it', async () => {
      const { api } = await serveFresh()
      const names = Array.from({ length: 17 }, (_, index) => `T${index}`)
      await run(api, [...names.map((name) => [name, []] as const), ['Last', names]])
      const megabyte = 'x'.repeat(1024 * 1024 - 2)
      await workOffWith(
        api,
        names.map((name) => [name, megabyte] as const),
      )
      const task = await claimOne(api)
      expect(await api.get(`/tasks/${task.id}/attributes`)).toMatchObject({
        status: 413,
        body: { code: 'too-large' },
      })
    })

    test('of a task that waits yet is what there is already', async () => {
      const { api } = await serveFresh()
      const { id } = await run(api, { A: [], B: [], C: ['A', 'B'] }, { input: { i: 1 } })
      await workOffWith(api, [['A', { a: 1 }]])
      expect((await api.get<TaskAttributes>(`/tasks/${id}.2/attributes`)).body).toEqual({
        needs: { A: { a: 1 } },
        attributes: { i: 1, a: 1 },
      })
      expect(await api.get(`/tasks/${id}.3/attributes`)).toMatchObject({
        status: 404,
        body: { code: 'task-not-found' },
      })
    })
  })
})
