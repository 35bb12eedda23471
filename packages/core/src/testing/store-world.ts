import type { Store } from '../lists/store.js'

/** What the suite needs of a test runner; `describe` and `it` of vitest and of node:test satisfy it. */
export interface TestApi {
  describe(name: string, body: () => void): void
  it(name: string, body: () => Promise<void>): void
}

/** An empty store of its own for one test. */
export interface StoreWorld {
  readonly store: Store
  /** Lets time pass: by hand for a store with a manual clock, by waiting otherwise. */
  readonly pass: (ms: number) => Promise<void>
  /** Lets much time pass at once: all that the store remembers is so much longer ago. */
  readonly skip: (ms: number) => Promise<void>
  /** Another store on the same data, as a second replica has it; absent when the store cannot share its data. */
  readonly replica?: (() => Promise<Store>) | undefined
  /** Closes `store` and clears up. Stores made by `replica` are closed before. */
  close(): Promise<void>
}

/** Declares one promise that a store keeps: a test with a world of its own. */
export type Promises = (promise: string, body: (world: StoreWorld) => Promise<void>) => void

export function promisesIn(test: TestApi, world: () => Promise<StoreWorld>): Promises {
  return (promise, body) =>
    test.it(promise, async () => {
      const own = await world()
      try {
        await body(own)
      } finally {
        await own.close()
      }
    })
}

/**
 * Runs `body` with two replicas of the world's store. A store that cannot share its data is its own second
 * replica: what is promised between replicas holds within one all the more.
 */
export async function withTwoReplicas(
  world: StoreWorld,
  body: (one: Store, other: Store) => Promise<void>,
): Promise<void> {
  if (world.replica === undefined) return body(world.store, world.store)
  const other = await world.replica()
  try {
    await body(world.store, other)
  } finally {
    await other.close()
  }
}
