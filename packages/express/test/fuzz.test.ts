import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chanceSeed, isProof } from '../../../test/support/proof.js'
import { FuzzWorld } from './support/fuzz/fuzz-world.js'
import { anyRequest, operationIds } from './support/fuzz/requests.js'
import { register, start } from './support/steps.js'
import { onEachStore } from './support/stores.js'

/** For each store. */
const requestCount = isProof ? 60_000 : 1_000
/** As many are under way at once. */
const atOnce = 10

describe(`whatever is asked (TUNACORN_SEED=${chanceSeed})`, () => {
  onEachStore((serveFresh) => {
    test(
      `${requestCount} requests to all routes get answers that openapi.yaml has, and break nothing`,
      async () => {
        const before = Object.getOwnPropertyNames(Object.prototype)
        const { api, log } = await serveFresh({ metrics: true, engine: { retentionMs: 5_000 } })
        const world = new FuzzWorld(api.url)
        for (const name of ['fuzzed', '__proto__', 'a/b']) {
          await register(api, name, { A: [], B: ['A'] })
          await start(api, name)
        }
        const requests = fc.array(anyRequest, { minLength: atOnce, maxLength: atOnce })
        await fc.assert(
          fc.asyncProperty(requests, async (all) => {
            await Promise.all(all.map((one) => world.send(one)))
          }),
          // What a request does depends on those before: the first that fails is the one to look at.
          { seed: chanceSeed, numRuns: requestCount / atOnce, endOnFailure: true },
        )
        world.close()
        expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
        expect(world.sent).toBe(requestCount)
        expect(log.complaints()).toEqual([])
        expect((await api.get<object>('/readyz')).status).toBe(200)
        const reached = operationIds.filter((id) => world.counts.has(`${id} 2xx`))
        const refused = operationIds.filter((id) => world.counts.has(`${id} 4xx`))
        if (isProof) expect([reached, refused]).toEqual([operationIds, operationIds])
        else expect(Math.min(reached.length, refused.length)).toBeGreaterThan(operationIds.length / 2)
      },
      isProof ? 3_600_000 : 120_000,
    )
  })
})
