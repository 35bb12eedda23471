import { MemoryStore } from '@tunacorn/core'
import { describeStoreConformance, ManualClock } from '@tunacorn/core/testing'
import { describe, it } from 'vitest'

describe('the store in memory', () => {
  describeStoreConformance({ describe, it }, async () => {
    const clock = new ManualClock()
    const store = new MemoryStore({ now: () => clock.now() })
    return { store, pass: async (ms) => clock.advance(ms), close: () => store.close() }
  })
})
