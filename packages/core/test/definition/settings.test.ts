import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../src/definition/parse-definition.js'
import { definitionOf, placesIn, problemsOf } from './outcome.js'

/** A definition of one task with these settings. */
const withTask = (settings: object) => ({ tasks: [{ name: 'A', ...settings }] })
const codes = (value: unknown) => problemsOf(value).map(({ code, pointer }) => `${code} ${pointer}`.trimEnd())
const messageOf = (value: unknown) => problemsOf(value)[0]?.message ?? ''

const retryOf = (retry: object) => definitionOf(withTask({ retry: { limit: 1, ...retry } })).tasks[0]?.retry
const codesOf = (failureProcess: unknown, more: object = {}) =>
  codes({ failureProcess, ...withTask({}), ...more })
const processOf = (failureProcess: unknown) =>
  definitionOf({ failureProcess, ...withTask({}) }).failureProcess
const suggestionOf = (value: unknown) => problemsOf(value)[0]?.suggestion

describe('a definition with everything', () => {
  const source = `
name: loan-application
input: { type: object, required: [applicant] }
timeout: 7d
failureProcess: undo-loan
defaults: { retry: 2, timeout: 10m }
tasks:
  - name: Open Loan Application
  - name: Review Credit
    needs: [Open Loan Application]
    retry: { limit: 4, delay: 10s, factor: 2, maxDelay: 5m, jitter: true, within: 2h }
    timeout: 2m
    heartbeat: 30s
    scheduleTimeout: 1d
    delay: 1h
    priority: 5
`
  const definition = parseDefinition(source)

  test('is read with all durations in milliseconds, and defaults not mixed into tasks', () => {
    expect(definition).toStrictEqual({
      name: 'loan-application',
      input: { type: 'object', required: ['applicant'] },
      timeoutMs: 604_800_000,
      failureProcess: { name: 'undo-loan', on: ['failed'] },
      defaults: {
        retry: { limit: 2, delayMs: 1_000, factor: 2, maxDelayMs: 3_600_000, jitter: true },
        timeoutMs: 600_000,
      },
      tasks: [
        { name: 'Open Loan Application', needs: [] },
        {
          name: 'Review Credit',
          needs: ['Open Loan Application'],
          retry: {
            limit: 4,
            delayMs: 10_000,
            factor: 2,
            maxDelayMs: 300_000,
            jitter: true,
            withinMs: 7_200_000,
          },
          timeoutMs: 120_000,
          heartbeatMs: 30_000,
          scheduleTimeoutMs: 86_400_000,
          delayMs: 3_600_000,
          priority: 5,
        },
      ],
    })
  })

  test('cannot be changed anywhere', () => {
    const unfrozen: string[] = []
    const visit = (value: unknown, at: string): void => {
      if (typeof value !== 'object' || value === null) return
      if (!Object.isFrozen(value)) unfrozen.push(at)
      for (const [key, part] of Object.entries(value)) visit(part, `${at}/${key}`)
    }
    visit(definition, '')
    expect(unfrozen).toEqual([])
  })
})

