import { describe, expect, test } from 'vitest'
import { findTroubles } from '../src/overview/find-troubles.js'
import { hrefOf, parseRoute } from '../src/route.js'
import { ServerClock } from '../src/stores/server-clock.js'
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

describe('the clock of the server', () => {
  const at = (time: string) => Date.parse(`2026-11-24T${time}Z`)
  const date = (time: string) => new Date(at(time)).toUTCString()

  test('is taken to be that of the browser for as long as they may agree', () => {
    const clock = new ServerClock()
    clock.note(date('09:00:00'), at('09:00:00.400'), at('09:00:00.500'))
    clock.note(null, at('09:00:07.000'), at('09:00:07.500'))
    expect(clock.aheadMs).toBe(0)
  })

  test('is known more exactly with each answer', () => {
    const clock = new ServerClock()
    // Three hours ahead: 12:00:00.300 and 12:00:02.950 there.
    clock.note(date('12:00:00'), at('09:00:00.300'), at('09:00:00.310'))
    expect(Math.abs(clock.aheadMs - 3 * 3_600_000)).toBeLessThan(600)
    clock.note(date('12:00:02'), at('09:00:02.950'), at('09:00:02.960'))
    expect(Math.abs(clock.aheadMs - 3 * 3_600_000)).toBeLessThan(300)
  })

  test('is learnt anew when the clock of the browser is set', () => {
    const clock = new ServerClock()
    clock.note(date('12:00:00'), at('09:00:00.300'), at('09:00:00.310'))
    clock.note(date('12:00:05'), at('12:00:05.300'), at('12:00:05.310'))
    expect(clock.aheadMs).toBe(0)
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

  test('says names that begin alike as one, and hides none behind another', () => {
    const board = [
      ...[1, 2, 3].map((n) => ({ ...task, name: `Resize ${n}`, waiting: n, waitingSince: ago(60 * n) })),
      ...[1, 2].map((n) => ({ ...task, name: `Pack ${n}`, waiting: 1, waitingSince: ago(60) })),
      { ...task, name: 'Send', retrying: 4 },
    ]
    expect(
      findTroubles(board, nowMs).map(({ kind, name, tasks, count }) => [kind, name, tasks.length, count]),
    ).toEqual([
      ['unasked', 'Resize', 3, 6],
      ['unasked', 'Pack 1', 1, 1],
      ['unasked', 'Pack 2', 1, 1],
      ['retrying', 'Send', 1, 4],
    ])
    expect(findTroubles(board, nowMs)[0]?.waitingSince).toBe(ago(180))
  })
})
