import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Process } from '../packages/protocol/dist/index.js'
import { allTasks, ask } from './support/api.js'
import { register, untilEnded } from './support/run-process.js'
import { TunaCornServer } from './support/tunacorn-server.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const hasPython = canRun('python3')
const canRunBash = canRun('bash') && canRun('curl')

let server: TunaCornServer
let dataDirectory: string

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'tunacorn-examples-'))
  server = await TunaCornServer.start({ kind: 'embedded', dataDirectory })
  const source = await readFile(join(root, 'examples/loan-application.yaml'), 'utf8')
  await register(server.url, source, 'application/yaml')
})

afterAll(async () => {
  await server.stop()
  await rm(dataDirectory, { recursive: true, force: true })
})

test('the TypeScript worker finishes loan applications', async () => {
  const worker = startWorker('node', [
    '--import',
    './scripts/typescript.mjs',
    'examples/worker-typescript/worker.ts',
  ])
  await expectLoansFinished()
  await endsWell(worker)
  expect(worker.output).toContain('Dear Grace Hopper, your loan of 100000 is granted.')
})

test.skipIf(!hasPython)('the Python worker finishes loan applications', async () => {
  const worker = startWorker('python3', ['examples/worker-python/worker.py'])
  await expectLoansFinished()
  await endsWell(worker)
  expect(worker.output).toContain('Dear Grace Hopper, your loan of 100000 is granted.')
})

test.skipIf(!canRunBash)('bash workers, one for each name, finish loan applications', async () => {
  const source = await readFile(join(root, 'examples/loan-application.yaml'), 'utf8')
  const names = [...source.matchAll(/^ {2}- name: (.+)$/gm)].map(([, name = '']) => name)
  const workers = names.map((name) => startWorker('bash', ['examples/worker-bash/worker.sh', name]))
  await expectLoansFinished()
  for (const worker of workers) await endsWell(worker)
  expect(workers[1]?.output).toContain('Review Credit: { "creditScore": 720 }')
})

test.skipIf(!canRunBash)(
  'a script run by the command finishes loan applications, or fails them',
  async () => {
    const run = (...args: string[]) =>
      startWorker('node', ['packages/server/bin/tunacorn.js', 'worker', ...args])
    const review = run('--task', 'Review Credit', '--', 'examples/worker-command/review-credit.sh')
    const others = ['Open Loan Application', 'Review Assets', 'Review Application Details', 'Send Email']
    const rest = run(...others.flatMap((name) => ['--task', name]), '--', 'echo', '{}')
    await expectLoansFinished()
    const poor = { definition: 'loan-application', input: { creditScore: 500 } }
    const { id } = await ask<Process>(server.url, 'POST', '/processes', poor)
    expect(await untilEnded(server.url, id)).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('The credit score 500 is too low') },
    })
    for (const worker of [review, rest]) await endsWell(worker)
    expect(review.output).toMatch(/Review Credit {2}completed {2}.* {2}\{"creditScore":720\}/)
  },
)

interface ExampleWorker {
  readonly child: ChildProcess
  output: string
}

/** An example in a process group of its own, so that it gets a Ctrl-C as from a terminal. */
function startWorker(command: string, args: readonly string[]): ExampleWorker {
  const env = { ...process.env, TUNACORN_URL: server.url }
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const worker: ExampleWorker = { child, output: '' }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (worker.output += text))
  }
  onTestFinished(() => signal(child, 'SIGKILL'))
  return worker
}

/** Two applications are opened and answered, and every task of them is completed. */
async function expectLoansFinished(): Promise<void> {
  const input = { applicant: 'Grace Hopper', amount: 100_000 }
  const start = () =>
    ask<Process>(server.url, 'POST', '/processes', { definition: 'loan-application', input })
  const ended = await Promise.all(
    (await Promise.all([start(), start()])).map(({ id }) => untilEnded(server.url, id)),
  )
  for (const { id, state } of ended) {
    expect(state).toBe('completed')
    const tasks = await allTasks(server.url, id)
    expect(tasks.map(({ state: reached }) => reached)).toEqual(Array(5).fill('completed'))
  }
}

/** Ctrl-C ends it, and it does not complain. */
async function endsWell({ child, output }: ExampleWorker): Promise<void> {
  const exited = once(child, 'exit')
  signal(child, 'SIGINT')
  const [code] = (await exited) as [number | null]
  expect(code, output).toBe(0)
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  process.kill(-child.pid, name)
}

function canRun(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    process.stderr.write(`\n!!! SKIPPED: the example that needs ${command}, because there is none here.\n\n`)
    return false
  }
}