describe('retry', () => {
  test('is a number of retries, and the rest is as usual', () => {
    expect(definitionOf(withTask({ retry: 3 })).tasks[0]?.retry).toStrictEqual({
      limit: 3,
      delayMs: 1_000,
      factor: 2,
      maxDelayMs: 3_600_000,
      jitter: true,
    })
  })

  test('has defaults that give way to what is written', () => {
    expect(retryOf({ delay: '2h' })).toMatchObject({ delayMs: 7_200_000, maxDelayMs: 7_200_000 })
    expect(retryOf({ maxDelay: '500ms' })).toMatchObject({ delayMs: 500, maxDelayMs: 500 })
  })

  test('that many tasks share is one object', () => {
    const { tasks } = definitionOf({
      tasks: [
        { name: 'A', retry: 2 },
        { name: 'B', retry: { jitter: true, limit: 2 } },
        { name: 'C', retry: { limit: 2, jitter: true } },
      ],
    })
    expect(tasks[1]?.retry).toBe(tasks[2]?.retry)
    expect(tasks[0]?.retry).toEqual(tasks[1]?.retry)
  })

  test.each([
    ['text', '3', 'wrong-type /tasks/0/retry'],
    ['a flag', true, 'wrong-type /tasks/0/retry'],
    ['nothing', null, 'wrong-type /tasks/0/retry'],
    ['a list', [3], 'wrong-type /tasks/0/retry'],
    ['a negative number', -1, 'bad-number /tasks/0/retry'],
    ['a fraction', 1.5, 'bad-number /tasks/0/retry'],
    ['no number', Number.NaN, 'bad-number /tasks/0/retry'],
    ['more than a million', 1_000_001, 'bad-number /tasks/0/retry'],
    ['a limit that is text', { limit: '3' }, 'bad-number /tasks/0/retry/limit'],
    ['a limit of nothing', { limit: null }, 'bad-number /tasks/0/retry/limit'],
    ['no limit', { delay: '1s' }, 'missing-limit /tasks/0/retry'],
    ['an undefined limit', { limit: undefined }, 'missing-limit /tasks/0/retry'],
    ['a factor below one', { limit: 1, factor: 0.9 }, 'bad-number /tasks/0/retry/factor'],
    ['a factor over a hundred', { limit: 1, factor: 101 }, 'bad-number /tasks/0/retry/factor'],
    ['a jitter that is text', { limit: 1, jitter: 'yes' }, 'wrong-type /tasks/0/retry/jitter'],
    ['a bare number for a delay', { limit: 1, delay: 1 }, 'bad-duration /tasks/0/retry/delay'],
    ['a within of zero', { limit: 1, within: '0s' }, 'bad-duration /tasks/0/retry/within'],
    [
      'a maxDelay below the delay',
      { limit: 1, delay: '2s', maxDelay: '1s' },
      'contradiction /tasks/0/retry/maxDelay',
    ],
    [
      'a within below the first wait',
      { limit: 1, delay: '3s', within: '1s' },
      'contradiction /tasks/0/retry/within',
    ],
  ])('refuses %s', (_, retry, expected) => {
    expect(codes(withTask({ retry }))).toEqual([expected])
  })

  test.each([
    ['no wait at all', { limit: 1, delay: '0s', maxDelay: '0s' }],
    ['a within that jitter may meet', { limit: 1, delay: '2s', within: '1s' }],
    ['a within that nothing comes of', { limit: 0, within: '1ms' }],
    ['a million retries by a factor of a hundred', { limit: 1_000_000, factor: 100 }],
  ])('may have %s', (_, retry) => {
    expect(codes(withTask({ retry }))).toEqual([])
  })
})

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['PT30S', 30_000],
    ['P1DT12H', 129_600_000],
    ['PT0.5S', 500],
    ['36525d', 3_155_760_000_000],
  ])('may be %s', (timeout, timeoutMs) => {
    expect(definitionOf(withTask({ timeout })).tasks[0]).toMatchObject({ timeoutMs })
  })

  test.each([
    [30, 'the number 30', 'Write "30s" for seconds'],
    ['30', 'the text "30"', 'Write "30s" for seconds'],
    [1.5, 'the number 1.5', 'Write "1500ms" for seconds'],
    [-5, 'the number -5', 'cannot be negative'],
    ['-30s', 'the text "-30s"', 'cannot be negative'],
    ['PT-5S', 'the text "PT-5S"', 'cannot be negative'],
    ['1mo', 'the text "1mo"', 'Months and years'],
    ['2 years', 'the text "2 years"', 'Months and years'],
    ['P1M', 'the text "P1M"', 'Months and years'],
    ['P1Y2M', 'the text "P1Y2M"', 'Months and years'],
    ['2w', 'the text "2w"', 'Write "14d"'],
    ['P2W', 'the text "P2W"', 'Write "14d"'],
    ['1.5m', 'the text "1.5m"', 'Write "90s"'],
    ['1,5h', 'the text "1,5h"', 'Write "90m"'],
    ['0.0001s', 'the text "0.0001s"', 'without a fraction'],
    ['30 s', 'the text "30 s"', 'Write "30s"'],
    [' 30s', 'the text " 30s"', 'Write "30s"'],
    ['5min', 'the text "5min"', 'Write "5m"'],
    ['5 Minutes', 'the text "5 Minutes"', 'Write "5m"'],
    ['1h30m', 'the text "1h30m"', 'Write "90m"'],
    ['pt30s', 'the text "pt30s"', 'Write "PT30S"'],
    ['36526d', 'the text "36526d"', 'a hundred years: "36525d"'],
    ['9'.repeat(30) + 'd', 'the text "999', 'a hundred years: "36525d"'],
    ['soon', 'the text "soon"', 'Write a whole number and one of the units'],
    ['', 'an empty text', 'Write a whole number and one of the units'],
    ['9'.repeat(1_000), 'the text "999', 'Write a whole number and one of the units'],
    [Number.POSITIVE_INFINITY, 'the number Infinity', 'Write a whole number'],
    [null, 'nothing (null)', 'Write a whole number'],
    [['1s'], 'a list', 'Write a whole number'],
  ])('cannot be %j', (timeout, found, advice) => {
    const value = withTask({ timeout })
    expect(codes(value)).toEqual(['bad-duration /tasks/0/timeout'])
    expect(messageOf(value)).toContain(`Expected a duration such as 30s, 5m, 2h or 7d, but found ${found}`)
    expect(messageOf(value)).toContain(advice)
  })

  test('of zero are refused where nothing could happen in them', () => {
    const zero = { timeout: '0s', heartbeat: '0ms', scheduleTimeout: 'PT0S', delay: '0s' }
    expect(codes({ timeout: 'P0D', ...withTask(zero) })).toEqual([
      'bad-duration /timeout',
      'bad-duration /tasks/0/timeout',
      'bad-duration /tasks/0/heartbeat',
      'bad-duration /tasks/0/scheduleTimeout',
    ])
    expect(definitionOf(withTask({ delay: '0s' })).tasks[0]).toMatchObject({ delayMs: 0 })
  })

  test('of a heartbeat may be longer than the timeout, which is then felt first', () => {
    expect(codes(withTask({ heartbeat: '5m', timeout: '2m' }))).toEqual([])
  })

  test('of a delay must leave the process time to begin the task', () => {
    const value = {
      timeout: '1d',
      defaults: { delay: '2d' },
      tasks: [{ name: 'A', delay: '1d' }, { name: 'B' }],
    }
    expect(codes(value)).toEqual(['contradiction /defaults/delay', 'contradiction /tasks/0/delay'])
    expect(codes({ ...value, timeout: '3d' })).toEqual([])
  })
})

