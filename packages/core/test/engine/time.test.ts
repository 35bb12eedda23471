import { MemoryStore, type ClaimedTask, type Engine } from '@tunacorn/core'
import { ManualClock } from '@tunacorn/core/testing'
import { describe, expect, it } from 'vitest'
import { engineOn, refusalOf } from './support.js'

const s = 1_000
const h = 3_600_000

/** An engine on a clock that only moves when it is told to, and one process of a definition. */
async function world(definition: string) {
  const clock = new ManualClock()
  const store = new MemoryStore({ now: () => clock.now() })
  const engine = engineOn(store, { defaultLeaseMs: 30 * s })
  await engine.registerDefinition(definition)
  const { id } = await engine.startProcess({ definition: 'timed' })
  return {
    engine,
    clock,
    store,
    id,
    /** Lets time pass, and everything happen that is due by then. */
    async pass(ms: number) {
      clock.advance(ms)
      await engine.keepTime()
    },
    stateOf: async () => (await engine.fetchProcess(id)).record.state,
    claim: async (name = 'A') => claimNow(engine, id, name),
    history: async () => (await engine.history(id, { limit: 1000 })).items,
  }
}

async function claimNow(engine: Engine, process: string, name: string): Promise<ClaimedTask | undefined> {
  const { tasks } = await engine.claimTasks({ worker: 'w', process, names: [name], leaseMs: 30 * s })
  return tasks[0]
}

describe('a task that may be retried', () => {
  const retrying = `
name: timed
tasks:
  - name: A
    retry: { limit: 2, delay: 10s, factor: 3, jitter: false }
  - name: B
    needs: [A]
`

  it('is tried again after a delay that grows, until its attempts are used up', async () => {
    const { engine, claim, pass, stateOf, history } = await world(retrying)
    const first = await claim()
    expect(await engine.failTask(first!.id, first!.claim, 'no')).toMatchObject({
      state: 'retrying',
      version: 2,
    })
    expect(await claim()).toBeUndefined()
    await pass(10 * s)
    const second = await claim()
    expect(second?.attempt).toBe(2)
    await engine.failTask(second!.id, second!.claim, 'still no')
    await pass(29 * s)
    expect(await claim()).toBeUndefined()
    await pass(1 * s)
    const third = await claim()
    expect(await engine.failTask(third!.id, third!.claim, 'never')).toMatchObject({ state: 'failed' })
    expect(await stateOf()).toBe('failed')
    expect((await history()).map(({ type, claim: by, reason }) => [type, by?.attempt, reason])).toEqual([
      ['process-started', undefined, undefined],
      ['attempt-failed', 1, 'reported'],
      ['attempt-failed', 2, 'reported'],
      ['task-failed', 3, 'reported'],
    ])
  })

  it('goes on as if nothing had been when a later attempt succeeds', async () => {
    const { engine, claim, pass, stateOf } = await world(retrying)
    const first = await claim()
    await engine.failTask(first!.id, first!.claim, 'no')
    await pass(10 * s)
    const second = await claim()
    await engine.completeTask(second!.id, second!.claim, { ok: true })
    expect((await claim('B'))?.needs?.['A']?.value()).toEqual({ ok: true })
    expect(await stateOf()).toBe('running')
  })

  it('fails at once when its worker says that no attempt will do better', async () => {
    const { engine, claim, stateOf } = await world(retrying)
    const first = await claim()
    expect(await engine.failTask(first!.id, first!.claim, 'no', false)).toMatchObject({ state: 'failed' })
    expect(await stateOf()).toBe('failed')
  })

  it('waits as long as its worker asks for', async () => {
    const { engine, claim, pass } = await world(retrying)
    const first = await claim()
    await engine.failTask(first!.id, first!.claim, 'busy', 60 * s)
    await pass(59 * s)
    expect(await claim()).toBeUndefined()
    await pass(1 * s)
    expect((await claim())?.attempt).toBe(2)
  })

  it('gives a failure that is reported again the same answer, and counts it once', async () => {
    const { engine, claim, history } = await world(retrying)
    const first = await claim()
    const answers = await Promise.all([1, 2, 3].map(() => engine.failTask(first!.id, first!.claim, 'no')))
    answers.push(await engine.failTask(first!.id, first!.claim, 'no'))
    expect(new Set(answers.map(({ version, state }) => `${version} ${state}`))).toEqual(
      new Set(['2 retrying']),
    )
    expect(await refusalOf(engine.failTask(first!.id, first!.claim, 'something else'))).toBe('claim-lost')
    expect(await history()).toHaveLength(2)
  })

  it('has no attempt that begins later than the policy allows', async () => {
    const { engine, claim, pass, stateOf } = await world(
      'name: timed\ntasks: [{name: A, retry: {limit: 100, delay: 40s, factor: 1, jitter: false, within: 130s}}]',
    )
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const task = await claim()
      expect(task?.attempt).toBe(attempt)
      await engine.failTask(task!.id, task!.claim, 'no')
      await pass(40 * s)
    }
    const last = await claim()
    expect(await engine.failTask(last!.id, last!.claim, 'no')).toMatchObject({ state: 'failed' })
    expect(await stateOf()).toBe('failed')
  })
})

