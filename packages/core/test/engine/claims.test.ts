import { setTimeout as sleep } from 'node:timers/promises'
import type { ClaimCriteria, ClaimDemand, ProcessChange } from '@tunacorn/core'
import { ManualClock } from '@tunacorn/core/testing'
import { describe, expect, it } from 'vitest'
import { claim, complete, engineOn, flat, MemoryStore, refusalOf, standIn, startLoan } from './support.js'

const never = 60_000

/** The client of the worker `gone` goes away at the worst moment: when it has claimed, and was not told. */
function leavingWorker(store: MemoryStore) {
  const gone = new AbortController()
  const taskList = standIn(store.taskList, {
    claim: async (criteria: ClaimCriteria, demands: readonly ClaimDemand[]) => {
      const claimed = await store.taskList.claim(criteria, demands)
      if (demands.some(({ worker }) => worker === 'gone')) gone.abort()
      return claimed
    },
  })
  return { taskList, gone }
}

describe('a claim that waits', () => {
  it('is answered as soon as there is work', async () => {
    const engine = engineOn(new MemoryStore(), { pollMs: never })
    const waiting = engine.claimTasks({ worker: 'w', names: ['Credit'], waitMs: never })
    const process = await startLoan(engine)
    await complete(engine, process, 'Open')
    const { tasks } = await waiting
    expect(tasks.map(({ name }) => name)).toEqual(['Credit'])
  })

  it('finds what another replica has put on the board', async () => {
    const store = new MemoryStore()
    const waiting = engineOn(store).claimTasks({ worker: 'w', waitMs: never })
    await startLoan(engineOn(store))
    expect((await waiting).tasks).toHaveLength(1)
  })

  it('finds a task whose lease has run out, without anybody reporting it', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    await engine.claimTasks({ worker: 'dies', leaseMs: 100 })
    const { tasks } = await engine.claimTasks({ worker: 'w', names: ['Open'], waitMs: never })
    expect(tasks).toMatchObject([{ attempt: 2, process: { id: process } }])
  })

  it('is answered with nothing when its time is up, or the engine closes', async () => {
    const engine = engineOn(new MemoryStore())
    expect((await engine.claimTasks({ worker: 'w', waitMs: 30 })).tasks).toEqual([])
    const waiting = engine.claimTasks({ worker: 'w', waitMs: never })
    await sleep(10)
    await engine.close()
    expect((await waiting).tasks).toEqual([])
    expect(await refusalOf(engine.claimTasks({ worker: 'w' }))).toBe('closing')
  })

  it('does not wait when it brought results', async () => {
    const engine = engineOn(new MemoryStore(), { pollMs: never })
    await engine.registerDefinition(flat('one', 1))
    await engine.startProcess({ definition: 'one' })
    const [task] = (await engine.claimTasks({ worker: 'w' })).tasks
    const results = [{ task: task!.id, claim: task!.claim }]
    const begin = performance.now()
    const answer = await engine.claimTasks({ worker: 'w', waitMs: never, results })
    expect(performance.now() - begin).toBeLessThan(5_000)
    expect(answer.tasks).toEqual([])
    expect(answer.results).toMatchObject([{ version: 2 }])
  })

  it('whose client has gone gives back what it would have been handed, and it does not count as an attempt', async () => {
    const store = new MemoryStore()
    const { taskList, gone } = leavingWorker(store)
    const engine = engineOn(store, { taskList, pollMs: never })
    const process = await startLoan(engine)
    expect((await engine.claimTasks({ worker: 'gone', signal: gone.signal })).tasks).toEqual([])
    expect(await claim(engine, process, 'Open')).toMatchObject({ attempt: 1 })
  })

  it('is answered at once with what goes on when its process is resumed', async () => {
    const engine = engineOn(new MemoryStore(), { pollMs: never })
    const process = await startLoan(engine)
    await engine.pauseProcess(process)
    const waiting = engine.claimTasks({ worker: 'w', names: ['Open'], waitMs: never })
    await sleep(10)
    await engine.resumeProcess(process)
    expect((await waiting).tasks.map(({ name }) => name)).toEqual(['Open'])
    await engine.close()
  })

  it('wakes as many as there are tasks, in the order of their coming', async () => {
    const store = new MemoryStore()
    let claims = 0
    const taskList = standIn(store.taskList, {
      claim: (criteria: ClaimCriteria, demands: readonly ClaimDemand[]) => {
        claims += 1
        return store.taskList.claim(criteria, demands)
      },
    })
    const engine = engineOn(store, { taskList, pollMs: never })
    await engine.registerDefinition(flat('three', 3))
    const answered: number[] = []
    const waiting = Array.from({ length: 50 }, (_, index) =>
      engine
        .claimTasks({ worker: `w${index}`, waitMs: 200 })
        .then(({ tasks }) => (tasks.length > 0 ? answered.push(index) : 0)),
    )
    await sleep(10)
    claims = 0
    await engine.startProcess({ definition: 'three' })
    await Promise.all(waiting)
    expect(answered).toEqual([0, 1, 2])
    // Each that was woken passes the word on once, for there might have been more.
    expect(claims).toBeLessThanOrEqual(7)
  })
})

