import type { ClaimCriteria, ClaimedTask, Engine } from '@tunacorn/core'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { claim, engineOn } from '../../core/test/engine/support.js'
import { checkInvariants } from '../../core/test/properties/invariants.js'
import { proofSize, proofTimeout } from '../../core/test/properties/proof.js'
import { outcomeOf, World } from '../../core/test/properties/world.js'
import { isProof } from '../../../test/support/proof.js'
import { Actor } from './support/interleaving/actor.js'
import { explore, type Scene } from './support/interleaving/explore.js'
import { freshDatabase, postgresUrl } from './support/databases.js'
import { ManualGround, searchPath } from './support/manual-ground.js'

const url = postgresUrl()

/** In how many orders a scene is played for `npm test`, at most; `TUNACORN_PROOF=1` plays all of them. */
const limit = 300
/** Of scenes with so many orders that they are left to the proof. */
const fewer = 50
/** What a replica has seen of the board is believed for as long as a play takes: no order depends on how quick it is. */
const pollMs = 60_000

/** Two replicas whose copies of a process are both up to date, and who sees what they have done. */
interface Cast {
  readonly one: Engine
  readonly other: Engine
  readonly world: World
  readonly ground: ManualGround
}

describe.skipIf(url === undefined)('two replicas, in every order of what they do in PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let monitor: Pool
  let actors: readonly [Actor, Actor]
  let ground: ManualGround

  beforeAll(async () => {
    // No jitter: who tries again does so at once.
    vi.spyOn(Math, 'random').mockReturnValue(0)
    database = await freshDatabase(url ?? '')
    const poolOf = (name: string) =>
      new Pool({
        connectionString: database.url,
        max: 3,
        idleTimeoutMillis: 0,
        application_name: name,
        options: `-c search_path=${searchPath}`,
      })
    monitor = poolOf('monitor')
    actors = [new Actor('one', poolOf('actor')), new Actor('other', poolOf('actor'))]
    // Else there would be turns that wait for a new connection.
    for (const { pool } of actors) {
      const all = await Promise.all([1, 2, 3].map(() => pool.connect()))
      for (const client of all) client.release()
    }
    ground = await ManualGround.on([monitor, actors[0].pool, actors[1].pool])
  })

  afterAll(async () => {
    vi.restoreAllMocks()
    await Promise.all([monitor, ...actors.map(({ pool }) => pool)].map((pool) => pool.end()))
    await database.drop()
  })

  async function cast(): Promise<Cast> {
    await ground.empty()
    const [one, other] = [1, 2].map((place) => engineOn(ground.storeOf(place), { lanes: 1, pollMs }))
    return { one: one!, other: other!, world: new World({ replicas: 1 }, ground), ground }
  }

  /** @returns what came of it, each pair once. */
  async function inEveryOrder(setScene: (cast: Cast) => Promise<Scene>, atMost = limit): Promise<string[]> {
    const { orders, isAll, outcomes } = await explore(actors, monitor, proofSize(atMost), async () => {
      const ours = await cast()
      const { plays, check } = await setScene(ours)
      return {
        plays,
        check: async (came) => {
          await checkInvariants(ours.world)
          await check(came)
          await checkInvariants(ours.world)
        },
      }
    })
    const scene = expect.getState().currentTestName?.split(' > ').at(-1)
    process.stdout.write(`${scene}: ${isAll ? 'all' : 'the first'} ${orders} orders of statements\n`)
    // One after the other would be two.
    expect(orders).toBeGreaterThan(2)
    expect(isAll || (!isProof && atMost < limit), 'that is all of them').toBe(true)
    return [...outcomes].toSorted()
  }

  it.for([
    ['by name', () => ({ names: ['A'] })],
    ['of any name', () => ({})],
    ['within a process', (processId: string) => ({ processId })],
    ['of this very task', (processId: string) => ({ processId, task: 0 })],
  ] as const)('claim × claim %s: one of them gets the task', proofTimeout, async ([, criteriaIn]) => {
    const came = await inEveryOrder(async ({ one, world }) => {
      const id = await startOf(one, '{ name: A }')
      return {
        plays: [() => handOut(1, 1, criteriaIn(id)), () => handOut(2, 1, criteriaIn(id))],
        check: async () => {
          expect(await world.board()).toMatchObject([{ attempt: 1, worker: 'w' }])
        },
      }
    })
    expect(came).toEqual(['A 1 × nothing', 'nothing × A 1'])
  })

  it('claim × claim of several: each task is handed out once', proofTimeout, async () => {
    const came = await inEveryOrder(async ({ one, world }) => {
      await startOf(one, '{ name: A }, { name: B }, { name: C }')
      return {
        plays: [() => handOut(1, 2, { names: ['A', 'B'] }), () => handOut(2, 2, { names: ['B', 'C'] })],
        check: async ([mine, theirs]) => {
          const handedOut = [...mine.split(', '), ...theirs.split(', ')].filter((what) => what !== 'nothing')
          const board = await world.board()
          const held = board.filter(({ worker }) => worker !== undefined)
          expect(handedOut.toSorted()).toEqual(
            held.map(({ name, attempt }) => `${name} ${attempt}`).toSorted(),
          )
        },
      }
    })
    expect(came).toEqual(['A 1 × B 1, C 1', 'A 1, B 1 × C 1'])
  })

  it.for([
    ['by name', () => ({ names: ['A'] })],
    ['within a process', (processId: string) => ({ processId })],
  ] as const)(
    'complete × re-hand %s: a claim that has lapsed counts, or the next one does',
    proofTimeout,
    async ([, criteriaIn]) => {
      const came = await inEveryOrder(async ({ one, world }) => {
        const id = await startOf(one, '{ name: A, retry: 1 }')
        const { id: task, claim: lapsed } = await claim(one, id, 'A')
        await ground.clock.advance(60_000)
        return {
          plays: [() => outcomeOf(one.completeTask(task, lapsed)), () => handOut(2, 1, criteriaIn(id))],
          check: async ([completed]) => {
            const board = await world.board()
            expect(board.map(({ attempt }) => attempt)).toEqual(completed === 'ok' ? [] : [2])
          },
        }
      })
      expect(came).toEqual(['claim-lost × A 2', 'ok × nothing'])
    },
  )

  it('complete × timekeeper: a task is completed, or its time was up', proofTimeout, async () => {
    const came = await inEveryOrder(async ({ one, other, world }) => {
      const id = await startOf(one, '{ name: A }')
      const { id: task, claim: lapsed } = await claim(one, id, 'A')
      await warm(other, id)
      await ground.clock.advance(60_000)
      return {
        plays: [() => outcomeOf(one.completeTask(task, lapsed)), () => outcomeOf(other.keepTime())],
        check: async ([completed]) => {
          const { state } = await world.process(id)
          expect(state).toBe(completed === 'ok' ? 'completed' : 'failed')
        },
      }
    })
    expect(came).toEqual(['ok × ok', 'task-ended × ok'])
  })

  it('heartbeat × timekeeper: a lease goes on, or its time was up', proofTimeout, async () => {
    const came = await inEveryOrder(async ({ one, other, world }) => {
      const id = await startOf(one, '{ name: A }')
      const { id: task, claim: lapsed } = await claim(one, id, 'A')
      await warm(other, id)
      await ground.clock.advance(60_000)
      return {
        plays: [() => outcomeOf(one.heartbeatTask(task, lapsed)), () => outcomeOf(other.keepTime())],
        check: async ([beaten]) => {
          const { state } = await world.process(id)
          expect(state).toBe(beaten === 'ok' ? 'running' : 'failed')
        },
      }
    })
    expect(came).toEqual(['claim-lost × ok', 'ok × ok'])
  })

  it.for([
    ['the last task', '{ name: A }', ['ok × process-ended', 'process-ended × ok']],
    ['one of two tasks', '{ name: A }, { name: B }', ['ok × ok', 'process-ended × ok']],
  ] as const)('complete × cancel, of %s', proofTimeout, async ([, tasks, expected]) => {
    const came = await inEveryOrder(async ({ one, other, world }) => {
      const id = await startOf(one, tasks)
      const { id: task, claim: held } = await claim(one, id, 'A')
      await warm(other, id)
      return {
        plays: [() => outcomeOf(one.completeTask(task, held)), () => outcomeOf(other.cancelProcess(id))],
        check: async ([completed, cancelled]) => {
          const { state, completed: done } = await world.process(id)
          expect(state).toBe(cancelled === 'ok' ? 'cancelled' : 'completed')
          expect(done).toBe(completed === 'ok' ? 1 : 0)
        },
      }
    })
    expect(came).toEqual(expected)
  })

  it('sibling × sibling at a join: it is scheduled, once', proofTimeout, async () => {
    const came = await inEveryOrder(async ({ one, other, world }) => {
      const id = await startOf(one, '{ name: A }, { name: B }, { name: Join, needs: [A, B] }')
      const [a, b] = [await claim(one, id, 'A'), await claim(other, id, 'B')]
      return {
        plays: [
          () => outcomeOf(one.completeTask(a.id, a.claim)),
          () => outcomeOf(other.completeTask(b.id, b.claim)),
        ],
        check: async () => {
          expect(await world.board()).toMatchObject([{ name: 'Join', attempt: 0 }])
          const join = await claim(other, id, 'Join')
          await one.completeTask(join.id, join.claim)
          expect(await world.process(id)).toMatchObject({ state: 'completed', completed: 3 })
        },
      }
    })
    expect(came).toEqual(['ok × ok'])
  })

  it('sibling × sibling, one of which fails: what cleans up is started, once', proofTimeout, async () => {
    const came = await inEveryOrder(async ({ one, other, world }) => {
      await one.registerDefinition('name: undo\ntasks: [{ name: Undo }]')
      const id = await startOf(one, '{ name: A }, { name: B }', 'failureProcess: undo')
      const [a, b] = [await claim(one, id, 'A'), await claim(other, id, 'B')]
      return {
        plays: [
          () => outcomeOf(one.failTask(a.id, a.claim, 'no', false)),
          () => outcomeOf(other.completeTask(b.id, b.claim)),
        ],
        check: async ([, completed]) => {
          const [failed, cleanup, ...others] = await world.processes()
          expect(failed).toMatchObject({ state: 'failed', completed: completed === 'ok' ? 1 : 0 })
          expect(cleanup).toMatchObject({ definition: 'undo', failureOf: id, state: 'running' })
          expect(others).toEqual([])
        },
      }
    }, fewer)
    expect(came).toEqual(['ok × ok', 'ok × process-ended'])
  })

  it('retry × retry: one of them has retried it', proofTimeout, async () => {
    const came = await inEveryOrder(async ({ one, other, world }) => {
      const id = await failedOf(one)
      await warm(other, id)
      return {
        plays: [() => outcomeOf(one.retryProcess(id)), () => outcomeOf(other.retryProcess(id))],
        check: async () => {
          expect(await world.board()).toMatchObject([{ name: 'A', attempt: 0 }])
          const types = (await world.history(id)).map(({ type }) => type)
          expect(types).toEqual(['process-started', 'task-failed', 'process-retried'])
        },
      }
    })
    expect(came).toEqual(['ok × process-running', 'process-running × ok'])
  })

  it('retry × start, with one key: one of them has it', proofTimeout, async () => {
    const came = await inEveryOrder(async ({ one, other, world }) => {
      const id = await failedOf(one, 'k')
      await warm(other, id)
      return {
        plays: [
          () => outcomeOf(one.retryProcess(id)),
          () => outcomeOf(other.startProcess({ definition: 'main', key: 'k' })),
        ],
        check: async () => {
          const running = (await world.processes()).filter(({ state }) => state === 'running')
          expect(running).toMatchObject([{ key: 'k' }])
        },
      }
    }, fewer)
    expect(came).toEqual(['key-taken × ok', 'ok × key-taken', 'ok × start-in-flight'])
  })

  it(
    'claims that go along with commits: each is committed, and one of them gets the task',
    proofTimeout,
    async () => {
      const came = await inEveryOrder(async ({ one, other, world }) => {
        const [p, q] = [await startOf(one, '{ name: A }, { name: B }'), await startOf(one, '{ name: A }')]
        const [mine, theirs] = [await claim(one, p, 'A'), await claim(other, q, 'A')]
        return {
          plays: [() => completeAndClaim(one, mine), () => completeAndClaim(other, theirs)],
          check: async () => {
            expect(await world.board()).toMatchObject([{ name: 'B', attempt: 1, worker: 'w' }])
          },
        }
      })
      expect(came).toEqual(['completed B × completed nothing', 'completed nothing × completed B'])
    },
  )

  it('batch × batch of the same processes, the other way round: all is committed', proofTimeout, async () => {
    const came = await inEveryOrder(async ({ one, other, world }) => {
      const [p, q] = [await startOf(one, '{ name: A }, { name: B }'), await startAnother(one)]
      const mine = [await claim(one, p, 'A'), await claim(one, q, 'A')]
      const theirs = [await claim(other, q, 'B'), await claim(other, p, 'B')]
      return {
        plays: [() => completeAll(one, mine), () => completeAll(other, theirs)],
        check: async () => {
          const states = (await world.processes()).map(({ state }) => state)
          expect(states).toEqual(['completed', 'completed'])
        },
      }
    })
    expect(came).toEqual(['ok,ok × ok,ok'])
  })

  it('heartbeats × completions of the same tasks, the other way round', proofTimeout, async () => {
    const came = await inEveryOrder(async ({ one, other, world }) => {
      const [p, q] = [await startOf(one, '{ name: A }, { name: B }'), await startAnother(one)]
      const held = [await claim(one, p, 'A'), await claim(other, q, 'A')]
      return {
        plays: [
          async () => {
            const leases = await one.heartbeat(held.map(({ id: task, claim: by }) => ({ task, claim: by })))
            return leases.map((lease) => (lease === undefined ? 'late' : 'ok')).join()
          },
          () => completeAll(other, held.toReversed()),
        ],
        check: async () => {
          expect((await world.board()).map(({ name }) => name)).toEqual(['B', 'B'])
        },
      }
    })
    expect(came).toEqual(['late,late × ok,ok', 'ok,ok × ok,ok'])
  })

  /** What one of the replicas hands out: names and attempts. */
  async function handOut(place: 1 | 2, max: number, criteria: ClaimCriteria): Promise<string> {
    const demand = { worker: 'w', leaseMs: 1_000, secret: `of ${place}`, max }
    const { tasks } = await ground.storeOf(place).taskList.claim(criteria, [demand])
    const given = tasks.flat().map(({ name, claim: { attempt } }) => `${name} ${attempt}`)
    return given.length === 0 ? 'nothing' : given.toSorted().join(', ')
  }
})

