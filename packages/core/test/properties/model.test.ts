import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { definitions } from './arbitraries.js'
import { checkInvariants } from './invariants.js'
import { commands, passing, Twins } from './twins.js'
import { World, worlds } from './world.js'

describe('the engine, beside a naive model of it', () => {
  it('answers the same and is in the same state after every step', { timeout: 60_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        definitions({ jitter: false }),
        worlds,
        fc.array(fc.oneof({ weight: 30, arbitrary: commands(1) }, { weight: 8, arbitrary: passing }), {
          maxLength: 60,
          size: 'max',
        }),
        async (definition, options, taken) => {
          const world = new World(options)
          const twins = await Twins.start(world, definition)
          for (const step of taken) {
            const { real, naive } = await twins.take(step)
            expect(real).toBe(naive)
            await twins.expectAlike()
            await checkInvariants(world)
          }
        },
      ),
      { numRuns: 500 },
    ),
  )
})
