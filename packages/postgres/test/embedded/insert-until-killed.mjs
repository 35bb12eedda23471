// Run by durability.test.ts: inserts rows into the data directory given, and acknowledges on stdout each one
// that is committed, until it's killed.
import { writeSync } from 'node:fs'
import { openEmbedded } from '@tunacorn/postgres/embedded'

const [, , dataDirectory, round] = process.argv
const say = (line) => writeSync(1, `${line}\n`)

const { pool } = await openEmbedded({ dataDirectory, onProgress: say })
await pool.query('CREATE TABLE IF NOT EXISTS entry (id text, half int, filler text, PRIMARY KEY (id, half))')

async function insertInTransaction(id) {
  const client = await pool.connect()
  await client.query('BEGIN')
  for (const half of [1, 2]) await client.query('INSERT INTO entry VALUES ($1, $2)', [id, half])
  await client.query('COMMIT')
  client.release()
}

const INSERT = 'INSERT INTO entry SELECT $1, half, repeat($1, 200) FROM generate_series(1, 2) AS half'

for (let i = 0; ; i += 1) {
  const id = `${round}.${i}`
  if (i % 3 === 0) await insertInTransaction(id)
  else await pool.query(INSERT, [id])
  // Checkpoints too have to stand being killed.
  if (i % 50 === 49) await pool.query('CHECKPOINT')
  say(`committed ${id}`)
}