describe('priority', () => {
  test.each([[0], [9]])('may be %j', (priority) => {
    expect(definitionOf(withTask({ priority })).tasks[0]?.priority).toBe(priority)
  })

  test.each([[-1], [10], [4.5], ['5'], [true], [null], [5n]])('cannot be %s', (priority) => {
    expect(codes(withTask({ priority }))).toEqual(['bad-number /tasks/0/priority'])
  })

  test('of minus zero is zero, so that JSON keeps it', () => {
    expect(definitionOf(withTask({ priority: -0 })).tasks[0]?.priority).toBe(0)
  })

  test('in quotes says to write it without', () => {
    expect(messageOf(withTask({ priority: '5' }))).toContain('without quotes')
  })
})

describe('failureProcess', () => {
  test('is a name, or says when besides', () => {
    expect(processOf('undo')).toEqual({ name: 'undo', on: ['failed'] })
    expect(processOf({ name: 'undo' })).toEqual({ name: 'undo', on: ['failed'] })
    expect(processOf({ name: 'undo', on: ['failed', 'cancelled'] })).toEqual({
      name: 'undo',
      on: ['failed', 'cancelled'],
    })
    expect(processOf({ name: 'undo', on: ['cancelled'] })).toEqual({ name: 'undo', on: ['cancelled'] })
  })

  test.each([
    ['a number', 5, 'wrong-type /failureProcess'],
    ['a list', ['undo'], 'wrong-type /failureProcess'],
    ['an empty name', '', 'empty-name /failureProcess'],
    ['a name no URL can carry', '..', 'bad-name /failureProcess'],
    ['no name', { on: ['failed'] }, 'missing-name /failureProcess'],
    ['a name that is no text', { name: 1 }, 'wrong-type /failureProcess/name'],
    ['an unknown key', { name: 'undo', after: 1 }, 'unknown-key /failureProcess/after'],
    ['text for a list', { name: 'undo', on: 'failed' }, 'bad-failure-process /failureProcess/on'],
    ['an empty list', { name: 'undo', on: [] }, 'bad-failure-process /failureProcess/on'],
    ['a cause twice', { name: 'undo', on: ['failed', 'failed'] }, 'bad-failure-process /failureProcess/on/1'],
    ['another cause', { name: 'undo', on: ['completed'] }, 'bad-failure-process /failureProcess/on/0'],
    [
      'too many causes',
      { name: 'undo', on: ['failed', 'cancelled', 'failed'] },
      'bad-failure-process /failureProcess/on',
    ],
  ])('refuses %s', (_, value, expected) => {
    expect(codesOf(value)).toEqual([expected])
  })

  test('cannot be the definition itself', () => {
    expect(codesOf('me', { name: 'me' })).toEqual(['bad-failure-process /failureProcess'])
    expect(codesOf({ name: 'me' }, { name: 'me' })).toEqual(['bad-failure-process /failureProcess'])
    expect(codesOf('me', { name: 'other' })).toEqual([])
  })
})

