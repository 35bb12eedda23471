import { expect, test } from 'vitest'
import {
  engineDefaults,
  resolveAllTaskSettings,
  resolveTaskSettings,
} from '../../src/definition/task-settings.js'
import { definitionOf } from './outcome.js'

test('a task that says nothing has what the engine has', () => {
  const { processTimeoutMs, ...others } = engineDefaults
  expect(resolveTaskSettings({}, undefined, engineDefaults)).toEqual({ ...others, priority: undefined })
  expect(processTimeoutMs).toBe(365 * 86_400_000)
  expect(engineDefaults.retry).toEqual({
    limit: 0,
    delayMs: 1_000,
    factor: 2,
    maxDelayMs: 3_600_000,
    jitter: true,
  })
})

test('a task has its own word, else that of the defaults, else that of the engine; for each key by itself', () => {
  const definition = definitionOf({
    defaults: { retry: { limit: 2, delay: '5s' }, timeout: '10m', priority: 3 },
    tasks: [{ name: 'A', retry: 4, heartbeat: '1s', priority: 0 }, { name: 'B' }],
  })
  const [a, b] = resolveAllTaskSettings(definition, { ...engineDefaults, delayMs: 7 })
  expect(a).toMatchObject({
    retry: { limit: 4, delayMs: 1_000 },
    timeoutMs: 600_000,
    heartbeatMs: 1_000,
    delayMs: 7,
    priority: 0,
  })
  expect(b).toMatchObject({ retry: { limit: 2, delayMs: 5_000 }, heartbeatMs: 300_000, priority: 3 })
})

test('tasks for which the same holds share it', () => {
  const tasks = Array.from({ length: 1_000 }, (_, i) => ({
    name: `T${i}`,
    ...(i % 2 === 0 && { timeout: '1m' }),
  }))
  expect(new Set(resolveAllTaskSettings(definitionOf({ tasks }), engineDefaults)).size).toBe(2)
})
