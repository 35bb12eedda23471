import type { PersistResult, ProcessChange } from '@tunacorn/core'
import { describe, expect, it } from 'vitest'
import {
  claim,
  complete,
  engineOn,
  flat,
  loan,
  MemoryStore,
  refusalOf,
  standIn,
  startLoan,
} from './support.js'

describe('two replicas on one store', () => {
  it('never reject from a copy that is behind', async () => {
    const store = new MemoryStore()
    const [one, other] = [engineOn(store), engineOn(store)]
    const process = await startLoan(one)
    await complete(one, process, 'Open')
    await complete(other, process, 'Credit')
    await complete(other, process, 'Assets')
    // The first replica's copy still waits for both: to claim from there would bring it up to date.
    const email = await claim(other, process, 'Email')
    expect((await one.completeTask(email.id, email.claim)).version).toBe(5)
    expect((await other.fetchProcess(process)).record.state).toBe('completed')
  })

  it('nor where something else of the process is accepted from it in the same turn', async () => {
    const store = new MemoryStore()
    const [one, other] = [engineOn(store), engineOn(store)]
    await one.registerDefinition('name: pair\ntasks: [{ name: a }, { name: b, needs: [a] }, { name: c }]')
    const { id } = await one.startProcess({ definition: 'pair' })
    await complete(other, id, 'a')
    const [b, c] = [await claim(other, id, 'b'), await claim(other, id, 'c')]
    const reported = await Promise.all([b, c].map((task) => one.completeTask(task.id, task.claim)))
    expect(reported.map(({ version }) => version).toSorted((x, y) => x - y)).toEqual([3, 4])
    expect((await other.fetchProcess(id)).record.state).toBe('completed')
  })

  it('show a worker the outputs that came in through the other', async () => {
    const store = new MemoryStore()
    const [one, other] = [engineOn(store), engineOn(store)]
    const process = await startLoan(one)
    await complete(other, process, 'Open', { amount: 5 })
    const credit = await claim(one, process, 'Credit')
    expect(credit.attributes?.value()).toEqual({ applicant: 'Ada', amount: 5 })
    expect(credit.needs?.['Open']?.value()).toEqual({ amount: 5 })
  })

  it('show who follows a process what happens to it through the other', async () => {
    const store = new MemoryStore()
    const [one, other] = [engineOn(store), engineOn(store)]
    const process = await startLoan(one)
    const pages = await one.followHistory(process)
    if (pages === undefined) throw new Error('Expected something to be to come.')
    const next = async () => (await pages.next()).value?.items.map(({ type }: { type: string }) => type)
    expect(await next()).toEqual(['process-started'])
    await complete(other, process, 'Open')
    expect(await next()).toEqual(['task-completed'])
    await other.cancelProcess(process)
    expect(await next()).toEqual(['process-cancelled'])
    expect((await pages.next()).done).toBe(true)
  })

  it('let go who follows a process that is destroyed', async () => {
    const store = new MemoryStore()
    const [one, other] = [engineOn(store), engineOn(store)]
    const process = await startLoan(one)
    const pages = await one.followHistory(process)
    await pages?.next()
    const next = refusalOf(pages?.next() ?? Promise.resolve())
    await other.cancelProcess(process)
    await other.destroyProcess(process)
    // Whether it saw the end before it was gone is up to chance.
    expect(['process-not-found', 'process-cancelled']).toContain(
      await next.then((seen) => (typeof seen === 'string' ? seen : 'process-cancelled')),
    )
  })

  it('start from the version that was registered last, wherever it was', async () => {
    const store = new MemoryStore()
    const [one, other] = [engineOn(store), engineOn(store)]
    await startLoan(one)
    await other.registerDefinition(`${loan}  - name: Archive\n`)
    const { definitionVersion, total } = await one.startProcess({ definition: 'loan' })
    expect([definitionVersion, total]).toEqual([2, 5])
  })

  it('do not start from a version that the other has removed', async () => {
    const store = new MemoryStore()
    const [one, other] = [engineOn(store), engineOn(store)]
    await one.registerDefinition(flat('gone', 1))
    await one.destroyProcess((await ended(one)).id)
    await other.removeDefinition('gone', 1)
    expect(await refusalOf(one.startProcess({ definition: 'gone' }))).toBe('definition-not-found')
    expect(await refusalOf(one.startProcess({ definition: 'gone', version: 1 }))).toBe('definition-not-found')

    async function ended(engine: typeof one) {
      const { id } = await engine.startProcess({ definition: 'gone' })
      return engine.cancelProcess(id)
    }
  })

  it('finish a process that both are working on, with each version once', async () => {
    const store = new MemoryStore()
    const engines = [engineOn(store), engineOn(store), engineOn(store)]
    const [first] = engines
    await first!.registerDefinition(flat('flat', 200))
    const { id } = await first!.startProcess({ definition: 'flat' })
    const claimed = await first!.claimTasks({ worker: 'tester', process: id, max: 200 })
    await Promise.all(
      claimed.tasks.map((task, index) => engines[index % engines.length]!.completeTask(task.id, task.claim)),
    )
    const { items } = await first!.history(id, { limit: 1000 })
    expect(items.map(({ version }) => version)).toEqual(Array.from({ length: 201 }, (_, n) => n + 1))
    expect((await first!.fetchProcess(id)).record.state).toBe('completed')
  })
})

describe('a process that others move again and again', () => {
  it('is waited for and held in the end, so that nobody starves', async () => {
    const store = new MemoryStore()
    let heldTimes = 0
    const processList = standIn(store.processList, {
      persist: async (changes: readonly ProcessChange[]): Promise<PersistResult[]> =>
        changes[0]?.started === undefined
          ? changes.map(() => ({ status: 'moved' }))
          : store.processList.persist(changes),
      persistHeld: async (...call: Parameters<MemoryStore['processList']['persistHeld']>) => {
        heldTimes += 1
        return store.processList.persistHeld(...call)
      },
    })
    const engine = engineOn(store, { processList })
    const process = await startLoan(engine)
    expect(await complete(engine, process, 'Open')).toBe(2)
    expect(heldTimes).toBe(1)
  })

  it('does not hold up the others of its lane', async () => {
    const store = new MemoryStore()
    const locked = new Set<string>()
    const processList = standIn(store.processList, {
      persist: async (changes: readonly ProcessChange[]): Promise<PersistResult[]> => {
        const results = await store.processList.persist(changes.filter(({ id }) => !locked.has(id)))
        return changes.map(({ id }) => (locked.has(id) ? { status: 'moved' } : results.shift()!))
      },
      persistHeld: () => new Promise<never>(() => {}),
    })
    const engine = engineOn(store, { processList, lanes: 1 })
    const [one, other] = [await startLoan(engine), await startLoan(engine)]
    const waiting = await claim(engine, one, 'Open')
    locked.add(one)
    let isAnswered = false
    void engine.completeTask(waiting.id, waiting.claim).then(() => (isAnswered = true))
    for (const name of ['Open', 'Credit', 'Assets', 'Email']) await complete(engine, other, name)
    expect((await engine.fetchProcess(other)).record.state).toBe('completed')
    expect(isAnswered).toBe(false)
  })
})