describe('a worker that falls silent', () => {
  it('uses up the attempts one by one, also when nobody polls any more', async () => {
    const { claim, pass, stateOf, history } = await world(
      'name: timed\ntasks: [{name: A, timeout: 1m, retry: {limit: 2, delay: 1s, jitter: false}}]',
    )
    await claim()
    await pass(31 * s)
    expect((await claim())?.attempt).toBe(2)
    for (let minutes = 0; minutes < 10 && (await stateOf()) === 'running'; minutes += 1) {
      await pass(60 * s)
      await claim()
    }
    expect(await stateOf()).toBe('failed')
    const events = await history()
    expect(events.at(-1)).toMatchObject({ type: 'task-failed', worker: 'w', claim: { attempt: 3 } })
    expect(events.flatMap(({ lapsed }) => lapsed)).toMatchObject([{ attempt: 1, worker: 'w' }])
  })

  it('or takes too long is followed at once, whoever notices, and the history tells a timeout from a lapse', async () => {
    const { claim, pass, engine, clock, history } = await world(
      'name: timed\ntasks: [{name: A, timeout: 10s, retry: {limit: 3, delay: 1h, jitter: false}}]',
    )
    await claim()
    await pass(10 * s)
    expect((await history()).at(-1)).toMatchObject({ type: 'attempt-failed', reason: 'timed-out' })
    expect((await claim())?.attempt).toBe(2)
    clock.advance(10 * s)
    expect((await engine.claimTasks({ worker: 'w', leaseMs: 5 * s })).tasks[0]?.attempt).toBe(3)
    clock.advance(5 * s)
    expect((await claim())?.attempt).toBe(4)
    const { items } = await engine.listTasks()
    expect(items[0]?.lapsed?.map(({ attempt, timedOut }) => [attempt, timedOut])).toEqual([
      [2, true],
      [3, undefined],
    ])
  })

  it('without another attempt fails the process as soon as its lease has run out', async () => {
    const { claim, pass, stateOf, history } = await world('name: timed\ntasks: [{name: A}]')
    await claim()
    await pass(29 * s)
    expect(await stateOf()).toBe('running')
    await pass(2 * s)
    expect(await stateOf()).toBe('failed')
    expect((await history()).at(-1)).toMatchObject({ type: 'task-failed', reason: 'lapsed' })
  })

  it('keeps its claim as long as it sends heartbeats, but not beyond the timeout of the attempt', async () => {
    const { engine, claim, pass, stateOf, history } = await world(
      'name: timed\ntasks: [{name: A, timeout: 2m}]',
    )
    const task = await claim()
    for (let beats = 0; beats < 5; beats += 1) {
      await pass(20 * s)
      expect(await engine.heartbeat([{ task: task!.id, claim: task!.claim }])).not.toEqual([undefined])
    }
    await pass(20 * s)
    expect(await stateOf()).toBe('failed')
    expect((await history()).at(-1)).toMatchObject({ reason: 'timed-out' })
    expect(await engine.heartbeat([{ task: task!.id, claim: task!.claim }])).toEqual([undefined])
  })

  it('is heard of too late: its report changes nothing and is kept as evidence, once', async () => {
    const { engine, claim, pass, history } = await world('name: timed\ntasks: [{name: A, retry: 3}]')
    const first = await claim()
    await pass(31 * s)
    const second = await claim()
    for (let times = 0; times < 3; times += 1) {
      expect(await refusalOf(engine.completeTask(first!.id, first!.claim, { late: true }))).toBe('claim-lost')
    }
    const evidence = (await history()).filter(({ type }) => type === 'report-refused')
    expect(evidence).toHaveLength(1)
    expect(evidence[0]?.payload?.value()).toMatchObject({
      attempt: 1,
      said: 'completed',
      value: { late: true },
    })
    expect(evidence[0]?.payload?.text).not.toContain(first!.claim.split('.')[1])
    expect(await engine.completeTask(second!.id, second!.claim)).toMatchObject({ state: 'completed' })
  })

  describe('is heard of when other attempts have come and gone: its report is kept all the same', () => {
    const definition =
      'name: timed\ntasks: [{name: A, retry: {limit: 5, delay: 0s, jitter: false}}, {name: B}]'
    type World = Awaited<ReturnType<typeof world>>
    /** What happens after the second attempt was claimed and before the first one is heard of. */
    const meanwhile: Readonly<Record<string, (world: World, second: ClaimedTask) => Promise<void>>> = {
      'the next one has failed': async ({ engine }, second) => {
        await engine.failTask(second.id, second.claim, 'no')
      },
      'one more is under way': async ({ engine, claim }, second) => {
        await engine.failTask(second.id, second.claim, 'no')
        await claim()
      },
      'another one has completed the task': async ({ engine, claim }, second) => {
        await engine.failTask(second.id, second.claim, 'no')
        const third = await claim()
        await engine.completeTask(third!.id, third!.claim)
      },
      'the process has failed and was retried': async ({ engine, claim, id }) => {
        const other = await claim('B')
        await engine.failTask(other!.id, other!.claim, 'no')
        await engine.retryProcess(id)
      },
    }
    it.each(Object.entries(meanwhile))('%s', async (_, happens) => {
      const own = await world(definition)
      const { engine, claim, pass, history, store } = own
      const first = await claim()
      await pass(31 * s)
      await happens(own, (await claim())!)
      const other = engineOn(store)
      for (const replica of [engine, other, engine, other]) {
        const refused = await refusalOf(replica.completeTask(first!.id, first!.claim, { late: true }))
        expect(['claim-lost', 'task-ended']).toContain(refused)
      }
      const evidence = (await history()).filter(({ type }) => type === 'report-refused')
      expect(evidence.map(({ name, payload }) => [name, payload?.value()])).toEqual([
        [
          'A',
          {
            attempt: 1,
            worker: 'w',
            claimedAt: expect.any(String) as string,
            leaseExpiredAt: first!.leaseExpiresAt.toISOString(),
            said: 'completed',
            value: { late: true },
          },
        ],
      ])
    })

    it('but not by a claim that somebody has made up', async () => {
      const own = await world(definition)
      const { engine, claim, pass, history } = own
      const first = await claim()
      await pass(31 * s)
      await meanwhile['one more is under way']!(own, (await claim())!)
      const before = await history()
      const [, secret] = first!.claim.split('.')
      for (const made of [`1.${'A'.repeat(22)}`, `2.${secret}`, `7.${secret}`]) {
        expect(await refusalOf(engine.completeTask(first!.id, made))).toBe('claim-lost')
      }
      expect(await history()).toEqual(before)
    })
  })

  it('while its process fails is heard of after that was retried: it is kept when it was given up', async () => {
    const { engine, claim, id, history } = await world('name: timed\ntasks: [{name: A}, {name: B}]')
    const [a, b] = [await claim('A'), await claim('B')]
    await engine.failTask(b!.id, b!.claim, 'no')
    expect(await refusalOf(engine.completeTask(a!.id, a!.claim))).toBe('process-ended')
    const failedAt = (await history()).at(-1)!.at
    await engine.retryProcess(id)
    expect(await refusalOf(engine.completeTask(a!.id, a!.claim))).toBe('claim-lost')
    const refused = (await history()).at(-1)
    expect(refused).toMatchObject({ type: 'report-refused', name: 'A' })
    expect(refused?.payload?.value()).toMatchObject({ attempt: 1, leaseExpiredAt: failedAt.toISOString() })
  })

  it('has no more silence than the task allows, whatever it asks for', async () => {
    const { engine, id } = await world('name: timed\ntasks: [{name: A, heartbeat: 5s}]')
    const { tasks } = await engine.claimTasks({ worker: 'w', process: id, leaseMs: h })
    const { items } = await engine.listTasks({ process: id })
    expect(tasks[0]!.leaseExpiresAt.getTime() - items[0]!.claimedAt!.getTime()).toBe(5 * s)
  })
})

