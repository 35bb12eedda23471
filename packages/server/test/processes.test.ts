import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TunaCornClient } from '@tunacorn/client'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { killAll, tunacorn } from './support/command.js'
import { memoryServer } from './support/memory-server.js'

const server = memoryServer()
let client: TunaCornClient
let cwd = ''

beforeAll(async () => {
  client = new TunaCornClient({ url: server().url })
  cwd = await mkdtemp(join(tmpdir(), 'tunacorn-processes-'))
  await writeFile(
    join(cwd, 'pair.yaml'),
    'name: pair\ntasks:\n  - name: First\n  - name: Second\n    needs: [First]\n',
  )
  await writeFile(join(cwd, 'broken.yaml'), 'name: broken\ntasks:\n  - name: A\n    needs: [B]\n')
  await writeFile(join(cwd, 'input.json'), '{"applicant": "Ada"}')
  await client.registerDefinition({
    name: 'pair',
    tasks: [{ name: 'First' }, { name: 'Second', needs: ['First'] }],
  })
  await client.registerDefinition({ name: 'waiting', tasks: [{ name: 'Wait' }] })
})
afterEach(killAll)
afterAll(() => rm(cwd, { recursive: true, force: true }))

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const nobody = '01938c5e-7d4b-7c3a-9f00-5b1e8d2f4a6c'

async function startWaiting(more: object = {}): Promise<string> {
  return (await client.startProcess({ definition: 'waiting', ...more })).id
}

/** Does the next task of this process, or fails it. */
async function work(process: string, error?: object): Promise<void> {
  const { tasks } = await client.claimTasks({ worker: 'tester', process, wait: '10s' })
  for (const { id, claim } of tasks) {
    await (error === undefined
      ? client.completeTask(id, { claim, output: { score: 7 } })
      : client.failTask(id, { claim, error }))
  }
}

const parsed = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('start registers a file, starts it with the input of another, and prints the id alone', async () => {
  const { code, stdout, stderr } = await server().cli(['start', 'pair.yaml', '--input', '@input.json'], {
    cwd,
  })
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/^Started pair, version \d+\.\n$/),
  })
  expect(stdout.trim()).toMatch(uuid)
  expect(await client.getProcess(stdout.trim())).toMatchObject({
    definition: 'pair',
    input: { applicant: 'Ada' },
  })
})

test('start by name takes input, key, version and priority, and --json prints the process', async () => {
  const flags = ['--process-key', 'order-1', '--definition-version', '1', '--priority', '3', '--json']
  const { code, stdout } = await server().cli(['start', 'waiting', '--input', '[1.5, "two"]', ...flags])
  expect(code).toBe(0)
  const [process] = parsed(stdout)
  expect(process).toMatchObject({ input: [1.5, 'two'], key: 'order-1', definitionVersion: 1, priority: 3 })
  const again = await server().cli(['start', 'waiting', '--process-key', 'order-1'])
  expect(again).toMatchObject({ code: 5, stdout: '' })
  expect(again.stderr).toContain('order-1')
})

test('start says what is wrong with a file as compilers do, with a name what was meant, and with JSON where', async () => {
  const broken = await server().cli(['start', 'broken.yaml'], { cwd })
  expect(broken).toMatchObject({ code: 3, stdout: '' })
  expect(broken.stderr).toMatch(
    /^broken\.yaml:4:13: .*"B"[^]*\ntunacorn: broken\.yaml was not registered\.\n$/,
  )
  const typo = await server().cli(['start', 'waitign'])
  expect(typo).toMatchObject({ code: 4, stdout: '' })
  expect(typo.stderr).toMatch(/^tunacorn: There is no definition "waitign"\. .*Did you mean "waiting"\?\n$/)
  const json = await server().cli(['start', 'waiting', '--input', '{a: 1}'])
  expect(json).toMatchObject({ code: 2, stdout: '' })
  expect(json.stderr).toMatch(/^tunacorn: Expected --input to be JSON, but: .*position 1\./)
  const rounded = await server().cli(['start', 'waiting', '--input', '12345678901234567890'])
  expect(rounded.code).toBe(2)
  expect(rounded.stderr).toContain('Send it as a string.\n')
})

