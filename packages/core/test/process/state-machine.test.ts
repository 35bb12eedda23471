import { readFileSync } from 'node:fs'
import {
  MemoryStore,
  TunaCornError,
  type Engine,
  type HeldTaskId,
  type HistoryEvent,
  type ProcessCommand,
  type ProcessStatus,
  type TaskViewState,
} from '@tunacorn/core'
import { ManualClock } from '@tunacorn/core/testing'
import { describe, expect, it } from 'vitest'
import { engineOn } from '../engine/support.js'

// docs/state-machine.md says what follows from every command in every state. Here each cell is tried out on an engine:
// a state is a way to get there, a command is a way to give it, and the cell is what can be seen to follow.

const text = readFileSync(new URL('../../../../docs/state-machine.md', import.meta.url), 'utf8')

const leaseMs = 10_000
const timeoutMs = 60_000
const processTimeoutMs = 15_000

/** One process in a world of its own, and the task that it is all about. */
class Stage {
  readonly clock = new ManualClock()
  readonly store = new MemoryStore({ now: () => this.clock.now() })
  readonly engine: Engine = engineOn(this.store)
  id = ''
  /** What the task is held by, or was held by last. */
  held: HeldTaskId | undefined
  /** An attempt of another task that lapsed and was followed by the next one. */
  late: HeldTaskId | undefined

  async start(definition: string): Promise<void> {
    await this.engine.registerDefinition(definition)
    this.id = (await this.engine.startProcess({ definition: 'stage', key: 'k' })).id
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await this.engine.keepTime()
  }

  async claim(task: number): Promise<HeldTaskId> {
    const { id, claim } = await this.engine.claimTask(`${this.id}.${task}`, { worker: 'w', leaseMs })
    this.held = { task: id, claim }
    return this.held
  }

  async complete(task: number): Promise<void> {
    const { task: id, claim } = await this.claim(task)
    await this.engine.completeTask(id, claim)
  }

  async fail(task: number, retry?: false): Promise<void> {
    const { task: id, claim } = await this.claim(task)
    await this.engine.failTask(id, claim, 'no', retry)
  }

  async events(): Promise<HistoryEvent[]> {
    return this.store.processList.history(this.id, 0, 1_000)
  }

  async processState(): Promise<string> {
    const [found] = await this.store.processList.fetch([{ id: this.id, afterVersion: 0 }])
    return found?.record.state ?? 'not there'
  }
}

/** How a cell is written: the refusal, the new events, and where they lead; or `nothing`. */
async function resultOf(
  stage: Stage,
  stateOf: () => Promise<string>,
  give: () => Promise<unknown>,
): Promise<string> {
  const [before, known] = [await stateOf(), await stage.events()]
  const refusal = await give().then(
    () => [],
    (error: unknown) => {
      if (error instanceof TunaCornError) return [`refused: \`${error.code}\``]
      throw error
    },
  )
  const [after, events] = [await stateOf(), (await stage.events()).slice(known.length)]
  const said = events.map(({ type, reason }) => {
    return reason === undefined || reason === 'reported' ? `\`${type}\`` : `\`${type}\` (${reason})`
  })
  const shown = [...refusal, ...said].join(', ')
  if (after !== before) return `${shown} → ${after}`.trim()
  return shown === '' ? 'nothing' : shown
}

/** The tables of the document, by the heading that they stand under. */
function tableUnder(heading: string): Map<string, Map<string, string>> {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const [columns = [], , ...body] = rows
  return new Map(
    body.map(([state = '', ...cells]) => [
      state,
      new Map(cells.map((cell, index) => [columns[index + 1] ?? '', cell])),
    ]),
  )
}

