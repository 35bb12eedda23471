import { MemoryStore } from '@tunacorn/core'
import { describeStoreConformance, ManualClock } from '@tunacorn/core/testing'
import { describe, it } from 'vitest'

describe('the store in memory', () => {
  describeStoreConformance({ describe, it }, async () => {
    const clock = new ManualClock()
    const store = new MemoryStore({ now: () => clock.now() })
    const pass = async (ms: number) => clock.advance(ms)
    return { store, pass, skip: pass, close: () => store.close() }
  })
})
