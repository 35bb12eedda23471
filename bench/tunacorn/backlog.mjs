import { inParallel, nowMs } from '../lib/clock.mjs'
import { expectCount } from '../lib/expect.mjs'
import { startOf } from './definitions.mjs'

const schema = 'tunacorn'
const reportBatch = 250
/** Ids of the copies: made as version 7 is, in the order of their start. */
const idSql = `(lpad(to_hex(floor(extract(epoch FROM now()) * 1000)::bigint - $1 + number), 12, '0')
  || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid`

/**
 * Claims with many tasks waiting. The many are rows copied in bulk from a process that was started as any other, with
 * all columns that it has, then ANALYZE, as autovacuum would do within a minute; it is not turned off. What was claimed
 * is completed over HTTP before the next level, which also shows that the copies are proper ones.
 */
export class Backlog {
  #session
  #database

  constructor(session) {
    this.#session = session
  }

  async measure({ waiting, delayed, singles, batches }) {
    const { default: pg } = await import('pg')
    this.#database = new pg.Client({ connectionString: this.#session.databaseUrl })
    await this.#database.connect()
    try {
      const many = await this.#newDefinition()
      const levels = []
      let present = 0
      for (const level of waiting) {
        await this.#copy(many, level - present)
        const { single, batched, claimed } = await this.#claims(many, { singles, batches })
        levels.push({ waiting: level, single, batched })
        present = level - claimed
      }
      const behindDelayed = await this.#behindDelayed(waiting[0], delayed, 0, { singles, batches })
      const behindUrgentDelayed = await this.#behindDelayed(waiting[0], delayed, 9, { singles, batches })
      return { levels, behindDelayed, behindUrgentDelayed }
    } finally {
      await this.#database.end()
    }
  }

  /** Tasks of the same name that may not begin yet, of processes that are older than those that wait. */
  async #behindDelayed(waiting, delayed, priority, size) {
    const definition = await this.#newDefinition()
    const overrides = {
      claimable_at: `now() + interval '1 day'`,
      turn: `now() + interval '1 day'`,
      priority: String(priority),
    }
    await this.#copy(definition, delayed, overrides)
    await this.#copy(definition, waiting)
    const { single, batched } = await this.#claims(definition, size)
    return { waiting, delayed, priority, single, batched }
  }

  async #newDefinition() {
    const name = this.#session.newName('backlog')
    const definition = { name, tasks: [{ name: `${name}-work` }] }
    await this.#session.register(definition)
    return definition
  }

  async #claims(definition, { singles, batches }) {
    await this.#claim(definition, { calls: 20, atOnce: 4, max: 10 })
    const one = await this.#claim(definition, { calls: singles, atOnce: 8, max: 1 })
    const many = await this.#claim(definition, { calls: batches, atOnce: 4, max: 100 })
    return { single: one.perSecond, batched: many.perSecond, claimed: 200 + singles + batches * 100 }
  }

  async #claim({ tasks: [{ name }] }, { calls, atOnce, max }) {
    const { requests } = this.#session
    const claimed = []
    const begunAtMs = nowMs()
    await inParallel(calls, atOnce, async () => {
      const body = { worker: 'backlog', names: [name], max, lease: '10m' }
      claimed.push(...(await requests.post('/tasks/claim', body)).tasks)
    })
    const elapsedMs = nowMs() - begunAtMs
    expectCount('different tasks claimed', new Set(claimed.map(({ id }) => id)).size, calls * max)
    await this.#complete(claimed)
    return { perSecond: (claimed.length / elapsedMs) * 1_000 }
  }

  async #complete(claimed) {
    const { requests } = this.#session
    for (let done = 0; done < claimed.length; done += reportBatch) {
      const results = claimed
        .slice(done, done + reportBatch)
        .map(({ id, claim }) => ({ task: id, claim, output: { ok: true } }))
      const answer = await requests.post('/tasks/claim', { worker: 'backlog', max: 0, results })
      const refused = answer.results.find(({ status }) => status !== 200)
      if (refused !== undefined)
        throw new Error(`Expected all results to be committed, but: ${JSON.stringify(refused)}`)
    }
  }

  /** So many copies of a fresh process, a tenth of a millisecond apart; the process that they are copies of counts. */
  async #copy(definition, count, overrides = {}) {
    const { id } = await this.#session.requests.post('/processes', startOf(definition, 0))
    await this.#database.query('DROP TABLE IF EXISTS copies')
    await this.#database.query(
      `CREATE TEMPORARY TABLE copies AS SELECT number, ${idSql} AS id FROM generate_series(1, $2::bigint) number`,
      [count, count - 1],
    )
    const age = `make_interval(secs => (${count} - copies.number) / 10000.0)`
    const older = { claimable_at: `t.claimable_at - ${age}`, turn: `t.turn - ${age}` }
    await this.#copyRows('process', 'id', id, {})
    await this.#copyRows('history', 'process_id', id, {})
    await this.#copyRows('task_list', 'process_id', id, { ...older, ...overrides })
    for (const table of ['process', 'history', 'task_list'])
      await this.#database.query(`ANALYZE ${schema}.${table}`)
  }

  async #copyRows(table, idColumn, id, overrides) {
    const { rows } = await this.#database.query(
      `SELECT column_name AS name FROM information_schema.columns
       WHERE table_schema = $1 AND table_name = $2 AND is_identity = 'NO' AND is_generated = 'NEVER'`,
      [schema, table],
    )
    const columns = rows.map(({ name }) => name)
    const values = columns.map((name) => (name === idColumn ? 'copies.id' : (overrides[name] ?? `t.${name}`)))
    await this.#database.query(
      `INSERT INTO ${schema}.${table} (${columns.join(', ')})
       SELECT ${values.join(', ')} FROM ${schema}.${table} t CROSS JOIN copies WHERE t.${idColumn} = $1`,
      [id],
    )
  }
}