describe('tasks that stand in the way', () => {
  it('a waiter whose filters do not fit does not keep others with the same name from what the board has', async () => {
    const store = new MemoryStore()
    const here = engineOn(store)
    const there = engineOn(store)
    for (const name of ['one', 'two']) {
      await there.registerDefinition(JSON.stringify({ name, tasks: [{ name: 'solo' }] }))
    }
    const misfit = here.claimTasks({ worker: 'a', names: ['solo'], definition: 'two', waitMs: 3_000 })
    const fit = here.claimTasks({ worker: 'b', names: ['solo'], definition: 'one', waitMs: 3_000 })
    await there.startProcess({ definition: 'one' })
    expect((await fit).tasks).toHaveLength(1)
    await here.close()
    expect((await misfit).tasks).toEqual([])
  })

  it('a process that cannot be understood does not keep the others from being worked on', async () => {
    const store = new MemoryStore()
    const strange = await startLoan(engineOn(store))
    const plain = await startLoan(engineOn(store))
    const processList = standIn(store.processList, {
      fetch: async (reads: readonly { id: string; afterVersion: number }[]) =>
        (await store.processList.fetch(reads)).map((found) =>
          found?.record.id === strange
            ? { ...found, events: [...found.events, { type: 'task-teleported', task: 0 }] }
            : found,
        ),
    })
    const engine = engineOn(store, { processList })
    const first = await engine.claimTasks({ worker: 'w' })
    const second = await engine.claimTasks({ worker: 'w' })
    expect([...first.tasks, ...second.tasks].map(({ process }) => process.id)).toEqual([plain])
    expect((await engine.listTasks()).items).toHaveLength(2)
    await engine.keepTime()
  })

  it('what came before a task can be read while its process is being worked on', async () => {
    const store = new MemoryStore()
    const processList = standIn(store.processList, {
      persist: async (changes: readonly ProcessChange[]) => {
        await sleep(1)
        return store.processList.persist(changes)
      },
    })
    const engine = engineOn(store, { processList })
    const parts = Array.from({ length: 60 }, (_, part) => `t${part}`)
    const tasks = [...parts.map((name) => ({ name })), { name: 'join', needs: parts }]
    await engine.registerDefinition(JSON.stringify({ name: 'joined', tasks }))
    const { id } = await engine.startProcess({ definition: 'joined' })
    const claimed = await engine.claimTasks({ worker: 'w', process: id, max: 60 })
    const working = new AbortController()
    const read = async () => {
      while (!working.signal.aborted) {
        await engine.fetchAttributes(`${id}.60`)
        await sleep(0)
      }
    }
    const readers = Promise.all([read(), read(), read()])
    for (const task of claimed.tasks) await engine.completeTask(task.id, task.claim, { [task.name]: 1 })
    working.abort()
    await readers
    expect(Object.keys((await engine.fetchAttributes(`${id}.60`)).attributes.value() as object)).toHaveLength(
      60,
    )
  })

  it('more than an answer can hold is given back', async () => {
    const engine = engineOn(new MemoryStore())
    await engine.registerDefinition(flat('one', 1))
    const input = 'x'.repeat(1_000_000)
    await engine.startProcesses(Array.from({ length: 30 }, () => ({ definition: 'one', input })))
    const { tasks } = await engine.claimTasks({ worker: 'w', max: 30 })
    expect(tasks.length).toBeGreaterThan(5)
    expect(tasks.length).toBeLessThan(30)
    const rest = await engine.claimTasks({ worker: 'w', max: 30, attributes: false })
    expect(rest.tasks[0]?.attempt).toBe(1)
  })
})

