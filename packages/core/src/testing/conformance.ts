import { boardPromises } from './conformance/board.js'
import { claimingPromises } from './conformance/claiming.js'
import { concurrencyPromises } from './conformance/concurrency.js'
import { definitionRemovalPromises } from './conformance/definition-removal.js'
import { definitionPromises } from './conformance/definitions.js'
import { heldPromises } from './conformance/held.js'
import { leasePromises } from './conformance/leases.js'
import { payloadPromises } from './conformance/payloads.js'
import { persistingPromises } from './conformance/persisting.js'
import { readingPromises } from './conformance/reading.js'
import { replicaPromises } from './conformance/replicas.js'
import { reportPromises } from './conformance/reports.js'
import { startingPromises } from './conformance/starting.js'
import { storePromises } from './conformance/store.js'
import { promisesIn, type Promises, type StoreWorld, type TestApi } from './store-world.js'

const topics: Readonly<Record<string, (promises: Promises) => void>> = {
  'a store': storePromises,
  'registering and reading definitions': definitionPromises,
  'removing definitions': definitionRemovalPromises,
  'starting processes': startingPromises,
  'persisting changes': persistingPromises,
  'reporting tasks': reportPromises,
  'payloads and names': payloadPromises,
  'reading processes': readingPromises,
  'holding a process': heldPromises,
  'the board': boardPromises,
  claiming: claimingPromises,
  leases: leasePromises,
  'many at once': concurrencyPromises,
  'two replicas': replicaPromises,
}

/**
 * Declares the promises that every store keeps, as tests by topic, with a world of its own for each.
 *
 * @example describeStoreConformance({ describe, it }, async () => aWorldWithAnEmptyStore())
 */
export function describeStoreConformance(test: TestApi, world: () => Promise<StoreWorld>): void {
  const promises = promisesIn(test, world)
  for (const [topic, declare] of Object.entries(topics)) test.describe(topic, () => declare(promises))
}