function declareCells<State extends string, Command extends string>(
  heading: string,
  states: Readonly<Record<State, (stage: Stage) => Promise<void>>>,
  commands: Readonly<Record<Command, (stage: Stage) => Promise<unknown>>>,
  stateOf: (stage: Stage) => Promise<string>,
): void {
  const table = tableUnder(heading)

  it('has a row for every state and a column for every command, and no others', () => {
    expect([...table.keys()]).toEqual(Object.keys(states))
    for (const row of table.values()) expect([...row.keys()]).toEqual(Object.keys(commands))
  })

  for (const [state, bring] of Object.entries<(stage: Stage) => Promise<void>>(states)) {
    it(`says what follows in the state ${state}`, async () => {
      const results = new Map<string, string>()
      for (const [command, give] of Object.entries<(stage: Stage) => Promise<unknown>>(commands)) {
        const stage = new Stage()
        await bring(stage)
        expect(await stateOf(stage)).toBe(state)
        results.set(
          command,
          await resultOf(
            stage,
            () => stateOf(stage),
            () => give(stage),
          ),
        )
      }
      expect(results).toEqual(table.get(state))
    })
  }
}

describe('the table of processes in docs/state-machine.md', () => {
  const definition = JSON.stringify({
    name: 'stage',
    timeout: `${processTimeoutMs}ms`,
    tasks: [{ name: 'A', timeout: '60s' }, { name: 'B', retry: 2, timeout: '60s' }, { name: 'C' }],
  })
  /** A is held; an attempt of B has lapsed, and the next one is held. */
  const started = async (stage: Stage) => {
    await stage.start(definition)
    stage.late = await stage.claim(1)
    stage.clock.advance(leaseMs)
    await stage.claim(1)
    await stage.claim(0)
  }
  /** Whatever is done meanwhile, A and B are what everything is said of. */
  const ended = (how: (stage: Stage) => Promise<unknown>) => async (stage: Stage) => {
    await started(stage)
    const { held } = stage
    await how(stage)
    stage.held = held
  }

  const states: Record<'not there' | ProcessStatus, (stage: Stage) => Promise<void>> = {
    'not there': async (stage) => {
      await stage.engine.registerDefinition(definition)
      stage.id = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'
      stage.held = { task: `${stage.id}.0`, claim: `1.${'A'.repeat(22)}` }
      stage.late = stage.held
    },
    running: started,
    paused: async (stage) => {
      await started(stage)
      await stage.engine.pauseProcess(stage.id)
    },
    completed: ended(async (stage) => {
      await stage.engine.completeTask(stage.held!.task, stage.held!.claim)
      stage.clock.advance(leaseMs)
      for (const task of [1, 2]) await stage.complete(task)
    }),
    failed: ended((stage) => stage.fail(2)),
    cancelled: ended((stage) => stage.engine.cancelProcess(stage.id)),
  }

  const commands: Record<ProcessCommand['type'], (stage: Stage) => Promise<unknown>> = {
    start: async (stage) => {
      const { id } = await stage.engine.startProcess({ definition: 'stage', key: 'k' })
      // Where it was not there before, this is the one.
      if ((await stage.processState()) === 'not there') stage.id = id
    },
    'complete-task': ({ engine, held }) => engine.completeTask(held!.task, held!.claim, 'output'),
    'fail-task': ({ engine, held }) => engine.failTask(held!.task, held!.claim, 'error'),
    'judge-task': (stage) => stage.pass(leaseMs),
    'refuse-report': ({ engine, late }) => engine.completeTask(late!.task, late!.claim, 'late'),
    // Before the leases run out.
    'time-out': (stage) => stage.pass(processTimeoutMs - leaseMs),
    pause: ({ engine, id }) => engine.pauseProcess(id),
    resume: ({ engine, id }) => engine.resumeProcess(id),
    cancel: ({ engine, id }) => engine.cancelProcess(id),
    retry: ({ engine, id }) => engine.retryProcess(id),
  }

  declareCells('Processes', states, commands, (stage) => stage.processState())
})

