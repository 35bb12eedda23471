import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { notices, notify, serverAnswered } from '../src/stores/notices.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  notices.value = []
  vi.useRealTimers()
})

const texts = () => notices.value.map(({ text }) => text)

test('what is no longer true goes when the server answers again, once it could be read', () => {
  notify('Cannot be reached', 'unanswered')
  notify('No such process', 'failed')
  vi.advanceTimersByTime(60_000)
  expect(texts()).toEqual(['Cannot be reached', 'No such process'])
  serverAnswered()
  serverAnswered()
  vi.advanceTimersByTime(1_000)
  expect(texts()).toHaveLength(2)
  vi.advanceTimersByTime(60_000)
  expect(texts()).toEqual(['No such process'])
})
