import { expect, test } from 'vitest'
import { ThrowAwayCluster } from '../packages/postgres/test/support/throw-away-cluster.js'
import { Storm } from './support/storm/storm.js'

// `pnpm storm --minutes N` is the same for longer.
test.skipIf(ThrowAwayCluster.find() === undefined)(
  'a minute of kills, pauses, cut connections and lost answers loses nothing and does nothing twice',
  { timeout: 300_000 },
  async () => {
    const { anomalies, completions, troubles } = await Storm.run(1)
    expect(anomalies).toEqual([])
    // Fewer would mean that little was tried; other tests run beside this one.
    expect(completions).toBeGreaterThan(100)
    expect(Object.values(troubles).reduce((sum, count) => sum + count)).toBeGreaterThan(5)
  },
)
