import { MemoryStore } from '@tunacorn/core'
import { ManualClock } from '@tunacorn/core/testing'
import { describe, expect, it } from 'vitest'
import { claim, engineOn, flat, refusalOf, startLoan } from './support.js'

const day = 86_400_000

describe('a start with an idempotency key', () => {
  it('happens once, however often and wherever it is asked for', async () => {
    const store = new MemoryStore()
    const engines = [engineOn(store), engineOn(store)]
    await engines[0]!.registerDefinition(flat('flat', 1))
    const options = { idempotencyKey: 'order-1' }
    const started = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        engines[index % 2]!.startProcess({ definition: 'flat', input: { n: 1 } }, options),
      ),
    )
    expect(new Set(started.map(({ id }) => id)).size).toBe(1)
    expect((await engines[0]!.listProcesses()).items).toHaveLength(1)
  })

  it('gets the answer that it got then, also when the process has gone on', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(flat('flat', 1))
    const options = { idempotencyKey: 'order-1' }
    const first = await engine.startProcess({ definition: 'flat' }, options)
    const task = await claim(engine, first.id, 't0')
    await engine.completeTask(task.id, task.claim)
    expect(await engine.startProcess({ definition: 'flat' }, options)).toEqual(first)
  })

  it('is refused when the key came with another request', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(flat('flat', 1))
    const options = { idempotencyKey: 'order-1' }
    await engine.startProcess({ definition: 'flat', input: 1 }, options)
    expect(await refusalOf(engine.startProcess({ definition: 'flat', input: 2 }, options))).toBe(
      'idempotency-key-reused',
    )
  })

  it('is another start after a day', async () => {
    const clock = new ManualClock()
    const engine = engineOn(new MemoryStore({ now: () => clock.now() }))
    await engine.registerDefinition(flat('flat', 1))
    const options = { idempotencyKey: 'order-1' }
    const first = await engine.startProcess({ definition: 'flat' }, options)
    clock.advance(day)
    expect((await engine.startProcess({ definition: 'flat' }, options)).id).not.toBe(first.id)
  })
})

describe('starts whose inputs take long to be checked', () => {
  it('do not hold up everything else until the last of them', async () => {
    const engine = engineOn(new MemoryStore())
    const pattern = '^([a-z0-9]+-)*[a-z0-9]+$'
    const schema = { type: 'array', items: { type: 'string', pattern } }
    await engine.registerDefinition(JSON.stringify({ name: 'slow', input: schema, tasks: [{ name: 'A' }] }))
    const start = { definition: 'slow', input: Array.from({ length: 10_000 }, (_, n) => `a-b-c-d-${n}`) }
    await engine.startProcess(start)
    let turns = 0
    const ticking = setInterval(() => (turns += 1), 0)
    await Promise.all(Array.from({ length: 20 }, () => engine.startProcess(start)))
    clearInterval(ticking)
    expect(turns).toBeGreaterThan(5)
    await engine.close()
  })
})

describe('a key of your own', () => {
  it('is had by one live process of a definition', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(flat('flat', 1))
    await engine.registerDefinition(flat('other', 1))
    const first = await engine.startProcess({ definition: 'flat', key: 'k' })
    const refused = await engine
      .startProcess({ definition: 'flat', key: 'k' })
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'key-taken', processId: first.id })
    await engine.startProcess({ definition: 'other', key: 'k' })
    await engine.cancelProcess(first.id)
    const second = await engine.startProcess({ definition: 'flat', key: 'k' })
    expect((await engine.listProcesses({ key: 'k', definition: 'flat' })).items.map(({ id }) => id)).toEqual([
      second.id,
      first.id,
    ])
  })

  it('that was taken since keeps a failed process from being retried', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(flat('flat', 1))
    const first = await engine.startProcess({ definition: 'flat', key: 'k' })
    const task = await claim(engine, first.id, 't0')
    await engine.failTask(task.id, task.claim, 'no')
    const second = await engine.startProcess({ definition: 'flat', key: 'k' })
    expect(await refusalOf(engine.retryProcess(first.id))).toBe('key-taken')
    await engine.cancelProcess(second.id)
    expect(await engine.retryProcess(first.id)).toMatchObject({ state: 'running' })
  })
})

