import { randomBytes } from 'node:crypto'
import { Engine } from '@tunacorn/core'
import { PostgresStore } from '@tunacorn/postgres'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase, postgresUrl } from './support/databases.js'

const url = postgresUrl()

describe.skipIf(url === undefined)('migrating', () => {
  let database: { url: string; drop(): Promise<void> }
  let client: Client

  beforeAll(async () => {
    database = await freshDatabase(url ?? '')
    client = new Client({ connectionString: database.url })
    await client.connect()
  })

  afterAll(async () => {
    await client.end()
    await database.drop()
  })

  it('is done once, however many replicas start at the same time', async () => {
    const stores = Array.from({ length: 8 }, () => new PostgresStore(database.url, { schema: 'crowd' }))
    const applied = await Promise.all(stores.map((store) => store.migrate()))
    expect(applied.filter(({ length }) => length > 0)).toEqual([
      [
        'foundation',
        'retries and time',
        'endings',
        'polls by definition',
        'steady plans',
        'workers seen',
        'api keys',
        'traces',
      ],
    ])
    await Promise.all(stores.map((store) => store.close()))
  })

  it('is done by one user for another, who may use the tables and make none', async () => {
    const owner = new PostgresStore(database.url, { schema: 'granted' })
    await owner.migrate()
    await owner.close()
    const user = `app_${process.pid}`
    const password = randomBytes(16).toString('hex')
    await client.query(`
      CREATE USER ${user} PASSWORD '${password}';
      GRANT USAGE ON SCHEMA granted TO ${user};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA granted TO ${user};
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA granted TO ${user};`)
    const asUser = new URL(database.url)
    asUser.username = user
    asUser.password = password
    const store = new PostgresStore(asUser.href, { schema: 'granted' })
    try {
      expect(await store.migrate()).toEqual([])
      const engine = new Engine({ ...store })
      await engine.registerDefinition('{ name: granted, tasks: [{ name: A }, { name: B, needs: [A] }] }')
      const { id } = await engine.startProcess({ definition: 'granted', input: 1 })
      for (let n = 0; n < 2; n += 1) {
        const [task] = (await engine.claimTasks({ worker: 'w', max: 1, waitMs: 10_000 })).tasks
        await engine.completeTask(task!.id, task!.claim, n)
      }
      expect((await engine.fetchProcess(id)).record.state).toBe('completed')
      await engine.keepTime()
      await engine.close()
    } finally {
      await store.close()
      await client.query(`DROP OWNED BY ${user}; DROP USER ${user}`)
    }
  })

  it('keeps everything in a schema of its own, whatever its name', async () => {
    const schema = 'odd "name'
    const store = new PostgresStore(database.url, { schema })
    await store.migrate()
    const { rows } = await client.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = $1 ORDER BY 1`,
      [schema],
    )
    expect(rows.map(({ name }) => name)).toEqual([
      'api_key',
      'definition',
      'definition_name',
      'history',
      'migration',
      'poll',
      'process',
      'pulse',
      'started_once',
      'task_list',
      'worker_seen',
    ])
    await store.close()
  })

  it('refuses a schema that is newer than the code', async () => {
    const store = new PostgresStore(database.url, { schema: 'newer' })
    await store.migrate()
    await client.query(`INSERT INTO newer.migration (version, name) VALUES (99, 'from the future')`)
    await expect(store.migrate()).rejects.toThrow(/version 8 or older, but found 99. .*run that version/)
    await store.close()
  })

  it('leaves nothing behind when a migration fails', async () => {
    const store = new PostgresStore(database.url, { schema: 'broken' })
    await client.query(`CREATE SCHEMA broken; CREATE TABLE broken.task_list (in_the_way int)`)
    await expect(store.migrate()).rejects.toThrow(/already exists/)
    const { rows } = await client.query(`SELECT to_regclass('broken.process') AS process`)
    expect(rows).toEqual([{ process: null }])
    await client.query('DROP TABLE broken.task_list')
    expect(await store.migrate()).toEqual([
      'foundation',
      'retries and time',
      'endings',
      'polls by definition',
      'steady plans',
      'workers seen',
      'api keys',
      'traces',
    ])
    await store.close()
  })

  it('does not wait for long for a table that somebody has in use, and says so', async () => {
    const store = new PostgresStore(database.url, { schema: 'used' })
    await store.migrate()
    await client.query(
      'DELETE FROM used.migration WHERE version = 8; ALTER TABLE used.process DROP COLUMN traceparent',
    )
    await client.query('BEGIN; SELECT FROM used.process')
    await expect(store.migrate({ lockPatienceMs: 100 })).rejects.toThrow(
      /migration traces within 0\.1 s, but another transaction has them in use/,
    )
    await client.query('COMMIT')
    expect(await store.migrate()).toEqual(['traces'])
    await store.close()
  })

  it('says that the database has gone away in the middle of it', async () => {
    const store = new PostgresStore(database.url, { schema: 'cut_off' })
    await client.query('SELECT pg_advisory_lock(8266230417)')
    const refused = store.migrate().catch((error: unknown) => error)
    await expect
      .poll(
        async () => {
          const { rowCount } = await client.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'`,
          )
          return rowCount
        },
        { timeout: 30_000 },
      )
      .toBe(1)
    expect(await refused).toMatchObject({ code: 'unavailable' })
    await client.query('SELECT pg_advisory_unlock(8266230417)')
    await store.close()
  })

  it('says that the database does not answer when it does not', async () => {
    const store = new PostgresStore('postgres://127.0.0.1:1/none')
    await expect(store.migrate()).rejects.toMatchObject({ code: 'unavailable' })
    await store.close()
  })
})
