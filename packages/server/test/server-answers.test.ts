import { TunaCornConnectionError } from '@tunacorn/client'
import { expect, test } from 'vitest'
import { failureOf } from '../src/server-answers.js'

test('of a server that hangs, what to look at is said, not how to program', () => {
  const url = 'http://127.0.0.1:8266/processes'
  const failure = failureOf(new TunaCornConnectionError('timeout', url, 'raise timeoutMs'))
  expect(failure).toMatchObject({ exitCode: 69 })
  expect(failure?.message).toMatch(/^Expected an answer from http:\S+processes, but none came in time\..*log/)
  expect(failure?.message).not.toContain('timeoutMs')
})