describe('time on the board', () => {
  it('a task that nobody claims in time fails its process', async () => {
    const { pass, stateOf, history } = await world(
      'name: timed\ntasks: [{name: A, scheduleTimeout: 1h, retry: 5}]',
    )
    await pass(h - s)
    expect(await stateOf()).toBe('running')
    await pass(s)
    expect(await stateOf()).toBe('failed')
    expect((await history()).at(-1)).toMatchObject({
      type: 'task-failed',
      reason: 'not-claimed',
      worker: undefined,
    })
  })

  it('a delayed task can be claimed when its time has come, however far that is', async () => {
    const { claim, pass } = await world('name: timed\ntimeout: 300d\ntasks: [{name: A, delay: 60d}]')
    await pass(60 * 24 * h - s)
    expect(await claim()).toBeUndefined()
    await pass(s)
    expect(await claim()).toBeDefined()
  })

  it('a process that has not ended by its deadline fails', async () => {
    const { engine, claim, pass, stateOf, history } = await world(
      'name: timed\ntimeout: 2h\ntasks: [{name: A}]',
    )
    const task = await claim()
    await pass(2 * h)
    expect(await stateOf()).toBe('failed')
    expect((await history()).at(-1)?.type).toMatch(/process-timed-out|task-failed/)
    expect(await refusalOf(engine.completeTask(task!.id, task!.claim))).toMatch(/ended/)
  })

  it("a task's own priority beats the process's", async () => {
    const { engine, id } = await world('name: timed\ntasks: [{name: A}, {name: B, priority: 5}]')
    const { tasks } = await engine.claimTasks({ worker: 'w', process: id })
    expect(tasks[0]?.name).toBe('B')
  })
})

