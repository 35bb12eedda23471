import { TunaCornError, type PersistResult, type ProcessChange } from '@tunacorn/core'
import { ManualClock } from '@tunacorn/core/testing'
import { describe, expect, it } from 'vitest'
import { claim, complete, engineOn, flat, MemoryStore, refusalOf, standIn, startLoan } from './support.js'

describe('a report', () => {
  it('moves the process on by one version and puts what it unlocks on the board', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    expect(await complete(engine, process, 'Open')).toBe(2)
    const { items } = await engine.listTasks({ process })
    expect(items.map(({ name, state }) => [name, state])).toEqual([
      ['Credit', 'scheduled'],
      ['Assets', 'scheduled'],
    ])
  })

  it('may be sent again, and gets the same answer', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    const open = await claim(engine, process, 'Open')
    const versions = await Promise.all(
      [1, 2, 3].map(() => engine.completeTask(open.id, open.claim, { a: 1 })),
    )
    await complete(engine, process, 'Credit')
    versions.push(await engine.completeTask(open.id, open.claim, { a: 1 }))
    expect(versions.map(({ version }) => version)).toEqual([2, 2, 2, 2])
    expect((await engine.history(process)).items).toHaveLength(3)
  })

  it('may be sent again to another replica that has never seen the process', async () => {
    const store = new MemoryStore()
    const process = await startLoan(engineOn(store))
    const open = await claim(engineOn(store), process, 'Open')
    expect((await engineOn(store).completeTask(open.id, open.claim)).version).toBe(2)
    expect((await engineOn(store).completeTask(open.id, open.claim)).version).toBe(2)
  })

  it('with the claim of one that came through but another result changes nothing', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    const open = await claim(engine, process, 'Open')
    await engine.completeTask(open.id, open.claim, { a: 1 })
    expect(await refusalOf(engine.completeTask(open.id, open.claim, { a: 2 }))).toBe('task-ended')
    expect(await refusalOf(engine.failTask(open.id, open.claim, { a: 1 }))).toBe('task-ended')
    expect((await engine.fetchProcess(process)).record.version).toBe(2)
  })

  it('with a claim that is not live changes nothing', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    const open = await claim(engine, process, 'Open')
    const [attempt, secret = ''] = open.claim.split('.')
    for (const wrong of [`2.${secret}`, `${attempt}.${'A'.repeat(22)}`, 'nonsense', '']) {
      expect(await refusalOf(engine.completeTask(open.id, wrong))).toBe('claim-lost')
    }
    expect(await refusalOf(engine.completeTask(`${process}.3`, open.claim))).toBe('task-not-active')
    expect(await refusalOf(engine.completeTask(`${process}.4`, open.claim))).toBe('task-not-found')
    expect(await refusalOf(engine.completeTask('nonsense', open.claim))).toBe('task-not-found')
    expect((await engine.fetchProcess(process)).record.version).toBe(1)
  })

  it('comes through after its lease ran out, as long as the task was not handed out again', async () => {
    const clock = new ManualClock()
    const engine = engineOn(new MemoryStore({ now: () => clock.now() }))
    const process = await startLoan(engine)
    const open = await claim(engine, process, 'Open')
    clock.advance(60_000)
    expect((await engine.completeTask(open.id, open.claim)).version).toBe(2)
  })

  it('is refused once the task was handed out again, and the history keeps the attempt that lapsed', async () => {
    const clock = new ManualClock()
    const engine = engineOn(new MemoryStore({ now: () => clock.now() }))
    const process = await startLoan(engine)
    const first = await claim(engine, process, 'Open')
    clock.advance(60_000)
    const second = await claim(engine, process, 'Open')
    expect([first.attempt, second.attempt]).toEqual([1, 2])
    expect(await refusalOf(engine.completeTask(first.id, first.claim))).toBe('claim-lost')
    await engine.completeTask(second.id, second.claim)
    expect(await refusalOf(engine.completeTask(first.id, first.claim))).toBe('task-ended')
    const completed = (await engine.history(process)).items.find(({ type }) => type === 'task-completed')
    expect(completed?.claim?.attempt).toBe(2)
    expect(completed?.lapsed).toMatchObject([{ attempt: 1, worker: 'tester' }])
  })

  it('is refused for its claim then, however deeply its output is nested', async () => {
    const clock = new ManualClock()
    const engine = engineOn(new MemoryStore({ now: () => clock.now() }))
    const process = await startLoan(engine)
    const open = await claim(engine, process, 'Open')
    clock.advance(60_000)
    await claim(engine, process, 'Open')
    // As deep as a payload may be: it is none any more as a part of something.
    const output = Array.from({ length: 63 }).reduce<unknown>((inner) => [inner], [])
    const late = engine.completeTask(open.id, open.claim, output)
    expect(await refusalOf(late)).toBe('claim-lost')
    const { items } = await engine.history(process)
    expect(items.map(({ type }) => type)).toContain('report-refused')
  })

  it('of a failure ends the process, and what is on the board for it goes', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    await complete(engine, process, 'Open')
    const credit = await claim(engine, process, 'Credit')
    const assets = await claim(engine, process, 'Assets')
    await engine.failTask(credit.id, credit.claim, { message: 'too low' })
    expect((await engine.listTasks({ process })).items).toEqual([])
    const { record, failedTask, ending } = await engine.fetchProcess(process)
    expect([record.state, failedTask, ending?.payload?.value()]).toEqual([
      'failed',
      'Credit',
      { message: 'too low' },
    ])
    expect(await refusalOf(engine.completeTask(assets.id, assets.claim))).toBe('process-ended')
    expect(await engine.heartbeat([{ task: assets.id, claim: assets.claim }])).toEqual([undefined])
    expect((await engine.fetchTask(assets.id)).state).toBe('cancelled')
  })

  it('one of many does not stop the others, whatever is wrong with it', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(flat('flat', 4))
    const { id } = await engine.startProcess({ definition: 'flat' })
    const { tasks } = await engine.claimTasks({ worker: 'tester', process: id, max: 4 })
    const outputs = [{ ok: true }, 'x'.repeat(2 * 1024 * 1024), { ok: true }, { ok: true }]
    const sent = tasks.map((task, index) => ({ task: task.id, claim: task.claim, output: outputs[index] }))
    sent[2] = { ...sent[2]!, claim: `1.${'A'.repeat(22)}` }
    const { results } = await engine.claimTasks({ worker: 'tester', max: 0, results: sent })
    expect(results.map(({ refusal }) => refusal?.code)).toEqual([
      undefined,
      'too-large',
      'claim-lost',
      undefined,
    ])
    expect((await engine.fetchProcess(id)).record.completed).toBe(2)
  })
})

