import { attemptPromises } from './conformance/attempts.js'
import { boardPromises } from './conformance/board.js'
import { censusPromises } from './conformance/census.js'
import { claimingAlongPromises } from './conformance/claiming-along.js'
import { claimingPromises } from './conformance/claiming.js'
import { concurrencyPromises } from './conformance/concurrency.js'
import { definitionRemovalPromises } from './conformance/definition-removal.js'
import { definitionTurnPromises } from './conformance/definition-turns.js'
import { definitionPromises } from './conformance/definitions.js'
import { duePromises } from './conformance/due.js'
import { failureProcessPromises } from './conformance/failure-processes.js'
import { findingReportsPromises } from './conformance/finding-reports.js'
import { handingOverPromises } from './conformance/handing-over.js'
import { heldPromises } from './conformance/held.js'
import { judgingPromises } from './conformance/judging.js'
import { keyPromises } from './conformance/keys.js'
import { leaseLimitPromises } from './conformance/lease-limits.js'
import { leasePromises } from './conformance/leases.js'
import { payloadPromises } from './conformance/payloads.js'
import { persistingPromises } from './conformance/persisting.js'
import { pollPromises } from './conformance/polls.js'
import { processClockPromises } from './conformance/process-clock.js'
import { readingPromises } from './conformance/reading.js'
import { replicaPromises } from './conformance/replicas.js'
import { reportPromises } from './conformance/reports.js'
import { retryingPromises } from './conformance/retrying.js'
import { startingOncePromises } from './conformance/starting-once.js'
import { startingPromises } from './conformance/starting.js'
import { storePromises } from './conformance/store.js'
import { tidyingPromises } from './conformance/tidying.js'
import { unfinishedPromises } from './conformance/unfinished.js'
import { promisesIn, type Promises, type StoreWorld, type TestApi } from './store-world.js'

const topics: Readonly<Record<string, (promises: Promises) => void>> = {
  'a store': storePromises,
  'registering and reading definitions': definitionPromises,
  'removing definitions': definitionRemovalPromises,
  'registering and removing in turn': definitionTurnPromises,
  'starting processes': startingPromises,
  'persisting changes': persistingPromises,
  'reporting tasks': reportPromises,
  'payloads and names': payloadPromises,
  'reading processes': readingPromises,
  'holding a process': heldPromises,
  'the board': boardPromises,
  claiming: claimingPromises,
  'handing over': handingOverPromises,
  'claiming along': claimingAlongPromises,
  leases: leasePromises,
  attempts: attemptPromises,
  'limits of a lease': leaseLimitPromises,
  'what is due': duePromises,
  'failed attempts': retryingPromises,
  'judging what is due': judgingPromises,
  'the clock of a process': processClockPromises,
  'cleaning up after a failure': failureProcessPromises,
  'attempts without an end': unfinishedPromises,
  'starting once': startingOncePromises,
  keys: keyPromises,
  tidying: tidyingPromises,
  polls: pollPromises,
  'counting what there is': censusPromises,
  'finding reports': findingReportsPromises,
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