describe('a paused process', () => {
  const two = 'name: timed\ntimeout: 2h\ntasks: [{name: A, retry: 1}, {name: B}, {name: C, needs: [A]}]'

  it('hands out nothing new, lets what is held be finished, and goes on where it was', async () => {
    const { engine, id, claim, stateOf } = await world(two)
    const a = await claim('A')
    expect(await engine.pauseProcess(id, { by: 'Ada', reason: 'lunch' })).toMatchObject({ state: 'paused' })
    expect(await engine.pauseProcess(id)).toMatchObject({ state: 'paused' })
    expect(await claim('B')).toBeUndefined()
    expect(await engine.heartbeat([{ task: a!.id, claim: a!.claim }])).not.toEqual([undefined])
    await engine.completeTask(a!.id, a!.claim)
    expect(await claim('C')).toBeUndefined()
    expect(await engine.resumeProcess(id)).toMatchObject({ state: 'running' })
    expect(await engine.resumeProcess(id)).toMatchObject({ state: 'running' })
    for (const name of ['B', 'C']) {
      const task = await claim(name)
      await engine.completeTask(task!.id, task!.claim)
    }
    expect(await stateOf()).toBe('completed')
    expect(await refusalOf(engine.pauseProcess(id))).toBe('process-ended')
    expect(await refusalOf(engine.resumeProcess(id))).toBe('process-ended')
  })

  it('has a deadline that stands still, and is later by the pause', async () => {
    const { engine, id, pass, stateOf } = await world(two)
    await engine.pauseProcess(id)
    await pass(10 * h)
    expect(await stateOf()).toBe('paused')
    await engine.resumeProcess(id)
    await pass(2 * h - s)
    expect(await stateOf()).toBe('running')
    await pass(s)
    expect(await stateOf()).toBe('failed')
  })

  it('wakes those who wait when it goes on', async () => {
    const { engine, id } = await world('name: timed\ntasks: [{name: A}]')
    await engine.pauseProcess(id)
    const waiting = engine.claimTasks({ worker: 'w', process: id, waitMs: 5_000 })
    await engine.resumeProcess(id)
    expect((await waiting).tasks).toHaveLength(1)
  })

  it('can be cancelled', async () => {
    const { engine, id, stateOf } = await world(two)
    await engine.pauseProcess(id)
    await engine.cancelProcess(id)
    expect(await stateOf()).toBe('cancelled')
  })
})

describe('a failed process that is retried', () => {
  it('opens what failed or was cancelled, with fresh attempts, and keeps what is completed', async () => {
    const { engine, id, claim, stateOf } = await world(
      'name: timed\ntasks: [{name: A}, {name: B, needs: [A]}, {name: C, needs: [A]}, {name: D, needs: [B, C]}]',
    )
    const a = await claim('A')
    await engine.completeTask(a!.id, a!.claim, { a: 1 })
    const b = await claim('B')
    expect(await refusalOf(engine.retryProcess(id))).toBe('process-running')
    await engine.failTask(b!.id, b!.claim, 'broken')
    expect(await stateOf()).toBe('failed')

    expect(await engine.retryProcess(id, { by: 'Ada' })).toMatchObject({
      state: 'running',
      completed: 1,
      failed: 0,
    })
    for (const name of ['B', 'C', 'D']) {
      const task = await claim(name)
      expect(task?.attempt).toBe(1)
      expect(task?.attributes?.value()).toMatchObject({ a: 1 })
      await engine.completeTask(task!.id, task!.claim)
    }
    expect(await stateOf()).toBe('completed')
    expect(await refusalOf(engine.retryProcess(id))).toBe('process-ended')
  })

  it('has its whole time once more', async () => {
    const { engine, id, pass, stateOf } = await world('name: timed\ntimeout: 2h\ntasks: [{name: A}]')
    await pass(3 * h)
    expect(await stateOf()).toBe('failed')
    await engine.retryProcess(id)
    await pass(2 * h - s)
    expect(await stateOf()).toBe('running')
  })
})