describe('reports for one process at once', () => {
  it('never conflict within a replica, and go in few commits', async () => {
    const store = new MemoryStore()
    const persisted: PersistResult[] = []
    let commits = 0
    const processList = standIn(store.processList, {
      persist: async (changes: readonly ProcessChange[]) => {
        commits += 1
        const results = await store.processList.persist(changes)
        persisted.push(...results)
        return results
      },
    })
    const engine = engineOn(store, { processList })
    await engine.registerDefinition(flat('flat', 500))
    const { id } = await engine.startProcess({ definition: 'flat' })
    const { tasks } = await engine.claimTasks({ worker: 'tester', process: id, max: 500 })
    const versions = await Promise.all(tasks.map((task) => engine.completeTask(task.id, task.claim)))
    expect(versions.map(({ version }) => version).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 500 }, (_, n) => n + 2),
    )
    expect(persisted.every(({ status }) => status === 'committed')).toBe(true)
    expect(commits).toBeLessThanOrEqual(5)
  })

  it('each puts on the board what it unlocks', async () => {
    const engine = engineOn(new MemoryStore())
    const tasks = '[{ name: a }, { name: b }, { name: c, needs: [a] }, { name: d, needs: [b] }]'
    await engine.registerDefinition(`name: two-chains\ntasks: ${tasks}`)
    const { id } = await engine.startProcess({ definition: 'two-chains' })
    const held = await Promise.all(['a', 'b'].map((name) => claim(engine, id, name)))
    await Promise.all(held.map((task) => engine.completeTask(task.id, task.claim)))
    const { items } = await engine.listTasks({ process: id })
    expect(items.map(({ name }) => name)).toEqual(['c', 'd'])
  })

  it('one by a claim that is not live does not take along another of its task', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    const open = await claim(engine, process, 'Open')
    const outcomes = await Promise.allSettled(
      [`1.${'A'.repeat(22)}`, open.claim].map((one) => engine.completeTask(open.id, one)),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  })

  it('one that poisons the commit fails alone', async () => {
    const store = new MemoryStore()
    const processList = standIn(store.processList, {
      persist: async (changes: readonly ProcessChange[]) => {
        const isPoisoned = changes.some(({ events }) =>
          events.some(({ payload }) => payload?.text === '"poison"'),
        )
        if (isPoisoned) throw new Error('the database does not like this')
        return store.processList.persist(changes)
      },
    })
    const engine = engineOn(store, { processList, lanes: 1 })
    await engine.registerDefinition(flat('flat', 5))
    const [one, other] = await Promise.all([1, 2].map(() => engine.startProcess({ definition: 'flat' })))
    const claimed = await Promise.all(
      [one, other].map((process) => engine.claimTasks({ worker: 'tester', process: process!.id, max: 5 })),
    )
    const tasks = claimed.flatMap((result) => result.tasks)
    const outcomes = await Promise.all(
      tasks.map((task, index) =>
        refusalOf(engine.completeTask(task.id, task.claim, index === 2 ? 'poison' : 'fine')).then(
          (outcome) => (outcome instanceof Error ? outcome.message : 'accepted'),
        ),
      ),
    )
    expect(outcomes.filter((outcome) => outcome !== 'accepted')).toEqual(['the database does not like this'])
    expect((await engine.fetchProcess(one!.id)).record.completed).toBe(4)
    expect((await engine.fetchProcess(other!.id)).record.completed).toBe(5)
  })
})

