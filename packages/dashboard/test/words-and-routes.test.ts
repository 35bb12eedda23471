import { describe, expect, test } from 'vitest'
import { EventStreamReader } from '../src/event-stream.js'
import { findTroubles } from '../src/overview/find-troubles.js'
import { hrefOf, parseRoute } from '../src/route.js'
import { countWords, durationWords, relativeWords, shortened } from '../src/words.js'

describe('a route', () => {
  test.each([
    [[], {}],
    [['processes'], { state: 'failed', key: 'a&b=c' }],
    [['definitions', 'a/b #?% <img>'], { version: '2' }],
  ])('%j %j is read as it was written', (path, query) => {
    expect(parseRoute(hrefOf(path, query))).toEqual({ path, query })
  })

  test('leaves out what is empty, and takes what cannot be decoded as it is', () => {
    expect(hrefOf(['processes'], { state: '', key: undefined })).toBe('#/processes')
    expect(parseRoute('#/definitions/%zz')).toEqual({ path: ['definitions', '%zz'], query: {} })
  })
})

describe('words', () => {
  test.each([
    [0, '0 ms'],
    [2_340, '2.3 s'],
    [75_000, '1 min 15 s'],
    [7_200_000, '2 h'],
    [100_000_000, '1 d 3 h'],
  ])('%i ms is "%s"', (ms, words) => {
    expect(durationWords(ms)).toBe(words)
  })

  test('tell how far away a moment is', () => {
    expect(relativeWords(0, 90_000)).toBe('1 min ago')
    expect(relativeWords(7_300_000, 0)).toBe('in 2 h')
    expect(relativeWords(1_000, 0)).toBe('now')
  })

  test('count, and shorten in the middle', () => {
    expect(countWords(1, 'process', 'processes')).toBe('1 process')
    expect(countWords(2_000, 'task')).toBe('2,000 tasks')
    expect(shortened('Review Application Details', 20)).toBe('Review Applic…etails')
    expect(shortened('🐟🐟', 2)).toBe('🐟🐟')
  })
})

describe('server-sent events', () => {
  const stream =
    'retry: 1000\n\nid: 1\nevent: process-started\ndata: {"a":1}\n\n: nothing new\n\nid: 2\ndata: x\ndata: y\n\n'
  const events = [
    { id: '1', event: 'process-started', data: '{"a":1}' },
    { id: '2', event: 'message', data: 'x\ny' },
  ]

  test('are read whole', () => {
    expect(new EventStreamReader().read(stream)).toEqual(events)
  })

  test('are read in whatever pieces they come', () => {
    const reader = new EventStreamReader()
    expect([...stream].flatMap((piece) => reader.read(piece))).toEqual(events)
  })
})

describe('what needs a look', () => {
  const nowMs = Date.parse('2026-11-24T09:00:00.000Z')
  const ago = (seconds: number) => new Date(nowMs - seconds * 1_000).toISOString()
  const task = { name: 'A', claimed: 0, lapsed: 0, paused: 0, retrying: 0, delayed: 0, waiting: 0 }
  const kinds = (given: object) => findTroubles([{ ...task, ...given }], nowMs).map(({ kind }) => kind)

  test.each([
    ['nothing that waits', {}, []],
    ['what nobody ever asked for', { waiting: 2, waitingSince: ago(60) }, ['unasked']],
    [
      'what nobody asks for any more',
      { waiting: 2, waitingSince: ago(600), lastPolledAt: ago(300) },
      ['unasked'],
    ],
    ['not what is asked for', { waiting: 2, waitingSince: ago(600), lastPolledAt: ago(20) }, []],
    ['not what has only just come', { waiting: 2, waitingSince: ago(5) }, []],
    ['not what somebody works on', { waiting: 2, waitingSince: ago(600), claimed: 1 }, []],
    ['what fails, and whose worker is silent', { retrying: 1, lapsed: 1 }, ['lapsed', 'retrying']],
  ])('%s', (_, given, expected) => {
    expect(kinds(given)).toEqual(expected)
  })
})