describe('a thousand idle workers', () => {
  it('cost the store no more than one', async () => {
    const store = new MemoryStore()
    const engineAsking = (counter: { asked: number }) =>
      engineOn(store, {
        pollMs: 20,
        taskList: standIn(store.taskList, {
          claimable: (names: readonly string[] | undefined) => {
            counter.asked += 1
            return store.taskList.claimable(names)
          },
        }),
      })
    const [crowd, single] = [{ asked: 0 }, { asked: 0 }]
    const crowdEngine = engineAsking(crowd)
    const singleEngine = engineAsking(single)
    await Promise.all([
      singleEngine.claimTasks({ worker: 'w', names: ['idle'], waitMs: 500 }),
      ...Array.from({ length: 1000 }, (_, index) =>
        crowdEngine.claimTasks({ worker: `w${index}`, names: ['idle'], waitMs: 500 }),
      ),
    ])
    expect(single.asked).toBeGreaterThan(5)
    expect(crowd.asked).toBeLessThan(single.asked * 2)
  })
})

describe('a claimed task', () => {
  it('carries the outputs of its needs and, unless told not to, the attributes', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    await complete(engine, process, 'Open', { amount: 5 })
    const credit = await claim(engine, process, 'Credit')
    expect(Object.entries(credit.needs ?? {}).map(([name, output]) => [name, output.value()])).toEqual([
      ['Open', { amount: 5 }],
    ])
    expect(credit.attributes?.value()).toEqual({ applicant: 'Ada', amount: 5 })
    const { tasks } = await engine.claimTasks({ worker: 'w', process, attributes: false })
    expect(tasks[0]?.attributes).toBeUndefined()
    expect(tasks[0]?.needs).toBeDefined()
  })

  it('comes without what is too large, which may be asked for by itself', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    const large = { text: 'x'.repeat(300_000) }
    await complete(engine, process, 'Open', large)
    const credit = await claim(engine, process, 'Credit')
    expect(credit.needs).toBeUndefined()
    expect(credit.attributes).toBeUndefined()
    expect((await engine.fetchAttributes(credit.id)).attributes.value()).toEqual({
      applicant: 'Ada',
      ...large,
    })
  })

  it('is the one asked for, or refused by why it cannot be had', async () => {
    const engine = engineOn(new MemoryStore())
    const process = await startLoan(engine)
    expect(await refusalOf(engine.claimTask(`${process}.3`, { worker: 'w' }))).toBe('task-not-active')
    expect(await refusalOf(engine.claimTask(`${process}.9`, { worker: 'w' }))).toBe('task-not-found')
    const open = await engine.claimTask(`${process}.0`, { worker: 'w' })
    expect(open.name).toBe('Open')
    expect(await refusalOf(engine.claimTask(`${process}.0`, { worker: 'w' }))).toBe('task-held')
    await engine.completeTask(open.id, open.claim)
    expect(await refusalOf(engine.claimTask(`${process}.0`, { worker: 'w' }))).toBe('task-ended')
    const unknown = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c.0'
    expect(await refusalOf(engine.claimTask(unknown, { worker: 'w' }))).toBe('process-not-found')
  })

  it('is not yet to be had before its time: the refusal says what it waits for and until when', async () => {
    const clock = new ManualClock()
    const engine = engineOn(new MemoryStore({ now: () => clock.now() }))
    const tasks = [
      { name: 'A', delay: '1h', scheduleTimeout: '1d' },
      { name: 'B', retry: { limit: 1, delay: '1m', jitter: false }, scheduleTimeout: '1d' },
    ]
    await engine.registerDefinition(JSON.stringify({ name: 'later', tasks }), 'json')
    const { id } = await engine.startProcess({ definition: 'later' })
    const b = await engine.claimTask(`${id}.1`, { worker: 'w' })
    await engine.failTask(b.id, b.claim, 'busy')
    const claiming = (task: number) => engine.claimTask(`${id}.${task}`, { worker: 'w' })
    await expect(claiming(0)).rejects.toMatchObject({
      code: 'task-not-claimable',
      message:
        `Task "A" (${id}.0) is scheduled, but waits for its time: ` +
        'it can be claimed from 2026-01-01T01:00:00.000Z until 2026-01-02T01:00:00.000Z.',
    })
    await expect(claiming(1)).rejects.toMatchObject({
      code: 'task-not-claimable',
      message:
        `Task "B" (${id}.1) is scheduled, but waits for attempt 2: ` +
        'it can be claimed from 2026-01-01T00:01:00.000Z until 2026-01-02T00:01:00.000Z.',
    })
    clock.advance(3_600_000)
    expect((await claiming(0)).name).toBe('A')
  })

  it('that is released goes back to its place, to whoever waits for it', async () => {
    const engine = engineOn(new MemoryStore(), { pollMs: never })
    const process = await startLoan(engine)
    const open = await claim(engine, process, 'Open')
    const waiting = engine.claimTasks({ worker: 'w', waitMs: never })
    await sleep(10)
    await engine.releaseTask(open.id, open.claim)
    expect((await waiting).tasks).toMatchObject([{ id: open.id, attempt: 1 }])
    expect(await refusalOf(engine.releaseTask(open.id, open.claim))).toBe('claim-lost')
  })
})

