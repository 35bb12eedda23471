import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Engine, engineDefaults, parseDefinition, worstCaseEnd, type ProcessRecord } from '@tunacorn/core'
import { PostgresStore } from '@tunacorn/postgres'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { definitions } from '../../core/test/properties/arbitraries.js'
import { freshDatabase, postgresUrl } from './support/databases.js'

const url = postgresUrl()

/** Live processes that nothing would move on any more, and what is on the board for processes that have ended. */
const strandedSql = `
SELECT id AS stranded FROM tunacorn.process p
WHERE state IN ('running', 'paused')
  AND NOT EXISTS (SELECT FROM tunacorn.task_list t WHERE t.process_id = p.id AND t.expires_at IS NOT NULL)
UNION ALL
SELECT process_id FROM tunacorn.task_list t
WHERE NOT EXISTS (SELECT FROM tunacorn.process p WHERE p.id = t.process_id AND p.state IN ('running', 'paused'))`

describe.skipIf(url === undefined)('on a real PostgreSQL', () => {
  let database: { url: string; drop(): Promise<void> }
  let stores: PostgresStore[]
  let pool: pg.Pool

  beforeAll(async () => {
    database = await freshDatabase(url ?? '')
    stores = [1, 2].map(() => new PostgresStore(database.url))
    await stores[0]!.migrate()
    pool = new pg.Pool({ connectionString: database.url, max: 2 })
  })

  afterAll(async () => {
    await pool.end()
    await Promise.all(stores.map((store) => store.close()))
    await database.drop()
  })

  async function expectNothingStranded(): Promise<void> {
    expect((await pool.query(strandedSql)).rows).toEqual([])
  }

  it('processes end within their bounds, whatever workers do meanwhile', { timeout: 60_000 }, async () => {
    const engines = stores.map((store) => new Engine({ ...store, tickMs: 10, pollMs: 10 }))
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(definitions({ maxTasks: 4, unitMs: 20 }), { minLength: 8, maxLength: 8 }),
          fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
          async (written, lots) => {
            const lateMs = await runAll(engines, written, lots)
            expect(Math.max(...lateMs)).toBeLessThanOrEqual(slackMs)
          },
        ),
        { numRuns: 3, endOnFailure: true },
      )
    } finally {
      await Promise.all(engines.map((engine) => engine.close()))
    }
  })

  /** How much later than it is due something may happen: ticks, statements, and a busy machine. */
  const slackMs = 3_000

  /** Resolves with how much later than its bound each process has ended. */
  async function runAll(
    engines: readonly Engine[],
    written: readonly { readonly name: string }[],
    lots: readonly number[],
  ): Promise<number[]> {
    const started = await Promise.all(
      written.map(async (one) => {
        const source = JSON.stringify({ ...one, name: randomUUID() })
        const { definition } = await engines[0]!.registerDefinition(source, 'json')
        const { id, startedAt } = await engines[0]!.startProcess({ definition: definition.name! })
        const { endMs } = worstCaseEnd(parseDefinition(source, { format: 'json' }), engineDefaults)
        return { id, endsBy: startedAt.getTime() + endMs }
      }),
    )
    const draw = [...lots, ...lots, ...lots].values()
    const isOver = async () => (await openOf(started.map(({ id }) => id))).length === 0
    await Promise.all([
      workAtRandom(engines, draw, isOver),
      (async () => {
        while (!(await isOver())) {
          await expectNothingStranded()
          await sleep(5)
        }
      })(),
    ])
    const lateMs: number[] = []
    for (const { id, endsBy } of started) {
      const { record } = await engines[1]!.fetchProcess(id)
      lateMs.push(record.endedAt!.getTime() - endsBy)
      await expectWholeHistory(engines[1]!, record)
    }
    await expectNothingStranded()
    return lateMs
  }

  async function openOf(ids: readonly string[]): Promise<string[]> {
    const { rows } = await pool.query<{ id: string }>(
      `SELECT id FROM tunacorn.process WHERE id = ANY ($1::uuid[]) AND state IN ('running', 'paused')`,
      [ids],
    )
    return rows.map(({ id }) => id)
  }
})

/** Workers of all kinds, drawn by lot; when the lots are used up, nobody comes any more. */
async function workAtRandom(
  engines: readonly Engine[],
  draw: Iterator<number>,
  isOver: () => Promise<boolean>,
): Promise<void> {
  for (let lot = draw.next(); lot.done !== true && !(await isOver()); lot = draw.next()) {
    const engine = engines[lot.value % 2]!
    const { tasks } = await engine.claimTasks({ worker: 'w', max: 3, leaseMs: 10 + (lot.value % 400) })
    for (const { id, claim } of tasks) {
      const kind = (draw.next().value ?? 0) % 6
      if (kind === 0) await engine.failTask(id, claim, 'no').catch(() => {})
      if (kind === 1) await engine.failTask(id, claim, 'no', 20).catch(() => {})
      if (kind === 2) await engine.heartbeat([{ task: id, claim }])
      // The rest falls silent.
      if (kind > 3) await engine.completeTask(id, claim).catch(() => {})
    }
    await sleep(lot.value % 7)
  }
}

async function expectWholeHistory(engine: Engine, { id, version }: ProcessRecord): Promise<void> {
  const { items } = await engine.history(id, { limit: 1_000 })
  expect(items.map((event) => event.version)).toEqual(
    Array.from({ length: version }, (_, index) => index + 1),
  )
  const ended = items.filter(({ type }) => type === 'task-completed' || type === 'task-failed')
  expect(new Set(ended.map(({ task }) => task)).size).toBe(ended.length)
}
