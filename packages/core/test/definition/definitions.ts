import * as fc from 'fast-check'
import { formatDuration } from '@tunacorn/protocol'
import type { SettingsSource, TaskSource } from '../../src/definition/definition-source.js'

/** Durations as people write them, up to `maxMs`. */
const durations = (minMs: number, maxMs: number) =>
  fc.oneof(fc.integer({ min: minMs, max: maxMs }), fc.constantFrom(minMs, maxMs)).map(formatDuration)

const retries = fc.oneof(
  fc.integer({ min: 0, max: 6 }),
  fc.record(
    {
      limit: fc.integer({ min: 0, max: 6 }),
      delay: durations(0, 5_000),
      factor: fc.double({ min: 1, max: 100, noNaN: true }),
      maxDelay: durations(5_000, 100_000),
      jitter: fc.boolean(),
      within: durations(5_000, 1_000_000),
    },
    { requiredKeys: ['limit'] },
  ),
)

const settings: fc.Arbitrary<SettingsSource> = fc.record(
  {
    retry: retries,
    timeout: durations(1, 100_000),
    heartbeat: durations(1, 100_000),
    scheduleTimeout: durations(1, 100_000),
    delay: durations(0, 100_000),
    priority: fc.integer({ min: 0, max: 9 }),
  },
  { requiredKeys: [] },
)

/** Up to eight tasks, each needing some of those before it. */
const taskLists: fc.Arbitrary<TaskSource[]> = fc
  .array(fc.tuple(settings, fc.array(fc.nat(7), { maxLength: 3 })), { minLength: 1, maxLength: 8 })
  .map((all) =>
    all.map(([own, needs], index) => ({
      name: `T${index}`,
      needs: [...new Set(needs)].filter((need) => need < index).map((need) => `T${need}`),
      ...own,
    })),
  )

/** Sound definitions with every kind of key. */
export const definitions = fc.record(
  {
    name: fc.constantFrom('loan', 'a b'),
    description: fc.string({ unit: 'grapheme-ascii' }),
    input: fc.constantFrom({}, { type: 'object', required: ['a'], properties: { a: { minimum: 0.1 } } }),
    timeout: durations(1_000_000, 10_000_000),
    failureProcess: fc.oneof(
      fc.constant('undo'),
      fc.record(
        { name: fc.constant('undo'), on: fc.subarray(['failed', 'cancelled'], { minLength: 1 }) },
        { requiredKeys: ['name'] },
      ),
    ),
    defaults: settings,
    tasks: taskLists,
  },
  { requiredKeys: ['tasks'] },
)
