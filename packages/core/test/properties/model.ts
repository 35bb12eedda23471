import fc from 'fast-check'
import { expect } from 'vitest'
import { definitions } from './arbitraries.js'
import type { Ground } from './ground.js'
import { checkInvariants } from './invariants.js'
import { Twins, twinSteps } from './twins.js'
import { World, worlds } from './world.js'

/** Whatever is asked of whichever replica, the answer is the naive model's, and so is what is stored. */
export function likeTheModel(ground: () => Ground | Promise<Ground>) {
  return fc.asyncProperty(
    definitions({ jitter: false }),
    worlds,
    fc.array(twinSteps, { maxLength: 60, size: 'max' }),
    async (definition, options, steps) => {
      const world = new World(options, await ground())
      const twins = await Twins.start(world, definition)
      for (const step of steps) {
        const { real, naive } = await twins.take(step)
        expect(real).toBe(naive)
        await twins.expectAlike()
        await checkInvariants(world)
      }
    },
  )
}
