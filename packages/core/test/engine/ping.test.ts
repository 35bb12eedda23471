import { MemoryStore, TunaCornError, type ProcessList } from '@tunacorn/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { engineOn, refusalOf, standIn } from './support.js'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

function pinging(list: ProcessList['list']) {
  const store = new MemoryStore()
  const asked = vi.fn<ProcessList['list']>(list)
  const processList = standIn<ProcessList>(store.processList, { list: asked })
  return { engine: engineOn({ ...store, processList }), asked }
}

test('however many ask whether the store answers, it is asked once a second', async () => {
  const { engine, asked } = pinging(() => Promise.resolve([]))
  await Promise.all(Array.from({ length: 100 }, () => engine.ping()))
  await vi.advanceTimersByTimeAsync(999)
  await engine.ping()
  expect(asked).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(1)
  await engine.ping()
  expect(asked).toHaveBeenCalledTimes(2)
  await engine.close()
})

test('that it does not answer is told to all who ask within a second; then it is asked again', async () => {
  const { engine, asked } = pinging(() => Promise.reject(new TunaCornError('unavailable', 'away')))
  for (let n = 0; n < 3; n += 1) expect(await refusalOf(engine.ping())).toBe('unavailable')
  expect(asked).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(1_000)
  asked.mockResolvedValue([])
  await engine.ping()
  expect(asked).toHaveBeenCalledTimes(2)
  await engine.close()
})

test('a store that hangs is told of after three seconds, and is not asked again meanwhile', async () => {
  let answer: () => void = () => undefined
  const { engine, asked } = pinging(() => new Promise((resolve) => (answer = () => resolve([]))))
  const first = refusalOf(engine.ping())
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await first).toBe('unavailable')
  const second = engine.ping()
  expect(asked).toHaveBeenCalledTimes(1)
  answer()
  await second
  await engine.close()
})

test('a store that is not there yet is waited for within the same three seconds', async () => {
  const { engine, asked } = pinging(() => new Promise(() => {}))
  const { promise: opened, resolve: open } = withResolvers()
  const answer = refusalOf(engine.ping(opened))
  await vi.advanceTimersByTimeAsync(2_000)
  expect(asked).not.toHaveBeenCalled()
  open()
  await vi.advanceTimersByTimeAsync(999)
  expect(asked).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(await answer).toBe('unavailable')
})

function withResolvers() {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}
