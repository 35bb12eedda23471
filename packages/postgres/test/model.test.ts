import { openEmbedded } from '@tunacorn/postgres/embedded'
import { Pool } from 'pg'
import { describe, it, onTestFinished } from 'vitest'
import { likeTheModel } from '../../core/test/properties/model.js'
import { proofTimeout, prove } from '../../core/test/properties/proof.js'
import { startsLikeTheModel } from '../../core/test/properties/starts.js'
import { maxReplicas } from '../../core/test/properties/world.js'
import { freshDatabase, postgresUrl } from './support/databases.js'
import { ManualGround, searchPath } from './support/manual-ground.js'

const url = postgresUrl()

describe('replicas, beside a naive model of them', () => {
  it.skipIf(url === undefined)(
    'answer the same on PostgreSQL, and are in the same state after every step',
    proofTimeout,
    async () => {
      const database = await freshDatabase(url ?? '')
      const pools = Array.from(
        { length: maxReplicas },
        () => new Pool({ connectionString: database.url, max: 2, options: `-c search_path=${searchPath}` }),
      )
      onTestFinished(async () => {
        await Promise.all(pools.map((pool) => pool.end()))
        await database.drop()
      })
      const ground = await ManualGround.on(pools)
      await prove(
        likeTheModel(() => ground.empty()),
        12,
        25,
      )
      await prove(
        startsLikeTheModel(() => ground.empty()),
        6,
        25,
      )
    },
  )

  it('answer the same on the embedded database, and are in the same state', proofTimeout, async () => {
    const { pool, close } = await openEmbedded()
    onTestFinished(close)
    // It has one session.
    await pool.query(`SET search_path = ${searchPath}`)
    const ground = await ManualGround.on([pool])
    await prove(
      likeTheModel(() => ground.empty()),
      6,
      25,
    )
    await prove(
      startsLikeTheModel(() => ground.empty()),
      3,
      25,
    )
  })
})