test('start --wait tells each task on standard error, in plain lines, and ends with 0 when it is completed', async () => {
  const waiting = server().begin(['start', 'pair', '--wait'])
  const [id = ''] = await waiting.says(/^\S+/)
  await work(id)
  await work(id)
  const { code, stdout, stderr } = await waiting.exited
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${id}\n` })
  expect(stderr).toMatch(
    /^Started pair, version \d+\.\n {2}✓ First {2}.* ms {2}by tester {2}\{"score":7\}\n {2}✓ Second .*\npair is completed after .*, 2 of 2 tasks completed\.\n$/,
  )
  // oxlint-disable-next-line no-control-regex
  expect(stderr).not.toMatch(/\u001b/)
})

test('start --wait ends with 1 when it fails, says why, and with --json prints the process as it ended', async () => {
  const waiting = server().begin(['start', 'waiting', '--wait', '--json'])
  const { id } = await newest('waiting')
  await work(id, { message: 'no luck' })
  const { code, stdout, stderr } = await waiting.exited
  expect(code).toBe(1)
  expect(parsed(stdout)).toMatchObject([{ id, state: 'failed', failedTask: 'Wait' }])
  expect(stderr).toContain('waiting is failed')
  expect(stderr).toContain('Wait failed: {"message":"no luck"}.\n')
})

/** The process that comes when a command has started one. */
async function newest(definition: string): Promise<{ id: string }> {
  const count = async () => (await client.listProcesses({ definition })).items
  const before = (await count()).length
  for (;;) {
    const [first, ...others] = await count()
    if (first !== undefined && others.length >= before) return first
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('ps lists the newest first, filters, pages, and gives JSON a line each', async () => {
  const first = await startWaiting({ key: 'ps-1' })
  const second = await startWaiting({ key: 'ps-2' })
  const list = await server().cli(['ps', '--definition', 'waiting', '--state', 'running'])
  expect(list.code).toBe(0)
  expect(list.stdout).toMatch(/^ID +STATE +TASKS +STARTED +DEFINITION +KEY\n/)
  expect(list.stdout.indexOf(second)).toBeLessThan(list.stdout.indexOf(first))
  const byKey = await server().cli(['ps', '--process-key', 'ps-1', '--json'])
  expect(parsed(byKey.stdout)).toMatchObject([{ id: first, key: 'ps-1' }])
  const page = await server().cli(['ps', '--limit', '1', '--json'])
  expect(parsed(page.stdout)).toMatchObject([{ id: second }])
  const [, cursor = ''] = /^There are more: --cursor (\S+) /.exec(page.stderr) ?? []
  const next = await server().cli(['ps', '--limit', '1', '--cursor', cursor, '--json'])
  expect(parsed(next.stdout)).toMatchObject([{ id: first }])
  const all = await server().cli(['ps', '--all', '--json'])
  expect(parsed(all.stdout).length).toBeGreaterThan(2)
  const none = await server().cli(['ps', '--definition', 'wating'])
  expect(none).toEqual({
    code: 0,
    stdout: '',
    stderr: 'There is no definition "wating". Did you mean "waiting"?\n',
  })
})

test('show says of each task why it is not done, or what came of it', async () => {
  const { id } = await client.startProcess({ definition: 'pair', input: { applicant: 'Ada' } })
  await work(id)
  const { code, stdout } = await server().cli(['show', id])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^state +running$/m)
  expect(stdout).toMatch(/^progress +1 of 2 tasks completed$/m)
  expect(stdout).toMatch(/^First +completed +1 +\{"score":7\}$/m)
  expect(stdout).toMatch(/^Second +scheduled +waits for a worker since /m)
  const json = await server().cli(['show', id, '--json'])
  expect(parsed(json.stdout)).toMatchObject([{ id, progress: { finished: 1 } }])
  const task = await server().cli(['show', `${id}.0`])
  expect(task.stdout).toMatch(/^name +First$/m)
  expect(task.stdout).toMatch(/^output +\{"score":7\}$/m)
})

test('show --watch shows it anew until it has ended, and ends with how', async () => {
  const id = await startWaiting()
  const watching = server().begin(['show', id, '--watch'])
  await watching.says(/waits for a worker/)
  await work(id, { message: 'no luck' })
  const { code, stdout } = await watching.exited
  expect(code).toBe(1)
  expect(stdout).toMatch(/^state +failed: Wait failed: \{"message":"no luck"\}$/m)
})

test('events prints what happened, -f goes on until the end, and --json is the history itself', async () => {
  const id = await startWaiting({ input: { applicant: 'Ada' } })
  const following = server().begin(['events', id, '-f'])
  await following.says(/ {2}started {2}\{"applicant":"Ada"\}\n/)
  await client.pauseProcess(id, { by: 'Grace', reason: 'lunch' })
  await following.says(/ {2}paused {2}by Grace {2}lunch\n/)
  await client.resumeProcess(id)
  await work(id)
  const { code, stdout } = await following.exited
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ {3}4 {2}\S+ \S+Z {2}✓ Wait {2}.*\{"score":7\}$/m)
  const json = await server().cli(['events', id, '--json', '--after', '1'])
  expect(parsed(json.stdout)).toEqual((await client.getHistory(id, { after: 1 })).items)
})

test('pause, resume and cancel say how it is then; cancel asks first, or wants --yes', async () => {
  const id = await startWaiting()
  expect(await server().cli(['pause', id])).toEqual({ code: 0, stdout: `${id}  paused\n`, stderr: '' })
  expect(await server().cli(['resume', id])).toMatchObject({ code: 0, stdout: `${id}  running\n` })
  const asked = await server().cli(['cancel', id])
  expect(asked).toMatchObject({ code: 2, stdout: '' })
  expect(asked.stderr).toMatch(/^tunacorn: Expected --yes, since this cannot be undone/)
  const cancelled = await server().cli([
    'cancel',
    id,
    '--yes',
    '--by',
    'Ada',
    '--reason',
    'done with',
    '--json',
  ])
  expect(parsed(cancelled.stdout)).toMatchObject([{ id, state: 'cancelled', by: 'Ada', reason: 'done with' }])
})

test('retry lets a failed process go on; what is refused for one does not stop the others', async () => {
  const failed = await startWaiting()
  await work(failed, { message: 'no luck' })
  const running = await startWaiting()
  const { code, stdout, stderr } = await server().cli(['retry', running, nobody, failed])
  expect({ code, stdout }).toEqual({ code: 4, stdout: `${failed}  running\n` })
  expect(stderr).toMatch(/^tunacorn: The process is running\..*\ntunacorn: There is no process .*\n$/)
})

test('what is not there ends with 4, a bad id with 2, and no server with 69', async () => {
  expect(await server().cli(['show', nobody])).toEqual({
    code: 4,
    stdout: '',
    stderr: `tunacorn: There is no process ${nobody}.\n`,
  })
  expect(await server().cli(['events', nobody, '-f'])).toMatchObject({ code: 4, stdout: '' })
  expect(await server().cli(['show', 'pair'])).toMatchObject({ code: 2, stdout: '' })
  const away = await tunacorn(['ps', '--url', 'http://127.0.0.1:1'])
  expect(away).toMatchObject({ code: 69, stdout: '' })
  expect(away.stderr).toMatch(/^tunacorn: Expected to reach TunaCorn .*ECONNREFUSED.*--url, TUNACORN_URL;/)
})

test('the key goes along with every request, from --key or TUNACORN_KEY', async () => {
  const heard: (string | undefined)[] = []
  const { createServer } = await import('node:http')
  const listener = createServer((request, response) => {
    heard.push(request.headers.authorization)
    response.setHeader('content-type', 'application/json').end('{"items":[]}')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => listener.once('listening', resolve))
  const { port } = listener.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  await tunacorn(['ps', '--url', url, '--key', 'from-flag'])
  await tunacorn(['tasks'], { env: { TUNACORN_URL: url, TUNACORN_KEY: 'from-variable' } })
  listener.close()
  listener.closeAllConnections()
  expect(heard).toEqual(['Bearer from-flag', 'Bearer from-variable'])
})

test('graph draws the definition of a file or of the server, for Mermaid and for Graphviz', async () => {
  const mermaid = 'flowchart LR\n  t0["First"]\n  t1["Second"]\n  t0 --> t1\n'
  const offline = { cwd, env: { TUNACORN_URL: 'http://127.0.0.1:1' } }
  expect(await tunacorn(['graph', 'pair.yaml'], offline)).toEqual({ code: 0, stdout: mermaid, stderr: '' })
  expect(await server().cli(['graph', 'pair'])).toMatchObject({ code: 0, stdout: mermaid })
  const dot = await server().cli(['graph', 'pair', '--format', 'dot'])
  expect(dot.stdout).toMatch(/^digraph "pair" \{\n[^]*t0 \[label="First"\]\n[^]*t0 -> t1\n\}\n$/)
  const source = 'tasks: [{ name: "a \\"b\\" <c> #1\\\\" }]'
  const quoted = await tunacorn(['graph', '-'], { ...offline, input: source })
  expect(quoted.stdout).toContain('t0["a #34;b#34; #60;c#62; #35;1#92;"]')
  const inDot = await tunacorn(['graph', '-', '--format', 'dot'], { ...offline, input: source })
  expect(inDot.stdout).toContain(String.raw`t0 [label="a \"b\" <c> #1\\"]`)
  expect(await tunacorn(['graph', 'broken.yaml'], offline)).toMatchObject({ code: 3, stdout: '' })
  expect(await server().cli(['graph', 'piar'])).toMatchObject({ code: 4, stdout: '' })
})
