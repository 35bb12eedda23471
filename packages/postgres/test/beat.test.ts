import { aTask, claimOne, claimTasks } from '@tunacorn/core/testing'
import { describe, expect, it } from 'vitest'
import { postgresUrl } from './support/databases.js'
import { testStores } from './support/test-stores.js'

describe.skipIf(postgresUrl() === undefined)('after an outage', () => {
  const world = testStores()
  const leaseMs = 10_000
  const outageMs = 60_000

  /** Puts tasks on the board and claims them, while time is kept. */
  async function hold(settings: Parameters<typeof aTask>[0] = {}, heldMs = leaseMs) {
    const { taskList } = world().store
    await taskList.beat()
    const task = aTask(settings)
    await taskList.schedule([task])
    return claimOne(world().store, { leaseMs: heldMs })
  }

  const claimNames = async () => {
    const held = await claimTasks(world().store, { worker: 'other', max: 100, leaseMs })
    return held.map(({ name }) => name).toSorted()
  }

  const dueReasons = async () => (await world().store.taskList.due(100)).map(({ reason }) => reason)

  /** Time passes as it does while somebody keeps it. */
  async function passKeeping(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 2_000) {
      await world().skip(Math.min(left, 2_000))
      await world().store.taskList.beat()
    }
  }

  it('nothing that lapsed is handed out or due before somebody keeps time again', async () => {
    const { store, skip } = world()
    await hold()
    await hold({ maxAttempts: 1 })
    await skip(outageMs)
    expect(await claimNames()).toEqual([])
    expect(await store.taskList.claimable(['work'])).toEqual([])
    expect(await store.taskList.claimable(undefined)).toEqual([])
    expect(await dueReasons()).toEqual([])
  })

  it('nor before its lease has passed once more since then', async () => {
    const { store, skip } = world()
    await hold({ name: 'again' })
    await hold({ name: 'last', maxAttempts: 1 })
    await skip(outageMs)
    await store.taskList.beat()
    await passKeeping(leaseMs - 1_000)
    expect(await claimNames()).toEqual([])
    expect(await store.taskList.claimable(undefined)).toEqual([])
    expect(await dueReasons()).toEqual([])
    await passKeeping(1_000)
    expect(await dueReasons()).toEqual(['lapsed'])
    expect(await store.taskList.claimable(['again', 'last'])).toEqual(['again'])
    expect(await claimNames()).toEqual(['again'])
  })

  it('each waits for a lease of its own length', async () => {
    const { store, skip } = world()
    await hold({ name: 'short' }, 3_000)
    await hold({ name: 'long' }, 30_000)
    await skip(outageMs)
    await store.taskList.beat()
    await passKeeping(4_000)
    expect(await claimNames()).toEqual(['short'])
    await passKeeping(26_000)
    expect(await claimNames()).toContain('long')
  })

  it('an attempt that took too long meanwhile has that time too', async () => {
    const { store, skip } = world()
    await hold({ timeoutMs: 20_000 })
    await skip(outageMs)
    await store.taskList.beat()
    expect(await dueReasons()).toEqual([])
    await passKeeping(leaseMs)
    expect(await dueReasons()).toEqual(['lapsed'])
  })

  it('fresh tasks are handed out meanwhile, and due when nobody has claimed them', async () => {
    const { store, skip } = world()
    await hold({ name: 'held' })
    await store.taskList.schedule([aTask({ name: 'fresh' })])
    await store.taskList.schedule([aTask({ name: 'forgotten', scheduleTimeoutMs: 1_000 })])
    await skip(outageMs)
    expect(await dueReasons()).toEqual(['not-claimed'])
    expect(await claimNames()).toEqual(['forgotten', 'fresh'])
  })

  it('a claim that is extended in that time stays', async () => {
    const { store, skip } = world()
    const held = await hold({ maxAttempts: 1 })
    await skip(outageMs)
    await store.taskList.beat()
    await passKeeping(leaseMs - 1_000)
    const [until] = await store.taskList.extend([held])
    expect(until).toBeInstanceOf(Date)
    await passKeeping(4_000)
    expect(await dueReasons()).toEqual([])
    expect(await store.taskList.complete(held)).toBe(true)
  })

  it('a claim that was made since then lapses as ever', async () => {
    const { store, skip } = world()
    await hold({ name: 'old' }, 60_000)
    await skip(outageMs)
    await store.taskList.beat()
    await hold({ name: 'new' }, 2_000)
    await passKeeping(2_000)
    expect(await claimNames()).toEqual(['new'])
  })

  it('however long a lease was asked for: after its timeout it is due, and handed out', async () => {
    const { store, skip } = world()
    await hold({ name: 'before' }, 1_000)
    await skip(outageMs)
    await store.taskList.beat()
    await skip(500)
    await hold({ name: 'again', timeoutMs: 1_000 }, 3_600_000)
    await hold({ name: 'last', timeoutMs: 1_000, maxAttempts: 1 }, 3_600_000)
    await passKeeping(1_000)
    expect((await dueReasons()).toSorted()).toEqual(['timed-out', 'timed-out'])
    expect(await claimNames()).toEqual(['again', 'before'])
  })

  it('one from before is spared for no longer than its attempt may take', async () => {
    const { store, skip } = world()
    await hold({ timeoutMs: 2_000 }, 3_600_000)
    await skip(outageMs)
    await store.taskList.beat()
    await passKeeping(1_000)
    expect(await claimNames()).toEqual([])
    await passKeeping(1_000)
    expect(await claimNames()).toEqual(['work'])
  })

  it('a short silence is none', async () => {
    const { skip } = world()
    await hold({}, 1_000)
    await skip(2_000)
    expect(await claimNames()).toEqual(['work'])
  })

  it('one of three seconds is noticed', async () => {
    const { store, skip } = world()
    await hold({}, 1_000)
    await skip(3_000)
    expect(await claimNames()).toEqual([])
    await store.taskList.beat()
    expect(await claimNames()).toEqual([])
    await passKeeping(1_000)
    expect(await claimNames()).toEqual(['work'])
  })

  it('a second outage counts anew', async () => {
    const { store, skip } = world()
    await hold()
    await skip(outageMs)
    await store.taskList.beat()
    await passKeeping(leaseMs - 1_000)
    await skip(outageMs)
    await store.taskList.beat()
    await passKeeping(leaseMs - 1_000)
    expect(await claimNames()).toEqual([])
    await passKeeping(1_000)
    expect(await claimNames()).toEqual(['work'])
  })

  it('where nobody has ever kept time, what lapsed is handed out', async () => {
    const { store, skip, pool, schema } = world()
    await hold()
    await pool.query(`DELETE FROM ${schema}.pulse`)
    await skip(outageMs)
    expect(await store.taskList.claimable(['work'])).toEqual(['work'])
    expect(await claimNames()).toEqual(['work'])
  })

  it('however many keep time, it is written about once a second', async () => {
    const { store, pool, schema } = world()
    await Promise.all(Array.from({ length: 5 }, () => store.taskList.beat()))
    const written = async () => (await pool.query(`SELECT xmin::text FROM ${schema}.pulse`)).rows
    const before = await written()
    expect(before).toHaveLength(1)
    await Promise.all(Array.from({ length: 5 }, () => store.taskList.beat()))
    expect(await written()).toEqual(before)
  })
})
