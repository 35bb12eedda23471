import type { Overview } from '@tunacorn/protocol'
import { describe, expect, test } from 'vitest'
import { claimOne, complete, run } from './support/steps.js'
import { onEachStore } from './support/stores.js'

onEachStore((serveFresh) => {
  describe('the overview', () => {
    test('says what runs, what waits, and who works', async () => {
      const { api } = await serveFresh()
      await run(api, { A: [], B: ['A'], C: [] })
      await complete(api, await claimOne(api, { names: ['A'], worker: 'Ada' }))
      await claimOne(api, { names: ['C'], worker: 'Ada' })
      const { status, body } = await api.get<Overview>('/overview')
      expect([status, body.processes]).toEqual([200, { running: 1, paused: 0, failed: 0, cancelled: 0 }])
      const names = body.tasks.map(({ name, waiting, claimed }) => [name, waiting, claimed])
      expect(new Set(names)).toEqual(
        new Set([
          ['B', 1, 0],
          ['C', 0, 1],
        ]),
      )
      expect(body).toMatchObject({ throughput: [], isPartial: false })
    })

    test('is counted once for many who ask', async () => {
      const { api } = await serveFresh()
      const answers = await Promise.all(Array.from({ length: 5 }, () => api.get<Overview>('/overview')))
      expect(new Set(answers.map(({ body }) => body.at)).size).toBe(1)
    })
  })
})
