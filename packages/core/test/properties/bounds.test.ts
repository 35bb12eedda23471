import { engineDefaults, parseDefinition, worstCaseEnd } from '@tunacorn/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { definitions, type WrittenDefinition } from './arbitraries.js'
import { checkInvariants } from './invariants.js'
import { proofTimeout, prove } from './proof.js'
import { releasing, working, Workers, type Step } from './workers.js'
import { World, worlds, type WorldOptions } from './world.js'

/** How workers go on when nothing more is said of them. */
const habits = fc.constantFrom('gone', 'silent', 'beating', 'failing', 'slowest' as const)
type Habit = 'gone' | 'silent' | 'beating' | 'failing' | 'slowest'

function endMsOf(definition: WrittenDefinition): number {
  return worstCaseEnd(parseDefinition(JSON.stringify(definition), { format: 'json' }), engineDefaults).endMs
}

/** Starts one process, lets the steps happen, and then the habit for as long as the process may take. */
async function run(
  definition: WrittenDefinition,
  options: WorldOptions,
  steps: readonly Step[],
  habit: Habit,
) {
  const world = new World(options)
  await world.register(definition)
  const { id, startedAt } = await world.engine().startProcess({ definition: definition.name })
  const workers = new Workers(world, definition)
  const endsBy = startedAt.getTime() + endMsOf(definition)
  for (const step of steps) {
    await workers.take(step.do === 'pass' ? { ...step, ms: Math.min(step.ms, endsBy - world.now) } : step)
    await checkInvariants(world)
  }
  while (world.now < endsBy && (await world.process(id)).endedAt === undefined) {
    await goOn(habit, world, workers, endsBy)
  }
  await checkInvariants(world)
  return { world, id, endsBy }
}

async function goOn(habit: Habit, world: World, workers: Workers, endsBy: number): Promise<void> {
  const pass = (ms: number) => world.pass(Math.min(ms, endsBy - world.now))
  if (habit === 'gone') return pass(endsBy - world.now)
  if (habit === 'slowest') return beSlow(world, workers, pass)
  await workers.claim({ at: 0, max: 3, leaseMs: 20 })
  for (const claim of workers.claims.slice(-3).keys()) {
    if (habit === 'beating') await workers.take({ do: 'beat', at: 0, claim })
    if (habit === 'failing') await workers.take({ do: 'fail', at: 0, claim, retry: 1_000_000 })
  }
  await pass(7)
}

/** Whatever must be done by a moment is done just before it, and then as badly as possible. */
async function beSlow(world: World, workers: Workers, pass: (ms: number) => Promise<void>): Promise<void> {
  const board = await world.board()
  const moments = board.map(({ expiresAt, claimableAt, worker }) =>
    (worker ? claimableAt : expiresAt).getTime(),
  )
  await pass(Math.max(0, Math.min(...moments) - 1 - world.now))
  for (const row of board) {
    if (row.worker === undefined && row.expiresAt.getTime() <= world.now + 1) {
      await workers.claim({ at: 0, max: 3, leaseMs: 1_000_000 })
    }
  }
  for (const claim of workers.claims.slice(-5).keys()) {
    await workers.take({ do: 'beat', at: 0, claim })
    const held = workers.claims.at(-1 - claim)!
    const row = (await world.board()).find(
      ({ processId, name }) => `${processId}${name}` === `${held.process.id}${held.name}`,
    )
    // The heartbeat has brought nothing: the attempt is at its end.
    const isLast = row?.worker !== undefined && row.claimableAt.getTime() <= world.now + 1
    if (isLast) await workers.take({ do: 'fail', at: 0, claim, retry: 1_000_000 })
  }
  await pass(1)
}

describe('a process of any definition, whatever its workers do', () => {
  it('ends within the bound that is printed for its definition', proofTimeout, () =>
    prove(
      fc.asyncProperty(
        definitions(),
        worlds,
        fc.oneof(fc.array(working, { maxLength: 3 }), fc.array(working, { maxLength: 25, size: 'max' })),
        habits,
        async (definition, options, steps, habit) => {
          const { world, id, endsBy } = await run(definition, options, steps, habit)
          const { state, endedAt } = await world.process(id)
          expect(endedAt, `${state} after ${endMsOf(definition)} ms`).toBeDefined()
          expect(endedAt!.getTime()).toBeLessThanOrEqual(endsBy)
        },
      ),
      150,
    ),
  )

  it(
    'hands out no task too early, too late or too often, also when workers give tasks back',
    proofTimeout,
    () =>
      prove(
        fc.asyncProperty(
          definitions(),
          worlds,
          fc.array(fc.oneof({ weight: 9, arbitrary: working }, { weight: 1, arbitrary: releasing }), {
            maxLength: 40,
            size: 'max',
          }),
          async (definition, options, steps) => {
            // What else is wrong is found where it is handed out.
            const { world, id } = await run(definition, options, steps, 'silent')
            const { items } = await world.engine().listProcessTasks(id)
            const most = definition.tasks.map(({ retry }) => (retry?.limit ?? 0) + 1)
            expect(items.filter(({ attempt = 0 }, index) => attempt > most[index]!)).toEqual([])
          },
        ),
        150,
      ),
  )
})
