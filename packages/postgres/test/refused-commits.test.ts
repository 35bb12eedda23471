import { Engine, Payload } from '@tunacorn/core'
import {
  aDefinition,
  cancellationOf,
  completionOf,
  failureOf,
  retryOf,
  startOf,
  type KnownDefinition,
} from '@tunacorn/core/testing'
import { describe, expect, it } from 'vitest'
import { postgresUrl } from './support/databases.js'
import { testStores } from './support/test-stores.js'

/** Let in by nobody: only to see what happens when the database refuses a commit. */
const poison = Payload.fromStored('{no JSON')

describe.skipIf(postgresUrl() === undefined)('a change that the database refuses', () => {
  const world = testStores()

  async function register(): Promise<KnownDefinition> {
    const { stored } = await world().store.definitionList.register(aDefinition({ tasks: ['a', 'b'] }))
    return { name: stored.name, version: stored.version, tasks: ['a', 'b'] }
  }

  async function started(options: Parameters<typeof startOf>[1] = {}) {
    const { processList } = world().store
    const start = startOf(await register(), options)
    await processList.persist([start])
    const [fetched] = await processList.fetch([{ id: start.id, afterVersion: 0 }])
    return fetched!.record
  }

  async function persist(...changes: ReturnType<typeof startOf>[]) {
    const results = await world().store.processList.persist(changes)
    return results.map(({ status }) => status)
  }

  it('does not hide that others of its batch have been committed', async () => {
    const process = await started()
    const start = startOf(await register())
    const refused = completionOf(process, [{ task: 0, payload: poison }])
    expect(await persist(start, refused)).toEqual(['committed', 'moved'])
    const [fetched] = await world().store.processList.fetch([{ id: process.id, afterVersion: 0 }])
    expect(fetched?.record).toEqual(process)
  })

  it('nor does one that fails with its cleanup', async () => {
    const [one, two] = [await started(), await started()]
    const failure = failureOf(two, { task: 0, payload: poison })
    const refused = { ...failure, failureProcess: startOf(await register()) }
    expect(await persist(refused, cancellationOf(one))).toEqual(['moved', 'committed'])
  })

  it('hears the reason when it is alone', async () => {
    const refused = completionOf(await started(), [{ task: 0, payload: poison }])
    await expect(persist(refused)).rejects.toThrow(/json/)
    await expect(persist(startOf(await register(), { input: poison }))).rejects.toThrow(/json/)
  })

  it('is taken for one that has moved only when it is the key that another has taken', async () => {
    const process = await started({ key: 'k' })
    await persist(failureOf(process, { task: 0 }))
    await started({ key: 'k' })
    const [fetched] = await world().store.processList.fetch([{ id: process.id, afterVersion: 0 }])
    expect(await persist(retryOf(fetched!.record))).toEqual(['moved'])

    const other = await started({ enter: [0] })
    const { enter } = startOf(await register(), { enter: [0] })
    await expect(persist({ ...completionOf(other, []), enter })).rejects.toThrow(/duplicate key/)
  })

  it('because of a deadlock has not happened, and goes through when it is tried again', async () => {
    const { pool, schema } = world()
    const process = await started()
    await pool.query(`
      CREATE FUNCTION ${schema}.deadlock() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = 'deadlock_detected'; END $$;
      CREATE TRIGGER deadlock BEFORE INSERT ON ${schema}.history EXECUTE FUNCTION ${schema}.deadlock()`)
    expect(await persist(completionOf(process, []), startOf(await register()))).toEqual(['moved', 'moved'])
    expect(await persist(cancellationOf(process))).toEqual(['moved'])

    await pool.query(`DROP TRIGGER deadlock ON ${schema}.history`)
    expect(await persist(cancellationOf(process))).toEqual(['committed'])
  })

  it('because it takes too long fails alone, as what may be done another time', async () => {
    const { pool, schema, store } = world()
    await pool.query(`
      CREATE FUNCTION ${schema}.slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.key = 'slow' THEN RAISE EXCEPTION 'as if' USING ERRCODE = 'query_canceled'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER slow BEFORE INSERT ON ${schema}.process FOR EACH ROW EXECUTE FUNCTION ${schema}.slow()`)
    const engine = new Engine({ ...store, timekeeping: false, lanes: 1 })
    await engine.registerDefinition('{ name: p, tasks: [{ name: A }] }')
    const keys = ['one', 'slow', 'two']
    const starts = await Promise.allSettled(keys.map((key) => engine.startProcess({ definition: 'p', key })))
    expect(starts).toMatchObject([
      { status: 'fulfilled' },
      { reason: { code: 'unavailable' } },
      { status: 'fulfilled' },
    ])
    await engine.close()
    await pool.query(`DROP TRIGGER slow ON ${schema}.process`)
  })
})
