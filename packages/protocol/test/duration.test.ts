import { readFileSync } from 'node:fs'
import { formatDuration, maxDurationMs, openapiDocument, parseDuration } from '@tunacorn/protocol'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

test('a duration is read back as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: maxDurationMs }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms)
    }),
  )
})

test('durations are the same in the requests and in definitions', () => {
  const path = new URL('../definition.schema.json', import.meta.url)
  const { definitions } = JSON.parse(readFileSync(path, 'utf8'))
  const { pattern } = definitions.delay
  expect(openapiDocument.components.schemas['Duration']).toMatchObject({ pattern })
})

test.each(['', '30', '1.5m', '-1s', '30 s', '1M', 'P1M', 'P1Y', 'P1W', 'PT', 'P', '36526d', '1e3s', '１s'])(
  '%j is no duration',
  (text) => expect(parseDuration(text)).toBeUndefined(),
)
