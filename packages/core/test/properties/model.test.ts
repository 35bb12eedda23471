import fc from 'fast-check'
import { describe, it } from 'vitest'
import { inMemory } from './ground.js'
import { likeTheModel } from './model.js'
import { proof, proofTimeout } from './proof.js'

describe('replicas in memory, beside a naive model of them', () => {
  it('answer the same and are in the same state after every step', proofTimeout, () =>
    fc.assert(likeTheModel(inMemory), proof(300)),
  )
})
