import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TunaCornClient } from '@tunacorn/client'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Command } from './support/command.js'
import { killAll } from './support/command.js'
import { memoryServer } from './support/memory-server.js'

const server = memoryServer()
let client: TunaCornClient
let directory = ''
let count = 0

beforeAll(async () => {
  client = new TunaCornClient({ url: server().url })
  directory = await mkdtemp(join(tmpdir(), 'tunacorn-worker-'))
})
afterEach(killAll)
afterAll(() => rm(directory, { recursive: true, force: true }))

/** A process of one task whose name is nobody else's, and a worker for it that runs this script. */
async function workOn(
  script: string,
  { flags = [], settings = {}, input = {} }: { flags?: string[]; settings?: object; input?: object } = {},
): Promise<{ id: string; name: string; worker: Command }> {
  count += 1
  const name = `Task ${count}`
  await client.registerDefinition({ name: `definition-${count}`, tasks: [{ name, ...settings }] })
  const { id } = await client.startProcess({ definition: `definition-${count}`, input })
  const args = ['worker', '--task', name, ...flags, '--', 'sh', '-c', script, 'the-script', directory]
  return { id, name, worker: server().begin(args) }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20)
}

/** A file that a script makes with its name in `$1`, as a sign. */
const sign = (name: string) => join(directory, name)

test('the program finds the task on standard input and in its environment, and its output is the task’s', async () => {
  const { id, name, worker } = await workOn(
    'cat > "$1/task.json"; printf \'{"name": "%s", "id": "%s", "process": "%s", "attempt": %s, "url": "%s"}\' ' +
      '"$TUNACORN_TASK_NAME" "$TUNACORN_TASK_ID" "$TUNACORN_PROCESS_ID" "$TUNACORN_ATTEMPT" "$TUNACORN_URL"',
    { input: { applicant: 'Ada' } },
  )
  await client.waitForProcess(id)
  const { output, worker: who } = await client.getTask(`${id}.0`)
  expect(output).toEqual({ name, id: `${id}.0`, process: id, attempt: 1, url: server().url })
  expect(who).toMatch(/-\d+$/)
  const task: unknown = JSON.parse(await readFile(sign('task.json'), 'utf8'))
  expect(task).toMatchObject({ id: `${id}.0`, name, attributes: { applicant: 'Ada' }, attempt: 1 })
  await worker.says(new RegExp(`^${name}  completed  `, 'm'))
  const { code, stderr } = await worker.kill('SIGTERM')
  expect(code).toBe(0)
  expect(stderr).toMatch(/ does tasks named Task \d+ for http.*\nStopping: .*\nStopped\.\n$/)
})

test('a program that prints nothing and reads nothing completes its task without an output', async () => {
  const { id } = await workOn('exec true', { input: { text: 'x'.repeat(500_000) } })
  expect(await client.waitForProcess(id)).toMatchObject({ state: 'completed' })
  expect(await client.getTask(`${id}.0`)).not.toHaveProperty('output')
})

test('any other exit code than 0 fails the attempt, with the end of standard error', async () => {
  const { id, worker } = await workOn(
    'echo out; i=0; while [ $i -lt 2000 ]; do echo "line $i" >&2; i=$((i+1)); done; exit 3',
  )
  const { error } = (await client.waitForProcess(id)) as {
    error?: { message: string; details: { stderr: string } }
  }
  expect(error).toMatchObject({ message: 'sh ended with exit code 3: line 1999', details: { exitCode: 3 } })
  expect(error?.details.stderr).toMatch(/line 1998\nline 1999\n$/)
  expect(error?.details.stderr.length).toBeLessThanOrEqual(4_096)
  await until(() => worker.stderr.includes('line 0\n'))
})

test('output that is no JSON, or more than 1 MB of it, fails the attempt and says so', async () => {
  const text = await workOn('echo "all went well"')
  expect(await client.waitForProcess(text.id)).toMatchObject({
    state: 'failed',
    error: {
      message: expect.stringMatching(/^Expected sh to print JSON, or nothing, but: /),
      details: { stdout: 'all went well\n' },
    },
  })
  const large = await workOn('exec yes 1234567890')
  expect(await client.waitForProcess(large.id)).toMatchObject({
    state: 'failed',
    error: { message: 'Expected at most 1 MB of output, but sh printed more.' },
  })
})

