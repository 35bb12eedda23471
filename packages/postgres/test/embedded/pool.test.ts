import { randomBytes, randomUUID } from 'node:crypto'
import { openEmbedded, type EmbeddedDatabase } from '@tunacorn/postgres/embedded'
import { afterAll, beforeAll, expect, test } from 'vitest'

const progress: string[] = []
let database: EmbeddedDatabase

beforeAll(async () => {
  database = await openEmbedded({ onProgress: (line) => progress.push(line) })
})

afterAll(async () => {
  await database.close()
})

const query = (sql: string, values?: unknown[]) => database.pool.query<Record<string, unknown>>(sql, values)
const rows = async (sql: string, values?: unknown[]) => (await query(sql, values)).rows

test('opening tells what takes time', () => {
  expect(progress).toEqual([
    'Creating the database in memory (takes some seconds)',
    expect.stringMatching(/^Database ready after \d+\.\d s$/),
  ])
})

test('the session is usable after an error in the simple and in the extended protocol', async () => {
  await expect(query('SELEC 1')).rejects.toMatchObject({ code: '42601' })
  await expect(query('SELECT * FROM nowhere WHERE id = $1', [1])).rejects.toMatchObject({ code: '42P01' })
  await expect(query('SELECT 1 / $1::int AS a', [0])).rejects.toMatchObject({ code: '22012' })
  await expect(query('SELECT $1::int', ['no number'])).rejects.toMatchObject({ code: '22P02' })
  expect(await rows('SELECT $1::int AS a', [2])).toEqual([{ a: 2 }])
})

