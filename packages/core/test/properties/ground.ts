import { MemoryStore, type Store } from '@tunacorn/core'
import { ManualClock } from '@tunacorn/core/testing'

/** What a world stands on: an empty store that any number of replicas share, and its clock. */
export interface Ground {
  readonly clock: {
    now(): number
    advance(ms: number): Promise<void> | void
  }
  /** The store as each of its replicas has it; any number is one. */
  storeOf(replica: number): Omit<Store, 'close'>
}

export function inMemory(): Ground {
  const clock = new ManualClock()
  const store = new MemoryStore({ now: () => clock.now() })
  return { clock, storeOf: () => store }
}