describe('an input', () => {
  it('must be as the definition describes it', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(
      'name: strict\ninput: { type: object, required: [applicant], properties: { amount: { type: number } } }\ntasks: [{name: A}]',
    )
    const refused = await engine
      .startProcess({ definition: 'strict', input: { amount: 'much' } })
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'input-invalid' })
    const { problems } = refused as { problems: { pointer: string }[] }
    expect(problems.map(({ pointer }) => pointer).sort()).toEqual(['/amount', '/applicant'])
    expect(await refusalOf(engine.startProcess({ definition: 'strict' }))).toBe('input-invalid')
    expect((await engine.listProcesses()).items).toEqual([])
    expect(await engine.startProcess({ definition: 'strict', input: { applicant: 'Ada' } })).toMatchObject({
      state: 'running',
    })
  })
})

describe('a failure process', () => {
  const main = (on: string) => `
name: main
${on}
tasks:
  - name: A
  - name: B
    needs: [A]
`

  async function world(on = 'failureProcess: undo') {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition('name: undo\ntasks: [{name: Undo}]')
    await engine.registerDefinition(main(on))
    const { id } = await engine.startProcess({ definition: 'main', input: { n: 1 } })
    return { engine, id }
  }

  async function childOf(engine: ReturnType<typeof engineOn>, id: string) {
    const { failureProcess } = (await engine.fetchProcess(id)).record
    return failureProcess === undefined ? undefined : (await engine.fetchProcess(failureProcess)).record
  }

  it('is started with the failure, once, and knows what went wrong', async () => {
    const { engine, id } = await world()
    const a = await claim(engine, id, 'A')
    await engine.completeTask(a.id, a.claim, { made: 'A' })
    const b = await claim(engine, id, 'B')
    await engine.failTask(b.id, b.claim, { message: 'broken' })
    const child = await childOf(engine, id)
    expect(child).toMatchObject({ definition: 'undo', state: 'running', failureOf: id })
    expect(child?.id.slice(-4)).toBe(id.slice(-4))
    expect(child?.input?.value()).toEqual({
      process: id,
      definition: 'main',
      version: 1,
      input: { n: 1 },
      failedTask: 'B',
      error: { message: 'broken' },
      outputs: { A: { made: 'A' } },
    })
    expect((await engine.listProcesses({ definition: 'undo' })).items).toHaveLength(1)
    expect((await claim(engine, child!.id, 'Undo')).name).toBe('Undo')
  })

  it('wakes whoever waits for its tasks', async () => {
    const { engine, id } = await world()
    const waiting = engine.claimTasks({ worker: 'undoer', names: ['Undo'], waitMs: 5_000 })
    const a = await claim(engine, id, 'A')
    await engine.failTask(a.id, a.claim, 'no')
    expect((await waiting).tasks).toHaveLength(1)
  })

  it('is not started by a cancellation, unless the definition says so', async () => {
    const { engine, id } = await world()
    await engine.cancelProcess(id)
    expect(await childOf(engine, id)).toBeUndefined()
    const other = await world('failureProcess: { name: undo, on: [failed, cancelled] }')
    await other.engine.cancelProcess(other.id)
    expect(await childOf(other.engine, other.id)).toMatchObject({ state: 'running' })
  })

  it('has none of its own', async () => {
    const { engine, id } = await world()
    await engine.registerDefinition('name: last\ntasks: [{name: Last}]')
    await engine.registerDefinition('name: undo\nfailureProcess: last\ntasks: [{name: Undo}]')
    const a = await claim(engine, id, 'A')
    await engine.failTask(a.id, a.claim, 'no')
    const child = await childOf(engine, id)
    const undo = await claim(engine, child!.id, 'Undo')
    await engine.failTask(undo.id, undo.claim, 'no')
    expect(await childOf(engine, child!.id)).toBeUndefined()
    expect((await engine.listProcesses({ definition: 'last' })).items).toEqual([])
  })

  it('must be known, must not lead back, and stays while it is named', async () => {
    const engine = engineOn(new MemoryStore())
    expect(await refusalOf(engine.registerDefinition(main('failureProcess: undo')))).toBe(
      'definition-invalid',
    )
    await engine.registerDefinition('name: undo\ntasks: [{name: Undo}]')
    await engine.registerDefinition(main('failureProcess: undo'))
    expect(
      await refusalOf(engine.registerDefinition('name: undo\nfailureProcess: main\ntasks: [{name: Undo}]')),
    ).toBe('definition-invalid')
    expect(await refusalOf(engine.removeDefinition('undo', 1))).toBe('definition-in-use')
    await engine.removeDefinition('main', 1)
    await engine.removeDefinition('undo', 1)
  })
})

