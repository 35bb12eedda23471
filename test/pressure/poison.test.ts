import { fork, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { postgresUrl } from '../../packages/postgres/test/support/databases.js'
import { getProcess, wholeHistory } from '../support/api.js'
import { isProof } from '../support/proof.js'
import { register, startProcess } from '../support/run-process.js'
import { emptyDatabase, runningServer } from '../support/world.js'

const program = fileURLToPath(new URL('../support/mortal-worker.mjs', import.meta.url))
const [poisonous, others] = isProof ? [500, 1_000] : [50, 100]
const attempts = 2
/** How many tasks one worker takes at a time: so many die with it. */
const max = 10

const retry = `{ limit: ${attempts - 1}, delay: 10ms, jitter: false }`
const definitions = [
  `{ name: poisonous, defaults: { retry: ${retry} }, tasks: [{ name: poison }] }`,
  // Some are held by a worker that dies of another task.
  `{ name: harmless, defaults: { retry: { limit: 1000, delay: 1ms, factor: 1 } }, tasks: [{ name: work }, { name: next, needs: [work] }] }`,
]

/** So many workers at any time: one that has died is replaced. */
function workers(url: string, count: number): { readonly deaths: number } {
  const alive: (ChildProcess | undefined)[] = []
  const state = { deaths: 0, isOver: false }
  const replace = (n: number) => {
    const options = { url, worker: `worker ${n}`, lease: '500ms', max }
    const child = fork(program, [JSON.stringify(options)], { execArgv: [] })
    alive[n] = child
    child.once('exit', (_code, signal) => {
      if (state.isOver) return
      if (signal === 'SIGKILL') state.deaths += 1
      replace(n)
    })
  }
  for (let n = 0; n < count; n += 1) replace(n)
  onTestFinished(() => {
    state.isOver = true
    for (const child of alive) child?.kill('SIGKILL')
  })
  return state
}

test.skipIf(postgresUrl() === undefined)(
  'tasks that kill their worker each time are given up after their attempts, and keep nobody from being served',
  { timeout: isProof ? 600_000 : 120_000 },
  async () => {
    const { url } = await runningServer(await emptyDatabase('postgres'))
    for (const definition of definitions) await register(url, definition, 'application/yaml')
    // They come first: who asks is given them before all others.
    const start = async (name: string, count: number) =>
      Promise.all(Array.from({ length: count }, async () => (await startProcess(url, name)).id))
    const poison = await start('poisonous', poisonous)
    const harmless = await start('harmless', others)
    const crew = workers(url, 2)

    for (const id of harmless) expect(await untilOver(url, id)).toMatchObject({ state: 'completed' })
    for (const id of poison) {
      expect(await untilOver(url, id)).toMatchObject({ state: 'failed' })
      const failed = (await wholeHistory(url, id)).at(-1)
      expect(failed).toMatchObject({ name: 'poison', cause: 'lapsed', attempt: attempts })
      expect(failed?.lapsed).toHaveLength(attempts - 1)
    }
    expect(crew.deaths).toBeGreaterThanOrEqual((poisonous * attempts) / max)
    expect(crew.deaths).toBeLessThanOrEqual(poisonous * attempts)
  },
)

/** However long that takes: processes of workers are slow to start on a busy machine. */
async function untilOver(url: string, id: string) {
  for (;;) {
    const process = await getProcess(url, id)
    if (process.state !== 'running') return process
    await sleep(25)
  }
}
