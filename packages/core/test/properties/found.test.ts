import { MemoryStore, type DueProcess, type EngineOptions, type ProcessChange } from '@tunacorn/core'
import { ManualClock } from '@tunacorn/core/testing'
import { describe, expect, it } from 'vitest'
import { claim, engineOn, flat, refusalOf, standIn } from '../engine/support.js'

// What the properties beside this file have found, each in its smallest form.

function world(processes: Partial<MemoryStore['processList']> = {}, options: Partial<EngineOptions> = {}) {
  const clock = new ManualClock()
  const store = new MemoryStore({ now: () => clock.now() })
  const processList = standIn(store.processList, processes)
  return { clock, store, engine: engineOn(store, { processList, ...options }), other: engineOn(store) }
}

/** A store that says of so many commits that others were quicker. */
function contended(store: () => MemoryStore, commits: number) {
  let left = commits
  return {
    persist: async (changes: readonly ProcessChange[]) => {
      const isStart = changes.some(({ started }) => started !== undefined)
      if (isStart || left <= 0) return store().processList.persist(changes)
      left -= 1
      return changes.map(() => ({ status: 'moved' }) as const)
    },
  }
}

describe('two replicas', () => {
  it('do not take a process for paused, or for running, that the other has resumed or paused since', async () => {
    const { engine, other } = world()
    await engine.registerDefinition(flat('flat', 1))
    const { id } = await engine.startProcess({ definition: 'flat' })
    await engine.pauseProcess(id)
    await other.resumeProcess(id)
    expect(await engine.pauseProcess(id)).toMatchObject({ state: 'paused', version: 4 })
    expect(await other.resumeProcess(id)).toMatchObject({ state: 'running', version: 5 })
    await engine.pauseProcess(id)
    expect(await other.resumeProcess(id)).toMatchObject({ state: 'running', version: 7 })
  })
})

describe('a process that is resumed', () => {
  it('is answered with the deadline that it has by then', async () => {
    const { engine, clock } = world()
    await engine.registerDefinition('name: timed\ntimeout: 1h\ntasks: [{name: A}]')
    const { id, deadline } = await engine.startProcess({ definition: 'timed' })
    await engine.pauseProcess(id)
    clock.advance(1_000)
    const later = new Date(deadline.getTime() + 1_000)
    expect((await engine.resumeProcess(id)).deadline).toEqual(later)
    expect((await engine.pauseProcess(id)).deadline).toEqual(later)
  })
})

describe('a failed attempt', () => {
  it('is the last one when another could only begin at the very end of the time for it', async () => {
    const { engine, clock } = world()
    await engine.registerDefinition(
      'name: tight\ntasks: [{name: A, timeout: 14s, heartbeat: 1s, retry: {limit: 1, delay: 0s, within: 14s}}]',
    )
    const { id } = await engine.startProcess({ definition: 'tight' })
    await claim(engine, id, 'A')
    clock.advance(14_000)
    await engine.keepTime()
    const { ending } = await engine.fetchProcess(id)
    // And not that nobody has come for it, in no time at all.
    expect(ending).toMatchObject({ type: 'task-failed', reason: 'lapsed', claim: { attempt: 1 } })
  })

  it('that is reported again gets the same answer, also when the process has ended since', async () => {
    const { engine } = world()
    await engine.registerDefinition('name: again\ntasks: [{name: A, retry: 1}]')
    const { id } = await engine.startProcess({ definition: 'again' })
    const task = await claim(engine, id, 'A')
    const answer = await engine.failTask(task.id, task.claim, 'no')
    await engine.cancelProcess(id)
    expect(await engine.failTask(task.id, task.claim, 'no')).toEqual(answer)
    expect(await refusalOf(engine.failTask(task.id, task.claim, 'something else'))).toBe('process-ended')
  })
})

describe('late reports', () => {
  it('of several tasks that were handed out together are all kept as evidence', async () => {
    const { engine, clock } = world()
    await engine.registerDefinition('name: late\ndefaults: {retry: 1}\ntasks: [{name: A}, {name: B}]')
    const { id } = await engine.startProcess({ definition: 'late' })
    const { tasks } = await engine.claimTasks({ worker: 'late', process: id, max: 2 })
    clock.advance(60_000)
    await engine.claimTasks({ worker: 'w', process: id, max: 2 })
    for (const task of tasks)
      expect(await refusalOf(engine.completeTask(task.id, task.claim))).toBe('claim-lost')
    const { items } = await engine.history(id)
    expect(items.filter(({ type }) => type === 'report-refused').map(({ name }) => name)).toEqual(['A', 'B'])
  })
})

describe('a process that everybody wants', () => {
  it('starts its failure process when it fails, however often others were quicker', async () => {
    const { engine, store }: ReturnType<typeof world> = world(contended(() => store, 6))
    await engine.registerDefinition('name: undo\ntasks: [{name: Undo}]')
    await engine.registerDefinition('name: main\nfailureProcess: undo\ntasks: [{name: A}]')
    const { id } = await engine.startProcess({ definition: 'main' })
    const task = await claim(engine, id, 'A')
    await engine.failTask(task.id, task.claim, 'no')
    const { state, failureProcess } = (await engine.fetchProcess(id)).record
    expect([state, failureProcess]).toEqual(['failed', expect.any(String)])
    expect((await engine.listProcesses({ definition: 'undo' })).items).toMatchObject([{ failureOf: id }])
  })
})

describe('a deadline', () => {
  it('that is moved while the timekeeper comes holds up neither the timekeeper nor the process', async () => {
    let isDue: DueProcess[] = []
    const { engine } = world({ due: async () => isDue })
    await engine.registerDefinition(flat('flat', 1))
    const { id } = await engine.startProcess({ definition: 'flat' })
    isDue = [{ id, dueAt: 0 }]
    await engine.keepTime()
    expect(await engine.pauseProcess(id)).toMatchObject({ state: 'paused' })
  })
})

describe('a key', () => {
  it('that is taken while its process is retried is a reason, not a wait', async () => {
    const { engine, store }: ReturnType<typeof world> = world({
      persist: async (changes: readonly ProcessChange[]) => {
        // Somebody else starts with the key at the worst moment.
        const isRetry = changes.some(({ clock, started }) => clock === 'anew' && started === undefined)
        if (isRetry)
          await engineOn(store)
            .startProcess({ definition: 'flat', key: 'k' })
            .catch(() => {})
        return store.processList.persist(changes)
      },
    })
    await engine.registerDefinition(flat('flat', 1))
    const { id } = await engine.startProcess({ definition: 'flat', key: 'k' })
    const task = await claim(engine, id, 't0')
    await engine.failTask(task.id, task.claim, 'no')
    expect(await refusalOf(engine.retryProcess(id))).toBe('key-taken')
    expect((await engine.fetchProcess(id)).record.state).toBe('failed')
  })
})
