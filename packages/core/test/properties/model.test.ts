import { describe, it } from 'vitest'
import { inMemory } from './ground.js'
import { likeTheModel } from './model.js'
import { proofTimeout, prove } from './proof.js'

describe('replicas in memory, beside a naive model of them', () => {
  it('answer the same and are in the same state after every step', proofTimeout, () =>
    prove(likeTheModel(inMemory), 300),
  )
})
