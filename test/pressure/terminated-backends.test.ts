import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { postgresUrl } from '../../packages/postgres/test/support/databases.js'
import { isProof } from '../support/proof.js'
import { Load } from '../support/storm/load.js'
import { pause } from '../support/storm/recorder.mjs'
import { newDatabase, runningServer } from '../support/world.js'

const times = isProof ? 2_000 : 40

/** Backends of servers, in whatever they are at; those that commit are rare, and come first when there are some. */
const terminateSome = `
  SELECT pg_terminate_backend(pid) FROM (
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'tunacorn'
    ORDER BY (query ~* 'insert into|commit' AND state <> 'idle') DESC, random()
    LIMIT 1 + floor(random() * 4)::int) AS chosen`

test.skipIf(postgresUrl() === undefined)(
  'connections that the database ends, idle, busy or committing, again and again, lose nothing and end no server',
  { timeout: isProof ? 1_200_000 : 120_000 },
  async () => {
    const { database, drop } = await newDatabase('postgres')
    onTestFinished(drop)
    const { url: databaseUrl } = database as { url: string }
    const servers = [await runningServer(database), await runningServer(database)]
    const load = await Load.begin({
      urls: servers.map(({ url }) => url),
      databaseUrl,
      workers: 2,
      leaseMs: 1_000,
      processesAtOnce: 10,
    })
    onTestFinished(() => load.clearUp())
    await load.untilMoreEnded(1)

    const client = new Client({ connectionString: databaseUrl })
    await client.connect()
    onTestFinished(() => client.end())
    let terminated = 0
    for (let n = 0; n < times; n += 1) {
      terminated += (await client.query(terminateSome)).rowCount ?? 0
      await pause(Math.random() * 100)
    }
    // All at once.
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'tunacorn'`,
    )
    await load.untilMoreEnded(5)
    const { anomalies } = await load.finish()
    expect(anomalies).toEqual([])
    expect(terminated).toBeGreaterThan(times / 2)
    expect(servers.map(({ isRunning }) => isRunning)).toEqual([true, true])
  },
)
