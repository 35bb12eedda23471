import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { freshDatabase, postgresUrl } from './databases.js'
import { ThrowAwayCluster } from './throw-away-cluster.js'

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

describe.skipIf(postgresUrl() === undefined)('a fresh database', () => {
  test('is empty, apart from the others, and gone after drop', async () => {
    const url = postgresUrl() ?? ''
    const [one, other] = await Promise.all([freshDatabase(url), freshDatabase(url)])
    await ask(one.url, 'CREATE TABLE t (id int)')
    await expect(ask(other.url, 'SELECT * FROM t')).rejects.toThrow('does not exist')
    await one.drop()
    await other.drop()
    await expect(ask(one.url, 'SELECT 1')).rejects.toThrow('does not exist')
  })
})

describe.skipIf(ThrowAwayCluster.find() === undefined)('a throw-away cluster', () => {
  test('keeps what it has committed over a kill, an immediate and a fast stop, under one URL', async () => {
    const cluster = await ThrowAwayCluster.create()
    try {
      await ask(cluster.url, 'CREATE TABLE t (id int)')
      const ends = [() => cluster.kill(), () => cluster.stop('immediate'), () => cluster.stop('fast')]
      for (const [id, end] of ends.entries()) {
        await ask(cluster.url, `INSERT INTO t VALUES (${id})`)
        await end()
        await expect(ask(cluster.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
        await cluster.start()
      }
      expect(await ask(cluster.url, 'SELECT id FROM t ORDER BY id')).toEqual([
        { id: 0 },
        { id: 1 },
        { id: 2 },
      ])
      expect(await ask(cluster.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }])
    } finally {
      await cluster.remove()
    }
  })
})