describe('waiting for the end of a process', () => {
  it('is answered when it ends, by whichever replica', async () => {
    const store = new MemoryStore()
    const [one, other] = [engineOn(store), engineOn(store)]
    const process = await startLoan(one)
    const here = one.fetchEndedProcess(process, 10_000)
    const there = other.fetchEndedProcess(process, 10_000)
    await one.cancelProcess(process)
    expect((await here).record.state).toBe('cancelled')
    expect((await there).record.state).toBe('cancelled')
    expect((await one.fetchEndedProcess(process, 10_000)).record.state).toBe('cancelled')
  })

  it('is answered with what there is when time is up, or the engine closes', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    expect((await engine.fetchEndedProcess(process, 20)).record.state).toBe('running')
    const waiting = engine.fetchEndedProcess(process, 60_000)
    await new Promise((resolve) => setTimeout(resolve, 10))
    await engine.close()
    expect((await waiting).record.state).toBe('running')
  })
})

describe('old processes', () => {
  it('are destroyed when they ended longer ago than is wanted', async () => {
    const clock = new ManualClock()
    const engine = engineOn(new MemoryStore({ now: () => clock.now() }), { retentionMs: 7 * day })
    const [old, young, running] = [await startLoan(engine), await startLoan(engine), await startLoan(engine)]
    await engine.cancelProcess(old)
    clock.advance(6 * day)
    await engine.cancelProcess(young)
    clock.advance(2 * day)
    await engine.keepTime()
    expect((await engine.listProcesses()).items.map(({ id }) => id).sort()).toEqual([young, running].sort())
  })
})

describe('explaining a process', () => {
  it('says of each open task why it is not done', async () => {
    const clock = new ManualClock()
    const engine = engineOn(new MemoryStore({ now: () => clock.now() }))
    await engine.registerDefinition(
      'name: why\ntasks: [{name: A}, {name: B}, {name: C, delay: 1h}, {name: D, needs: [A, B]}, {name: E, retry: 2}]',
    )
    const { id } = await engine.startProcess({ definition: 'why' })
    await claim(engine, id, 'A')
    const e = await claim(engine, id, 'E')
    await engine.failTask(e.id, e.claim, 'no')
    const { state, because, tasks } = await engine.explainProcess(id)
    expect([state, because]).toEqual([
      'running',
      'The process is running: 0 of 5 tasks completed, 1 worked on, 1 waiting for a worker, 2 waiting for their time.',
    ])
    expect(tasks.map(({ name, cause }) => [name, cause])).toEqual([
      ['A', 'is-worked-on'],
      ['B', 'waits-for-worker'],
      ['C', 'waits-for-time'],
      ['D', 'waits-for-needs'],
      ['E', 'waits-for-time'],
    ])
    expect(tasks[3]).toMatchObject({ because: 'waits for "A", "B"', openNeeds: ['A', 'B'] })
    expect(tasks[1]?.because).toContain('nobody is known to have asked for "B"')
    expect(tasks[4]?.because).toMatch(/^will be tried again \(attempt 2\) at .*; attempt 1 failed: "no"$/)
    clock.advance(60_000)
    expect((await engine.explainProcess(id)).tasks[0]).toMatchObject({
      cause: 'has-lapsed',
      worker: 'tester',
    })
    await engine.pauseProcess(id, { reason: 'month end' })
    expect((await engine.explainProcess(id)).tasks[1]).toMatchObject({
      cause: 'is-paused',
      because: 'is not handed out: the process is paused ("month end")',
    })
    await engine.cancelProcess(id)
    expect(await engine.explainProcess(id)).toEqual({
      state: 'cancelled',
      because: 'The process is cancelled.',
      tasks: [],
    })
  })

  it('says so when it has counted the first thousand open tasks only', async () => {
    const engine = engineOn(new MemoryStore())
    const tasks = Array.from({ length: 1_500 }, (_, n) => ({ name: `T${n}` }))
    await engine.registerDefinition(JSON.stringify({ name: 'many', tasks }))
    const { id } = await engine.startProcess({ definition: 'many' })
    const explained = await engine.explainProcess(id)
    expect(explained.because).toBe(
      'The process is running: 0 of 1500 tasks completed, of the first 1000 open ones 1000 waiting for a worker.',
    )
    expect(explained.tasks).toHaveLength(1_000)
  })
})
