import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Process } from '../packages/protocol/dist/index.js'
import { allTasks, ask, getProcess, wholeHistory } from './support/api.js'
import { register, untilEnded } from './support/run-process.js'
import { TunaCornServer } from './support/tunacorn-server.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const workerArguments = ['--import', './scripts/typescript.mjs', 'examples/worker-typescript/trip-worker.ts']

let server: TunaCornServer
let dataDirectory: string
let worker: ChildProcess
let output = ''

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'tunacorn-trips-'))
  server = await TunaCornServer.start({ kind: 'embedded', dataDirectory })
  for (const name of ['undo-trip', 'book-trip']) {
    const source = await readFile(join(root, `examples/${name}.yaml`), 'utf8')
    await register(server.url, source, 'application/yaml')
  }
  const env = { ...process.env, TUNACORN_URL: server.url }
  const child = spawn('node', workerArguments, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  worker = child
})

afterAll(async () => {
  worker.kill('SIGKILL')
  await server.stop()
  await rm(dataDirectory, { recursive: true, force: true })
})

const bookTrip = (input: object) =>
  ask<Process>(server.url, 'POST', '/processes', { definition: 'book-trip', input })

async function statesOf(id: string): Promise<Record<string, string>> {
  const tasks = await allTasks(server.url, id)
  return Object.fromEntries(tasks.map(({ name, state }) => [name, state]))
}

test('a trip is booked, although the airline does not answer at first', async () => {
  const { id } = await bookTrip({ traveller: 'Grace Hopper' })
  const ended = await untilEnded(server.url, id)
  expect(ended).toMatchObject({ state: 'completed' })
  expect(ended).not.toHaveProperty('failureProcess')
  const tasks = await allTasks(server.url, id)
  expect(tasks.map(({ name, state, attempt }) => ({ name, state, attempt }))).toEqual([
    { name: 'Book Flight', state: 'completed', attempt: 2 },
    { name: 'Book Hotel', state: 'completed', attempt: 1 },
    { name: 'Charge Card', state: 'completed', attempt: 1 },
    { name: 'Ask For Feedback', state: 'completed', attempt: 1 },
  ])
  const history = await wholeHistory(server.url, id)
  expect(JSON.stringify(history)).toContain('The airline does not answer')
})

test('a trip whose card has expired fails at once, and is undone', async () => {
  const { id } = await bookTrip({ traveller: 'Grace Hopper', card: 'expired' })
  expect(await untilEnded(server.url, id)).toMatchObject({ state: 'failed' })
  expect(await statesOf(id)).toEqual({
    'Book Flight': 'completed',
    'Book Hotel': 'completed',
    'Charge Card': 'failed',
    'Ask For Feedback': 'cancelled',
  })

  const { failureProcess = '' } = await getProcess(server.url, id)
  const undone = await untilEnded(server.url, failureProcess)
  expect(undone).toMatchObject({ definition: 'undo-trip', state: 'completed', failureOf: id })
  expect(await statesOf(failureProcess)).toEqual({
    'Cancel Bookings': 'completed',
    'Tell Traveller': 'completed',
  })
  const [cancelled] = await allTasks(server.url, failureProcess)
  expect(cancelled?.output).toEqual({ cancelled: ['Book Flight', 'Book Hotel'] })
})

test('Ctrl-C ends the worker, and it does not complain', async () => {
  expect(output).toContain('We are sorry: Charge Card failed. The card has expired.')
  const exited = once(worker, 'exit')
  worker.kill('SIGINT')
  const [code] = (await exited) as [number | null]
  expect(code, output).toBe(0)
})