test('one client survives errors and keeps its prepared statements', async () => {
  const client = await database.pool.connect()
  try {
    const divide = (by: number) =>
      client.query({ name: 'divide', text: 'SELECT 8 / $1::int AS a', values: [by] })
    for (const divisor of [1, 2, 4]) {
      expect((await divide(divisor)).rows).toEqual([{ a: 8 / divisor }])
      await expect(divide(0)).rejects.toMatchObject({ code: '22012' })
    }
    expect((await client.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([{ name: 'divide' }])
  } finally {
    client.release()
  }
})

test('several statements in one simple query give several results, until one fails', async () => {
  const results: unknown = await query('SELECT 1 AS a; SELECT 2 AS b')
  expect(results).toMatchObject([{ rows: [{ a: 1 }] }, { rows: [{ b: 2 }] }])
  await expect(query('CREATE TABLE half (id int); SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' })
  expect(await rows(`SELECT to_regclass('half') AS t`)).toEqual([{ t: null }])
})

test('a transaction is kept on COMMIT, gone on ROLLBACK, and refused after an error in it', async () => {
  await query('CREATE TABLE kept (id int)')
  const client = await database.pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('INSERT INTO kept VALUES ($1)', [1])
    await client.query('COMMIT')
    await client.query('BEGIN')
    await client.query('INSERT INTO kept VALUES ($1)', [2])
    await client.query('ROLLBACK')
    await client.query('BEGIN')
    await expect(client.query('INSERT INTO kept VALUES ($1)', ['x'])).rejects.toThrow('invalid input syntax')
    await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' })
    await client.query('ROLLBACK')
  } finally {
    client.release()
  }
  expect(await rows('SELECT id FROM kept')).toEqual([{ id: 1 }])
})

test('nothing of a client that was released with an error is seen by the next', async () => {
  await query('CREATE TABLE leak (id int)')
  const client = await database.pool.connect()
  await client.query('SET application_name = $$earlier$$')
  await client.query(`SET TIME ZONE 'Asia/Tokyo'`)
  await client.query('CREATE TEMPORARY TABLE scratch (id int)')
  await client.query('SELECT pg_advisory_lock(1)')
  await client.query({ name: 'mine', text: 'SELECT 1 AS a' })
  await client.query('BEGIN')
  await client.query('INSERT INTO leak VALUES (1)')
  client.release(new Error('something went wrong'))

  expect(
    await rows(`
      SELECT current_setting('application_name') AS name, current_setting('TimeZone') AS zone,
             to_regclass('scratch') AS scratch, (SELECT count(*)::int FROM leak) AS rows,
             (SELECT count(*)::int FROM pg_prepared_statements) AS statements,
             (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks`),
  ).toEqual([{ name: '', zone: 'UTC', scratch: null, rows: 0, statements: 0, locks: 0 }])
  expect((await database.pool.query({ name: 'mine', text: 'SELECT 2 AS a' })).rows).toEqual([{ a: 2 }])
})

test('a client that is destroyed while its query runs takes only that query with it', async () => {
  const client = await database.pool.connect()
  const running = client.query('SELECT count(*) FROM generate_series(1, 300000)')
  client.release(true)
  await expect(running).rejects.toThrow('Connection terminated')
  expect(await rows('SELECT 1 AS a')).toEqual([{ a: 1 }])
})

test('100 queries at once, every third of them wrong, each get their own answer', async () => {
  const answers = await Promise.allSettled(
    Array.from({ length: 100 }, (_, i) => query('SELECT $1::int / $2::int AS a', [i, i % 3])),
  )
  const expected = answers.map((_, i) =>
    i % 3 === 0
      ? { status: 'rejected', reason: { code: '22012' } }
      : { status: 'fulfilled', value: { rows: [{ a: Math.trunc(i / (i % 3)) }] } },
  )
  expect(answers).toMatchObject(expected)
})

test('array parameters of 10,000 elements arrive whole', async () => {
  const numbers = Array.from({ length: 10_000 }, (_, i) => i)
  const texts = numbers.map((i) => `näme "${i}", {\\}`)
  await query('CREATE TABLE many (id int, name text)')
  await query('INSERT INTO many SELECT * FROM unnest($1::int[], $2::text[])', [numbers, texts])
  const stored = await rows('SELECT array_agg(name ORDER BY id) AS names FROM many')
  expect(stored).toEqual([{ names: texts }])
})

test('bytea, json, uuid and timestamptz come back as they went', async () => {
  const values = [
    randomBytes(1000),
    { a: [1, null, 'ü\n'] },
    randomUUID(),
    new Date('2026-02-03T04:05:06.789Z'),
  ]
  expect(
    await rows('SELECT $1::bytea AS b, $2::json AS j, $3::uuid AS u, $4::timestamptz AS t', values),
  ).toEqual([{ b: values[0], j: values[1], u: values[2], t: values[3] }])
})

test('a text of 5 MB goes there and back, and a result of 20 MB comes whole', async () => {
  const text = 'tünä '.repeat(1_000_000)
  const [row] = await rows('SELECT $1::text AS a', [text])
  expect(row?.['a'] === text).toBe(true)
  const many = await rows(`SELECT i, repeat('x', 1000) AS x FROM generate_series(1, 20000) AS i`)
  expect(many.map(({ i }) => i)).toEqual(Array.from({ length: 20_000 }, (_, i) => i + 1))
})

test('a slow query does not stop this thread', async () => {
  let turns = 0
  const ticker = setInterval(() => (turns += 1), 1)
  await query('SELECT count(*) FROM generate_series(1, 1000000)')
  clearInterval(ticker)
  expect(turns).toBeGreaterThan(10)
})

test('notices and notifications reach the client', async () => {
  const client = await database.pool.connect()
  try {
    const heard: unknown[] = []
    client.on('notification', ({ channel, payload }) => heard.push([channel, payload]))
    client.on('notice', ({ message }) => heard.push(message))
    await client.query('LISTEN news')
    await client.query(`SELECT pg_notify('news', $1)`, ['something'])
    await client.query(`DO $$ BEGIN RAISE NOTICE 'look'; END $$`)
    expect(heard).toEqual([['news', 'something'], 'look'])
  } finally {
    client.release(true)
  }
})
