import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { ThrowAwayCluster } from '../../packages/postgres/test/support/throw-away-cluster.js'
import { call } from '../support/api.js'
import { isProof } from '../support/proof.js'
import { Load } from '../support/storm/load.js'
import { LossyProxy } from '../support/storm/lossy-proxy.js'
import { pause } from '../support/storm/recorder.mjs'
import { runningServer } from '../support/world.js'

test.skipIf(ThrowAwayCluster.find() === undefined)(
  'a synchronous standby that is promoted after its primary was killed has all that was acknowledged',
  { timeout: isProof ? 600_000 : 120_000 },
  async () => {
    let primary = await ThrowAwayCluster.create()
    onTestFinished(() => primary.remove())
    // Servers reach the database by one address, whichever it is: as with a floating address, or a name.
    const proxy = await LossyProxy.start(primary.url)
    onTestFinished(() => proxy.close())
    const databaseUrl = proxy.urlOf(primary.url)
    const servers = [await runningServer({ kind: 'postgres', url: databaseUrl })]
    if (isProof) servers.push(await runningServer({ kind: 'postgres', url: databaseUrl }))
    const load = await Load.begin({
      urls: servers.map(({ url }) => url),
      databaseUrl,
      workers: 2,
      leaseMs: 2_000,
      processesAtOnce: 10,
    })
    onTestFinished(() => load.clearUp())

    for (let n = 0; n < (isProof ? 20 : 1); n += 1) {
      const standby = await primary.standby()
      onTestFinished(() => standby.remove())
      await execute(primary.url, `ALTER SYSTEM SET synchronous_standby_names = '*'`)
      await execute(primary.url, 'SELECT pg_reload_conf()')
      await untilSynchronous(primary.url)
      await load.untilMoreEnded(3)
      // In the middle of it all.
      await pause(Math.random() * 500)
      await primary.kill()
      // Before it may be written, as where an address changes first.
      proxy.pointTo(standby.url)
      for (const { url } of servers) {
        const definition = { name: 'not-yet', tasks: [{ name: `a${n}` }] }
        const answer = await call(url, 'POST', '/definitions', definition)
        expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } })
      }
      // What it has from its primary is the setting as well; there is nobody any more whom it could wait for.
      await execute(standby.url, 'SELECT pg_promote()')
      await execute(standby.url, 'ALTER SYSTEM RESET synchronous_standby_names')
      await execute(standby.url, 'SELECT pg_reload_conf()')
      await primary.remove()
      primary = standby
      await load.untilMoreEnded(3)
    }
    const { anomalies, completions } = await load.finish()
    expect(anomalies).toEqual([])
    expect(completions).toBeGreaterThan(20)
  },
)

async function untilSynchronous(url: string): Promise<void> {
  for (;;) {
    const rows = await execute(url, `SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`)
    if (rows > 0) return
    await pause(20)
  }
}

async function execute(url: string, sql: string): Promise<number> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rowCount ?? 0
  } finally {
    await client.end()
  }
}
