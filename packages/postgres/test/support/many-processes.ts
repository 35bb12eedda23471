import { Client } from 'pg'

/** The id of the nth process that was put there, the oldest being the first. */
export function processId(n: number): string {
  return `00000000-0000-0000-0000-${n.toString(16).padStart(12, '0')}`
}

/** Puts so many processes there, all ended; the last hundred of them failed. */
export async function fillWithProcesses(databaseUrl: string, count: number): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(
      `INSERT INTO tunacorn.process (id, definition, definition_version, state, version, total, completed, failed,
         priority, key, started_at, deadline, ended_at)
       SELECT lpad(to_hex(n), 32, '0')::uuid, CASE WHEN n % 10 = 0 THEN 'rare' ELSE 'common' END, 1,
         CASE WHEN n > $1 - 100 THEN 'failed' ELSE 'completed' END, 3, 2, 2, 0, 0, 'key ' || n, now(), now(), now()
       FROM generate_series(1, $1::int) n`,
      [count],
    )
    await client.query('ANALYZE tunacorn.process')
  } finally {
    await client.end()
  }
}
