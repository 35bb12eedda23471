import { describe, it } from 'vitest'
import { inMemory } from './ground.js'
import { expectModel } from './model.js'
import { proofTimeout } from './proof.js'

describe('replicas in memory, beside a naive model of them', () => {
  it('answer the same and are in the same state after every step', proofTimeout, () =>
    expectModel(300, inMemory),
  )
})