describe('the table of tasks in docs/state-machine.md', () => {
  const definition = JSON.stringify({
    name: 'stage',
    timeout: '100d',
    tasks: [
      {
        name: 'A',
        needs: ['B'],
        timeout: `${timeoutMs}ms`,
        scheduleTimeout: '2h',
        retry: { limit: 1, delay: '5s', jitter: false },
      },
      { name: 'B' },
      { name: 'C' },
    ],
  })
  const task = 0

  type Seen = Exclude<TaskViewState, 'pending' | 'completed' | 'failed' | 'cancelled'>
  type OnBoard = Seen | 'lapsed' | 'waiting for retry'
  type State =
    Exclude<TaskViewState, Seen> | OnBoard | `${'claimed' | 'lapsed'}, last attempt` | `${OnBoard}, paused`

  const pending = (stage: Stage) => stage.start(definition)
  const scheduled = async (stage: Stage) => {
    await pending(stage)
    await stage.complete(1)
    stage.held = undefined
  }
  const claimed = async (stage: Stage) => {
    await scheduled(stage)
    await stage.claim(task)
  }
  const lapsed = async (stage: Stage) => {
    await claimed(stage)
    await stage.pass(leaseMs)
  }
  const waiting = async (stage: Stage) => {
    await scheduled(stage)
    await stage.fail(task)
  }
  const lastClaimed = async (stage: Stage) => {
    await waiting(stage)
    await stage.pass(5_000)
    await stage.claim(task)
  }
  const paused = (bring: (stage: Stage) => Promise<void>) => async (stage: Stage) => {
    await bring(stage)
    await stage.engine.pauseProcess(stage.id)
  }

  const states: Record<State, (stage: Stage) => Promise<void>> = {
    pending,
    scheduled,
    claimed,
    'claimed, last attempt': lastClaimed,
    lapsed,
    'lapsed, last attempt': async (stage) => {
      await lastClaimed(stage)
      stage.clock.advance(leaseMs)
    },
    'waiting for retry': waiting,
    'scheduled, paused': paused(scheduled),
    'claimed, paused': paused(claimed),
    'lapsed, paused': paused(lapsed),
    'waiting for retry, paused': paused(waiting),
    completed: async (stage) => {
      await scheduled(stage)
      await stage.complete(task)
    },
    failed: async (stage) => {
      await scheduled(stage)
      await stage.fail(task, false)
    },
    cancelled: async (stage) => {
      await claimed(stage)
      await stage.engine.cancelProcess(stage.id)
    },
  }

  const commands: Record<
    'claim' | 'heartbeat' | 'complete' | 'fail' | 'release' | 'judge',
    (stage: Stage) => Promise<unknown>
  > = {
    claim: ({ engine, id }) => engine.claimTask(`${id}.${task}`, { worker: 'w', leaseMs }),
    heartbeat: (stage) => stage.engine.heartbeatTask(`${stage.id}.${task}`, claimOf(stage)),
    complete: (stage) => stage.engine.completeTask(`${stage.id}.${task}`, claimOf(stage), 'another output'),
    fail: (stage) => stage.engine.failTask(`${stage.id}.${task}`, claimOf(stage), 'another error'),
    release: (stage) => stage.engine.releaseTask(`${stage.id}.${task}`, claimOf(stage)),
    judge: async (stage) => {
      const row = await rowOf(stage)
      return stage.pass(Math.max(0, (row?.expiresAt.getTime() ?? 0) - stage.clock.now()))
    },
  }

  /** The one that holds it or held it last; else one that somebody has made up. */
  function claimOf({ held }: Stage): string {
    return held?.claim ?? `1.${'A'.repeat(22)}`
  }

  async function rowOf({ store, id }: Stage) {
    const rows = await store.taskList.fetch({ processId: id, limit: 10 })
    return rows.find((row) => row.task === task)
  }

  /** As people see it: the state of the task, and what the board knows besides. */
  async function stateOf(stage: Stage): Promise<string> {
    const { state } = await stage.engine.fetchTask(`${stage.id}.${task}`)
    const row = await rowOf(stage)
    if (row === undefined || (await stage.processState()) === 'failed') return state
    const isFuture = row.claimableAt.getTime() > stage.clock.now()
    const attempt = row.attempt >= row.maxAttempts && state === 'claimed' ? ', last attempt' : ''
    const seen =
      state === 'claimed' && !isFuture
        ? 'lapsed'
        : isFuture && state === 'scheduled'
          ? 'waiting for retry'
          : state
    return `${seen}${attempt}${row.isPaused ? ', paused' : ''}`
  }

  declareCells('Tasks', states, commands, stateOf)
})