/** In one call, as workers do it. */
async function completeAndClaim(engine: Engine, { id, claim: by }: ClaimedTask): Promise<string> {
  const results = [{ task: id, claim: by }]
  const answer = await engine.claimTasks({ worker: 'w', names: ['B'], results })
  const [result] = answer.results
  const outcome = result?.refusal === undefined ? result?.state : result.refusal.code
  return `${outcome} ${answer.tasks.map(({ name }) => name).join() || 'nothing'}`
}

async function completeAll(engine: Engine, held: readonly ClaimedTask[]): Promise<string> {
  const outcomes = held.map(({ id, claim: by }) => outcomeOf(engine.completeTask(id, by)))
  return (await Promise.all(outcomes)).join()
}

async function startOf(engine: Engine, tasks: string, more = ''): Promise<string> {
  await engine.registerDefinition(`name: main\ntasks: [${tasks}]\n${more}`)
  return startAnother(engine)
}

async function startAnother(engine: Engine): Promise<string> {
  return (await engine.startProcess({ definition: 'main' })).id
}

async function failedOf(engine: Engine, key?: string): Promise<string> {
  await engine.registerDefinition('name: main\ntasks: [{ name: A }]')
  const { id } = await engine.startProcess({ definition: 'main', ...(key !== undefined && { key }) })
  const { id: task, claim: held } = await claim(engine, id, 'A')
  await engine.failTask(task, held, 'no')
  return id
}

/** Lets a replica have a copy of the process, and know its definition; and there is nothing old to tidy up. */
async function warm(engine: Engine, id: string): Promise<void> {
  await engine.listProcessTasks(id)
  await engine.keepTime()
}