test('it is kept alive past its lease, and ended with all that it has started when the claim is lost', async () => {
  const { id, worker } = await workOn(
    'trap \'echo told > "$1/told"; exit 1\' TERM; echo up > "$1/up"; (sleep 1000; true) & wait',
    { flags: ['--lease', '500ms', '--json'] },
  )
  await until(() => existsSync(sign('up')))
  await sleep(1_500)
  expect(await client.getTask(`${id}.0`)).toMatchObject({ state: 'claimed', attempt: 1 })
  await client.cancelProcess(id)
  await worker.says(/"outcome":"given-back"/)
  expect(existsSync(sign('told'))).toBe(true)
})

test('SIGTERM lets what runs end, and reports it; a second one gives it back', async () => {
  const patient = await workOn('echo up > "$1/patient"; while [ ! -e "$1/go" ]; do sleep 0.05; done; echo 7')
  await until(() => existsSync(sign('patient')))
  const ended = patient.worker.kill('SIGTERM')
  await until(() => patient.worker.stderr.includes('Stopping'))
  await writeFile(sign('go'), '')
  expect(await ended).toMatchObject({ code: 0 })
  expect(await client.getTask(`${patient.id}.0`)).toMatchObject({ state: 'completed', output: 7 })

  const hasty = await workOn('echo up > "$1/hasty"; exec sleep 1000')
  await until(() => existsSync(sign('hasty')))
  void hasty.worker.kill('SIGINT')
  await until(() => hasty.worker.stderr.includes('Stopping'))
  expect(await hasty.worker.kill('SIGINT')).toMatchObject({ code: 0 })
  expect(await client.getTask(`${hasty.id}.0`)).toMatchObject({ state: 'scheduled', attempt: 0 })
})

test('as many run at a time as --concurrency says', async () => {
  await client.registerDefinition({ name: 'three', tasks: [{ name: 'Both' }, { name: 'Or Both' }] })
  const meet =
    'mkdir "$1/meet-$TUNACORN_TASK_ID"; while [ "$(ls -d "$1"/meet-* | wc -l)" -lt 2 ]; do sleep 0.05; done'
  const flags = ['--task', 'Both', '--task', 'Or Both', '--concurrency', '2']
  server().begin(['worker', ...flags, '--', 'sh', '-c', meet, 'meet', directory])
  const { id } = await client.startProcess({ definition: 'three' })
  expect(await client.waitForProcess(id)).toMatchObject({ state: 'completed' })
})

test('a program that cannot be started stops the worker, and its task is given back', async () => {
  await client.registerDefinition({ name: 'absent', tasks: [{ name: 'Absent' }] })
  const { id } = await client.startProcess({ definition: 'absent' })
  const { code, stderr } = await server().cli(['worker', '--task', 'Absent', '--', join(directory, 'nope')])
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /\ntunacorn: Expected \S+nope to start, but there is no such program\. Its tasks were given back\.\n$/,
  )
  await writeFile(sign('plain'), '')
  await chmod(sign('plain'), 0o644)
  const plain = await server().cli(['worker', '--task', 'Absent', '--', sign('plain')])
  expect(plain).toMatchObject({ code: 1 })
  expect(await client.getTask(`${id}.0`)).toMatchObject({ state: 'scheduled', attempt: 0 })
})

test('it says when no definition has a task of that name, and works for any with --any-task alone', async () => {
  await client.registerDefinition({ name: 'spelling', tasks: [{ name: 'Review Credit' }] })
  const worker = server().begin(['worker', '--task', 'Reveiw Credit', '--', 'true'])
  await until(() => worker.stderr.includes('Did you mean "Review Credit"? Waiting for one all the same.\n'))
  const { id } = await client.startProcess({ definition: 'spelling' })
  server().begin(['worker', '--any-task', '--process', id, '--', 'true'])
  expect(await client.waitForProcess(id)).toMatchObject({ state: 'completed' })
  expect(await server().cli(['worker', '--', 'true'])).toMatchObject({ code: 2 })
  expect(await server().cli(['worker', '--task', 'A', '--any-task', '--', 'true'])).toMatchObject({ code: 2 })
  expect(await server().cli(['worker', '--task', 'A'])).toMatchObject({ code: 2 })
})

test('who may not claim is told so once, and stops: asking again would not let it in', async () => {
  const closed = createServer((_, response) => {
    const problem = {
      type: 'about:blank',
      title: 'Who asks is not known',
      status: 401,
      code: 'unauthenticated',
    }
    response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
  }).listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const url = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`
  const { code, stderr } = await server().begin(['worker', '--any-task', '--url', url, '--', 'true']).exited
  closed.close()
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /\ntunacorn: Who asks is not known Give an API key with --key, or in TUNACORN_KEY\.\n$/,
  )
  expect(stderr).not.toContain('at ')
})
