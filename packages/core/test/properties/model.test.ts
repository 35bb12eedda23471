import { describe, it } from 'vitest'
import { inMemory } from './ground.js'
import { likeTheModel } from './model.js'
import { proofTimeout, prove } from './proof.js'
import { startsLikeTheModel } from './starts.js'

describe('replicas in memory, beside a naive model of them', () => {
  it('answer the same and are in the same state after every step', proofTimeout, () =>
    prove(likeTheModel(inMemory), 300),
  )

  it('start the same processes, and no others', proofTimeout, () =>
    prove(startsLikeTheModel(inMemory), 60, 25),
  )
})