describe('keys', () => {
  test.each([
    ['retries', 'retry'],
    ['maxRetries', 'retry'],
    ['max_retries', 'retry'],
    ['attempts', 'retry'],
    ['timeoutSeconds', 'timeout'],
    ['time-out', 'timeout'],
    ['startToCloseTimeout', 'timeout'],
    ['heartbeatTimeout', 'heartbeat'],
    ['heartBeat', 'heartbeat'],
    ['scheduleToStartTimeout', 'scheduleTimeout'],
    ['schedule_timeout', 'scheduleTimeout'],
    ['sleep', 'delay'],
    ['prority', 'priority'],
    ['depends-on', 'needs'],
  ])('of a task: %s is meant to be %s', (key, meant) => {
    expect(suggestionOf(withTask({ [key]: 1 }))).toBe(meant)
  })

  test('of the defaults are those of a task', () => {
    expect(suggestionOf({ defaults: { maxRetries: 1 }, ...withTask({}) })).toBe('retry')
  })

  test.each([
    ['onFailure', 'failureProcess'],
    ['compensation', 'failureProcess'],
    ['failure_process', 'failureProcess'],
    ['inputSchema', 'input'],
    ['timeLimit', 'timeout'],
    ['default', 'defaults'],
    ['retry', 'defaults'],
  ])('of a definition: %s is meant to be %s', (key, meant) => {
    expect(suggestionOf({ [key]: 1, ...withTask({}) })).toBe(meant)
  })

  test.each([
    ['maxAttempts', 'limit'],
    ['initialInterval', 'delay'],
    ['backoffCoefficient', 'factor'],
    ['max_delay', 'maxDelay'],
    ['maximumInterval', 'maxDelay'],
    ['timeout', 'within'],
  ])('of retry: %s is meant to be %s', (key, meant) => {
    expect(suggestionOf(withTask({ retry: { limit: 1, [key]: 1 } }))).toBe(meant)
  })
})

test('every mistake is found, with its place in the text', () => {
  const source = [
    'timeout: 30',
    'failureProcess: { name: undo, on: [timeout] }',
    'defaults: { priorty: 1, delay: 0.5h }',
    'input: { type: objekt }',
    'tasks:',
    '  - name: A',
    '    retry: { limit: 1, delay: 1m, maxDelay: 1s }',
    '    heartbeat: 1 week',
    '  - name: B',
    '    retry:',
    '      delay: 1s',
    '    priority: 11',
  ].join('\n')
  expect(placesIn(source)).toEqual([
    '1:10 bad-duration /timeout',
    '2:36 bad-failure-process /failureProcess/on/0',
    '3:13 unknown-key /defaults/priorty',
    '3:32 bad-duration /defaults/delay',
    '4:16 bad-schema /input/type',
    '7:45 contradiction /tasks/0/retry/maxDelay',
    '8:16 bad-duration /tasks/0/heartbeat',
    '11:7 missing-limit /tasks/1/retry',
    '12:15 bad-number /tasks/1/priority',
  ])
})
