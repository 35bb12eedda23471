import type { Definition, ValidDefinition } from '@tunacorn/protocol'
import { describe, expect, test } from 'vitest'
import { register, yaml } from './support/steps.js'
import { onEachStore } from './support/stores.js'

const loan = `
name: loan-application
description: Who gets a loan
input: { type: object, required: [applicant] }
timeout: P7D
failureProcess: undo-loan
defaults: { retry: 2, timeout: 600s }
tasks:
  - name: Open Loan Application
  - name: Review Credit
    needs: [Open Loan Application]
    retry: { limit: 4, delay: 10s, factor: 2.5, maxDelay: 300s, jitter: false, within: PT2H }
    timeout: 2m
    heartbeat: 30s
    scheduleTimeout: 1d
    delay: 1h
    priority: 5
  - name: Tell Applicant
    needs: [Review Credit]
    retry: { limit: 3 }
    delay: 0s
    priority: 0
`

const shown = {
  name: 'loan-application',
  description: 'Who gets a loan',
  input: { type: 'object', required: ['applicant'] },
  timeout: '7d',
  failureProcess: { name: 'undo-loan', on: ['failed'] },
  defaults: { retry: 2, timeout: '10m' },
  tasks: [
    { name: 'Open Loan Application', needs: [] },
    {
      name: 'Review Credit',
      needs: ['Open Loan Application'],
      retry: { limit: 4, delay: '10s', factor: 2.5, maxDelay: '5m', jitter: false, within: '2h' },
      timeout: '2m',
      heartbeat: '30s',
      scheduleTimeout: '1d',
      delay: '1h',
      priority: 5,
    },
    { name: 'Tell Applicant', needs: ['Review Credit'], retry: 3, delay: '0ms', priority: 0 },
  ],
}

/** What a definition says, without what the store says of it. */
function written(definition: Definition): object {
  const {
    version: _version,
    taskCount: _count,
    createdAt: _created,
    registeredAt: _registered,
    ...rest
  } = definition
  return rest
}

onEachStore((serveFresh) => {
  describe('what a definition says of failure and time', () => {
    test('is shown as it is written, durations as text, and what is absent stays absent', async () => {
      const { api } = await serveFresh()
      await register(api, 'undo-loan', { Undo: [] })
      const { status, body } = await api.postText<Definition>('/definitions', loan, yaml)
      expect([status, written(body)]).toEqual([201, shown])
      expect((await api.get('/definitions/loan-application')).body).toEqual(body)
    })

    test('can be registered again from what is shown, and is shown the same', async () => {
      const { api } = await serveFresh()
      await register(api, 'undo-loan', { Undo: [] })
      await api.postText('/definitions', loan, yaml)
      const { body: first } = await api.get<Definition>('/definitions/loan-application')
      const { status, body: second } = await api.post<Definition>('/definitions', written(first))
      // Another text, so another version, that means the same.
      expect([status, second.version]).toEqual([201, 2])
      expect(written(second)).toEqual(written(first))
      expect((await api.get('/definitions/loan-application/versions/2')).body).toEqual(second)
    })

    test('comes to a time by which every process has ended, and the path that takes longest', async () => {
      const { api } = await serveFresh()
      const validate = async (definition: object) =>
        (await api.post<ValidDefinition>('/definitions/validate', definition)).body
      const limits = { timeout: '1h', scheduleTimeout: '1d' }
      const tasks = [
        { name: 'A' },
        { name: 'B', needs: ['A'], retry: { limit: 2, delay: '1m', maxDelay: '10m' } },
        { name: 'C', needs: ['A'], delay: '1d' },
        { name: 'D', needs: ['B', 'C'] },
      ]
      expect(await validate({ name: 'a', defaults: limits, tasks })).toEqual({
        valid: true,
        name: 'a',
        taskCount: 4,
        // 25h, three times 25h and twice 10m, 25h
        endsWithin: '7520m',
        criticalPath: ['A', 'B', 'D'],
      })
      expect(await validate({ timeout: '2d', defaults: limits, tasks })).toMatchObject({ endsWithin: '2d' })
      expect(await validate({ tasks })).toMatchObject({ endsWithin: '223220m' })
    })

    test('comes to a time also when the server has other defaults', async () => {
      const defaults = { timeoutMs: 60_000, scheduleTimeoutMs: 60_000, processTimeoutMs: 90_000 }
      const { api } = await serveFresh({ engine: { defaults } })
      const { body } = await api.post<ValidDefinition>('/definitions/validate', { tasks: [{ name: 'A' }] })
      expect(body.endsWithin).toBe('90s')
    })
  })
})
