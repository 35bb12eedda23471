import { sleep } from '../lib/clock.mjs'
import { median } from '../lib/statistics.mjs'
import { Program } from './program.mjs'

/** PostgreSQL counts a busy session's transactions a second late at most, and those of one that has gone idle ten. */
const statisticsDelayMs = 11_000

/** What idle workers cost: queries while nothing happens, and what those with work to do lose by them. */
export class Crowd {
  #session

  constructor(session) {
    this.#session = session
  }

  async measure({ few, many, processes, steps, times, watchMs }) {
    const crowd = new Program('crowd-program.mjs', this.#session.server.url)
    const database = await openDatabase(this.#session.databaseUrl)
    try {
      await this.#session.chain({ processes, steps })
      await crowd.ask({ verb: 'gather', workers: few })
      const fewQueriesPerSecond = await queriesPerSecond(database, watchMs)
      const aloneMs = await this.#chains({ processes, steps, times })
      await crowd.ask({ verb: 'gather', workers: many - few })
      const manyQueriesPerSecond = await queriesPerSecond(database, watchMs)
      const crowdedMs = await this.#chains({ processes, steps, times })
      const slowdown = crowdedMs / aloneMs - 1
      return { few, many, fewQueriesPerSecond, manyQueriesPerSecond, aloneMs, crowdedMs, slowdown }
    } finally {
      await crowd.end()
      await database.end()
    }
  }

  async #chains({ processes, steps, times }) {
    const elapsedMs = []
    for (let time = 0; time < times; time++) {
      elapsedMs.push((await this.#session.chain({ processes, steps })).elapsedMs)
    }
    return median(elapsedMs)
  }
}

/** Another database than the one that is measured: what we ask is not counted. */
async function openDatabase(databaseUrl) {
  const { default: pg } = await import('pg')
  const url = new URL(databaseUrl)
  const name = url.pathname.slice(1)
  url.pathname = '/postgres'
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  return { client, name, end: () => client.end() }
}

/** Transactions, which here are single statements. */
async function queriesPerSecond(database, watchMs) {
  await sleep(statisticsDelayMs)
  const before = await transactions(database)
  await sleep(watchMs)
  return ((await transactions(database)) - before) / (watchMs / 1_000)
}

async function transactions({ client, name }) {
  const sql = 'SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = $1'
  const { rows } = await client.query(sql, [name])
  return Number(rows[0].count)
}
