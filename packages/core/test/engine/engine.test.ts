import { DefinitionError, Engine, MemoryStore, type EventBones, type FetchedProcess } from '@tunacorn/core'
import { describe, expect, it } from 'vitest'
import { claim, complete, engineOn, flat, loan, refusalOf, standIn, startLoan } from './support.js'

describe('the engine', () => {
  it('wants its lists to be of one store', () => {
    const { definitionList, processList } = new MemoryStore()
    const { taskList } = new MemoryStore()
    expect(() => new Engine({ definitionList, processList, taskList })).toThrow(/of one store/)
  })

  it('wants its options to make sense', () => {
    expect(() => engineOn(new MemoryStore(), { lanes: 0 })).toThrow(/lanes to be a whole number above 0/)
    expect(() => engineOn(new MemoryStore(), { pollMs: Number.NaN })).toThrow(/pollMs/)
  })

  it('registers sound definitions only, each text once', async () => {
    const engine = engineOn(new MemoryStore())
    await expect(engine.registerDefinition('tasks: [{name: A}]')).rejects.toThrow(DefinitionError)
    expect(await engine.registerDefinition(loan)).toMatchObject({ created: true, stored: { version: 1 } })
    expect(await engine.registerDefinition(loan)).toMatchObject({ created: false, stored: { version: 1 } })
    expect((await engine.fetchDefinition('loan')).source).toBe(loan)
  })

  it('starts many at once, each answered by itself', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(loan)
    const results = await engine.startProcesses([
      { definition: 'loan', input: 1 },
      { definition: 'load' },
      { definition: 'loan', version: 7 },
      { definition: 'loan', input: 'x'.repeat(2 * 1024 * 1024) },
      { definition: 'loan', priority: 9 },
    ])
    expect(results.map(({ process, refusal }) => process?.state ?? refusal?.code)).toEqual([
      'running',
      'definition-not-found',
      'definition-not-found',
      'too-large',
      'running',
    ])
  })

  it('hands out tasks of higher priority first', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(flat('one', 1))
    for (const priority of [0, 9, 5])
      await engine.startProcess({ definition: 'one', priority, input: priority })
    const { tasks } = await engine.claimTasks({ worker: 'w', max: 2 })
    expect(tasks.map(({ process }) => process.input?.value())).toEqual([9, 5])
  })

  it('cancels a running process once, and no ended one', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    const open = await claim(engine, process, 'Open')
    expect(await engine.cancelProcess(process, { by: 'Ada', reason: 'not needed' })).toMatchObject({
      state: 'cancelled',
      version: 2,
    })
    expect(await engine.cancelProcess(process)).toMatchObject({ state: 'cancelled', version: 2 })
    expect(await refusalOf(engine.completeTask(open.id, open.claim))).toBe('process-ended')
    expect((await engine.listTasks({ process })).items).toEqual([])
    expect((await engine.fetchProcess(process)).ending?.payload?.value()).toEqual({
      by: 'Ada',
      reason: 'not needed',
    })

    const done = await startLoan(engine)
    for (const name of ['Open', 'Credit', 'Assets', 'Email']) await complete(engine, done, name)
    expect(await refusalOf(engine.cancelProcess(done))).toBe('process-ended')
  })

  it('destroys ended processes only', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    expect(await refusalOf(engine.destroyProcess(process))).toBe('process-running')
    await engine.cancelProcess(process)
    await engine.destroyProcess(process)
    expect(await refusalOf(engine.fetchProcess(process))).toBe('process-not-found')
    expect(await refusalOf(engine.destroyProcess(process))).toBe('process-not-found')
    expect(await refusalOf(engine.history(process))).toBe('process-not-found')
  })

  it('shows every task of a process with its state, a page at a time', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    await complete(engine, process, 'Open', { amount: 5 })
    await claim(engine, process, 'Credit')
    const { items } = await engine.listProcessTasks(process)
    expect(items.map(({ name, state }) => [name, state])).toEqual([
      ['Open', 'completed'],
      ['Credit', 'claimed'],
      ['Assets', 'scheduled'],
      ['Email', 'pending'],
    ])
    const paged = []
    for (let cursor: string | undefined = '0'; cursor !== undefined;) {
      const page: Awaited<ReturnType<Engine['listProcessTasks']>> = await engine.listProcessTasks(process, {
        cursor,
        limit: 3,
      })
      paged.push(...page.items)
      cursor = page.next
    }
    expect(paged).toEqual(items)
    const { items: claimed } = await engine.listProcessTasks(process, { state: 'claimed' })
    expect(claimed.map(({ name }) => name)).toEqual(['Credit'])
  })

  it('refuses a process whose history it does not know, and that one only', async () => {
    const store = new MemoryStore()
    const [strange, plain] = await Promise.all([startLoan(engineOn(store)), startLoan(engineOn(store))])
    const addStrangeEvent = (found: FetchedProcess | undefined): FetchedProcess | undefined => {
      if (found?.record.id !== strange) return found
      const event: EventBones = { type: 'task-teleported', task: 0 }
      return { ...found, events: [...found.events, event] }
    }
    const processList = standIn(store.processList, {
      fetch: async (reads: readonly { id: string; afterVersion: number }[]) =>
        (await store.processList.fetch(reads)).map(addStrangeEvent),
    })
    const engine = engineOn(store, { processList, lanes: 1 })
    const outcomes = await Promise.all([
      refusalOf(engine.cancelProcess(strange)),
      refusalOf(engine.cancelProcess(plain)).then(() => 'cancelled'),
    ])
    expect(outcomes).toEqual(['history-unknown', 'cancelled'])
  })

  it('keeps to its bound of copies, and reads again what it has let go', async () => {
    const engine = engineOn(new MemoryStore(), { maxCachedTasks: 1 })
    const [one, other] = [await startLoan(engine), await startLoan(engine)]
    for (const name of ['Open', 'Credit', 'Assets', 'Email']) {
      await complete(engine, one, name, { name })
      await complete(engine, other, name, { name })
    }
    expect((await engine.fetchProcess(one)).record.state).toBe('completed')
    expect((await engine.fetchProcess(other)).record.state).toBe('completed')
  })

  it('commits what is under way before it is closed, and takes on nothing new', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    const open = await claim(engine, process, 'Open')
    const reported = engine.completeTask(open.id, open.claim)
    await engine.close()
    expect((await reported).version).toBe(2)
    expect(await refusalOf(engine.startProcess({ definition: 'loan' }))).toBe('closing')
    expect(await refusalOf(engine.completeTask(open.id, open.claim))).toBe('closing')
  })

  it('refuses values that are nested too deeply to be shown again', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(flat('one', 1))
    const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
    const text = { brackets: '[{'.repeat(200), quotes: '\\"[[' }
    await engine.startProcess({ definition: 'one', input: [nested(63), text] })
    expect(await refusalOf(engine.startProcess({ definition: 'one', input: nested(65) }))).toBe(
      'payload-refused',
    )
    expect(await refusalOf(engine.startProcess({ definition: 'one', input: nested(4_110) }))).toBe(
      'payload-refused',
    )
  })

  it('refuses values that JSON would change, and says where', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(flat('one', 1))
    const changed = [Infinity, { n: [NaN] }, [undefined], [() => 1], { f: () => 1 }, new Map(), [1n]]
    for (const input of changed)
      expect(await refusalOf(engine.startProcess({ definition: 'one', input }))).toBe('payload-refused')
    const { id } = await engine.startProcess({
      definition: 'one',
      input: { a: undefined, at: new Date(0), b: 0 },
    })
    expect((await engine.fetchProcess(id)).record.input?.value()).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      b: 0,
    })
    const { tasks } = await engine.claimTasks({ worker: 'w', process: id })
    const [task = { id: '', claim: '' }] = tasks
    await expect(engine.completeTask(task.id, task.claim, { sum: [1, NaN] })).rejects.toThrow('NaN at /sum/1')
    await expect(engine.failTask(task.id, task.claim, new Map())).rejects.toThrow('the class Map')
    await engine.completeTask(task.id, task.claim, { sum: [1] })
  })

  it('ends a page early when its items carry too much', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(flat('wide', 60))
    const { id } = await engine.startProcess({ definition: 'wide' })
    const { tasks } = await engine.claimTasks({ worker: 'w', process: id, max: 60 })
    const output = 'x'.repeat(400_000)
    await Promise.all(tasks.map((task) => engine.completeTask(task.id, task.claim, output)))
    const versions: number[] = []
    for (let after: number | undefined = 0; after !== undefined;) {
      const page: Awaited<ReturnType<Engine['history']>> = await engine.history(id, { after, limit: 1_000 })
      expect(page.items.length).toBeLessThan(61)
      versions.push(...page.items.map(({ version }) => version))
      after = page.next
    }
    expect(versions).toEqual(Array.from({ length: 61 }, (_, n) => n + 1))
    const first = await engine.listProcessTasks(id, { limit: 1_000 })
    const second = await engine.listProcessTasks(id, { limit: 1_000, cursor: first.next })
    expect(first.items.length + second.items.length).toBe(60)
  })
})
