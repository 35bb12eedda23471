import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { definitions, type WrittenDefinition } from './arbitraries.js'
import { checkFailureProcesses, checkInvariants } from './invariants.js'
import { proofTimeout, prove } from './proof.js'
import { at, maxReplicas, outcomeOf, World } from './world.js'

/** Which of all processes that there are by then. */
const process = fc.nat({ max: 7 })

const steps = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 40 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('work' as const),
      at,
      fails: fc.nat({ max: 2 }).map((n) => n === 0),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('pause' as const, 'resume' as const, 'retry' as const, 'cancel' as const),
      at,
      process,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), at }) },
)

const on = fc.constantFrom(['failed'], ['cancelled'], ['failed', 'cancelled'])

/** `main` is followed by `undo`, and that would be by `last`: but what cleans up has nothing that cleans up after it. */
const chains = fc.tuple(
  definitions({ name: 'last', maxTasks: 2 }),
  definitions({
    name: 'undo',
    maxTasks: 2,
    failureProcess: on.map((causes) => ({ name: 'last', on: causes })),
  }),
  definitions({
    name: 'main',
    maxTasks: 3,
    failureProcess: on.map((causes) => ({ name: 'undo', on: causes })),
  }),
)

/** Commands come several at once, to several replicas, on a store that is often taken up by others. */
const bursts = fc.array(fc.array(steps, { minLength: 1, maxLength: 4 }), { maxLength: 15, size: 'max' })
const contention = fc.array(fc.boolean(), { maxLength: 40, size: 'max' })

describe('whatever comes at once', () => {
  it('a live process has a task on the board that will move it on', proofTimeout, () =>
    prove(
      fc.asyncProperty(chains, bursts, contention, async (chain, taken, contended) => {
        await run(chain, taken, contended, async (world) => {
          await checkInvariants(world)
          expect(await strandedIn(world)).toEqual([])
        })
      }),
      60,
    ),
  )

  it(
    'a failure process is started once for each failure, and never for a failure process',
    proofTimeout,
    () =>
      prove(
        fc.asyncProperty(chains, bursts, contention, async (chain, taken, contended) => {
          const followedBy = new Map(
            chain.flatMap(({ name, failureProcess }) => (failureProcess ? [[name, failureProcess]] : [])),
          )
          await run(chain, taken, contended, async (world) => {
            await checkFailureProcesses(world, followedBy)
            const started = (await world.processes()).map(({ definition }) => definition)
            expect(started, 'what would clean up after `undo`').not.toContain('last')
          })
        }),
        60,
      ),
  )
})

/** Live processes of which nothing is on the board. */
async function strandedIn(world: World): Promise<string[]> {
  const onBoard = new Set((await world.board()).map(({ processId }) => processId))
  const processes = await world.processes()
  return processes.filter(({ id, endedAt }) => endedAt === undefined && !onBoard.has(id)).map(({ id }) => id)
}

async function run(
  chain: readonly WrittenDefinition[],
  taken: readonly (readonly Step[])[],
  contended: readonly boolean[],
  check: (world: World) => Promise<void>,
): Promise<void> {
  const world = new World({ replicas: maxReplicas, contention: contended })
  await world.register(...chain)
  for (let processes = 0; processes < 2; processes += 1)
    await world.engine().startProcess({ definition: 'main' })
  for (const burst of taken) {
    await Promise.all(burst.map((step) => take(world, step)))
    await check(world)
  }
}

type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never

async function take(world: World, step: Step): Promise<void> {
  switch (step.do) {
    case 'pass':
      return world.pass(step.ms)
    case 'restart':
      return world.restart(step.at)
    case 'work':
      return work(world, step)
    default: {
      const engine = world.engine(step.at)
      const processes = await world.processes()
      const { id } = processes[step.process % processes.length]!
      const controls = {
        pause: () => engine.pauseProcess(id),
        resume: () => engine.resumeProcess(id),
        retry: () => engine.retryProcess(id),
        cancel: () => engine.cancelProcess(id),
      }
      expect(['ok', 'process-ended', 'process-running']).toContain(await outcomeOf(controls[step.do]()))
    }
  }
}

/** Takes all there is, and is done with it at once. */
async function work(world: World, { at: pick, fails }: { at: number; fails: boolean }): Promise<void> {
  const engine = world.engine(pick)
  const { tasks } = await engine.claimTasks({ worker: 'w', max: 3, leaseMs: 20 })
  const results = tasks.map(({ id, claim }) => ({
    task: id,
    claim,
    ...(fails && { error: 'no', retry: false as const }),
  }))
  await engine.claimTasks({ worker: 'w', max: 0, results })
}
