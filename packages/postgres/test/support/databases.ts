import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { inject } from 'vitest'

/** The PostgreSQL that the global setup provides; undefined when there is none. */
export function postgresUrl(): string | undefined {
  return inject('postgresUrl')
}

/** A new, empty database on the server of this URL, for one test file to have for itself. */
export async function freshDatabase(url: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await execute(url, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return {
    url: own.href,
    drop: () => drop(url, name),
  }
}

/** For so long connections that are being closed are waited for. */
const patienceMs = 2_000

/**
 * A pool has ended before its connections have; one that the server ends meanwhile would say so to nobody, which ends the
 * program. FORCE, because a test that failed may have left some.
 */
function drop(url: string, name: string): Promise<void> {
  return withClient(url, async (client) => {
    const isInUse = async () => {
      const { rows } = await client.query('SELECT FROM pg_stat_activity WHERE datname = $1', [name])
      return rows.length > 0
    }
    for (let waitedMs = 0; waitedMs < patienceMs && (await isInUse()); waitedMs += 20) await sleep(20)
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  })
}

function execute(url: string, sql: string): Promise<void> {
  return withClient(url, async (client) => {
    await client.query(sql)
  })
}

async function withClient(url: string, use: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await use(client)
  } finally {
    await client.end()
  }
}
