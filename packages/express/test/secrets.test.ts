import { openapiDocument } from '@tunacorn/protocol'
import { expect, test } from 'vitest'
import { checkAnswer, refuseSecrets } from './support/contract.js'
import { serve } from './support/serve.js'
import { claimOne, run } from './support/steps.js'

// Every answer and every line of the log, in all of these tests, is searched for secrets that were handed out. Here
// it is shown that one would be found.

test('the secret of a claim is found in any answer but that of the claim, and in the log', async () => {
  const { api } = await serve()
  const process = await run(api, { A: [] })
  const task = await claimOne(api)
  const { claim: _claim, lease: _lease, ...rest } = task
  const secret = task.claim.split('.')[1] ?? ''
  const headers = { 'content-type': 'application/json' }
  const shown = { ...rest, process: process.id, definition: 'a', state: 'claimed', needs: [] }
  const { leaseExpiresAt: _at, attempt: _attempt, attributes: _attributes, ...plain } = shown
  const answer = (body: object) => ({ status: 200, headers, text: JSON.stringify(body) })
  expect(() => checkAnswer('get', `/tasks/${task.id}`, answer(plain))).not.toThrow()
  for (const output of [secret, task.claim, { deep: [secret] }]) {
    expect(() => checkAnswer('get', `/tasks/${task.id}`, answer({ ...plain, output }))).toThrow('no secret')
  }
  // Neither in a claim's answer, outside of a claim.
  const needs = { B: secret }
  const claimed = { tasks: [{ ...task, needs }] }
  expect(() => checkAnswer('post', '/tasks/claim', answer(claimed))).toThrow('no secret')
  expect(() => checkAnswer('post', '/tasks/claim', answer({ tasks: [task] }))).not.toThrow()
  expect(() => refuseSecrets(`task ${task.id} claim=${task.claim} failed`)).toThrow('no secret')
})

test('no path and no query has a place for a claim, a key, or anything else that is secret', () => {
  const parameters = Object.values(openapiDocument.paths).flatMap((item) =>
    [item, item.get, item.post, item.delete].flatMap((part) => part?.parameters ?? []),
  )
  const named = parameters.map(({ $ref, name }) => ($ref === undefined ? name : $ref.split('/').at(-1)))
  const known = [
    'ProcessId',
    'TaskId',
    'DefinitionName',
    'DefinitionVersion',
    'Limit',
    'Cursor',
    'IdempotencyKey',
  ]
  const own = [
    'state',
    'definition',
    'key',
    'name',
    'process',
    'wait',
    'after',
    'Last-Event-ID',
    'Traceparent',
  ]
  // What is added is looked at once by whoever adds it here. `key` is the name that a process has.
  expect([...new Set(named)].filter((name) => ![...known, ...own].includes(name ?? ''))).toEqual([])
  expect(JSON.stringify(parameters)).not.toMatch(/schemas\/Claim|secret|token/i)
})