describe('a crowd that comes to wait', () => {
  it('has the board looked at no more often than one does, and is served all the same', async () => {
    const store = new MemoryStore()
    let looks = 0
    const taskList = standIn(store.taskList, {
      claim: (criteria: ClaimCriteria, demands: readonly ClaimDemand[]) => {
        looks += 1
        return store.taskList.claim(criteria, demands)
      },
      claimable: (names: readonly string[] | undefined) => {
        looks += 1
        return store.taskList.claimable(names)
      },
    })
    const here = engineOn(store, { taskList, pollMs: 100 })
    const there = engineOn(store)
    await there.registerDefinition(flat('two', 2))
    const wait = (n: number) => here.claimTasks({ worker: `w${n}`, names: ['t0'], waitMs: 3_000 })
    const waiting = [wait(0)]
    const begin = performance.now()
    for (let n = 1; n < 100; n += 1) {
      await sleep(5)
      waiting.push(wait(n))
    }
    const most = (performance.now() - begin) / 50 + 2
    expect(looks).toBeLessThanOrEqual(most)
    // It comes by another replica, and is found by the next look.
    await there.startProcess({ definition: 'two' })
    const first = await Promise.race(waiting)
    expect(first.tasks).toHaveLength(1)
    await here.close()
  })
})

describe('a task that comes back to the board', () => {
  it('is handed out as soon as its retry may begin, by whoever has failed it', async () => {
    const engine = engineOn(new MemoryStore(), { pollMs: never })
    const retry = { limit: 3, delay: '20ms', factor: 1, jitter: false }
    await engine.registerDefinition(JSON.stringify({ name: 'again', tasks: [{ name: 't0', retry }] }))
    await engine.startProcess({ definition: 'again' })
    const [held] = (await engine.claimTasks({ worker: 'w', names: ['t0'] })).tasks
    const results = [{ task: held?.id ?? '', claim: held?.claim ?? '', error: { message: 'no' } }]
    const { tasks: atOnce } = await engine.claimTasks({ worker: 'w', names: ['t0'], max: 5, results })
    // A slow machine has it there already.
    const more = atOnce.length > 0 ? [] : [engine.claimTasks({ worker: 'w', names: ['t0'], waitMs: 2_000 })]
    const later = (await Promise.all(more)).flatMap(({ tasks }) => tasks)
    expect([...atOnce, ...later]).toMatchObject([{ attempt: 2 }])
    await engine.close()
  })

  it('because the client has gone that it was for is handed to the next who waits', async () => {
    const store = new MemoryStore()
    const { taskList, gone } = leavingWorker(store)
    const engine = engineOn(store, { taskList, pollMs: never })
    await startLoan(engine)
    await engine.claimTasks({ worker: 'gone', names: ['Open'], max: 5, signal: gone.signal })
    const { tasks } = await engine.claimTasks({ worker: 'w', names: ['Open'], waitMs: 2_000 })
    expect(tasks).toMatchObject([{ name: 'Open', attempt: 1 }])
    await engine.close()
  })
})