describe('when the store does not answer', () => {
  it('nobody is told that it came through, and the same report comes through later', async () => {
    const store = new MemoryStore()
    let isDown = false
    const processList = standIn(store.processList, {
      persist: async (changes: readonly ProcessChange[]) => {
        if (isDown) throw new TunaCornError('unavailable')
        return store.processList.persist(changes)
      },
    })
    const engine = engineOn(store, { processList })
    const process = await startLoan(engine)
    const open = await claim(engine, process, 'Open')
    isDown = true
    expect(await refusalOf(engine.completeTask(open.id, open.claim))).toBe('unavailable')
    expect(await refusalOf(engine.completeTask(open.id, open.claim))).toBe('unavailable')
    isDown = false
    expect((await engine.completeTask(open.id, open.claim)).version).toBe(2)
    expect(await complete(engine, process, 'Credit')).toBe(3)
  })

  it('a commit whose answer was lost is found when the report is sent again', async () => {
    const store = new MemoryStore()
    let losesAnswer = false
    const processList = standIn(store.processList, {
      persist: async (changes: readonly ProcessChange[]) => {
        const results = await store.processList.persist(changes)
        if (losesAnswer) throw new TunaCornError('unavailable')
        return results
      },
    })
    const engine = engineOn(store, { processList })
    const process = await startLoan(engine)
    const open = await claim(engine, process, 'Open')
    losesAnswer = true
    expect(await refusalOf(engine.completeTask(open.id, open.claim))).toBe('unavailable')
    losesAnswer = false
    expect((await engine.completeTask(open.id, open.claim)).version).toBe(2)
    expect((await engine.fetchProcess(process)).record.version).toBe(2)
  })
})
