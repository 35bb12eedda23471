import { TunaCornClient } from '@tunacorn/client'
import { beforeAll, expect, test } from 'vitest'
import { memoryServer } from './support/memory-server.js'

const server = memoryServer()
let client: TunaCornClient

beforeAll(async () => {
  client = new TunaCornClient({ url: server().url })
  const tasks = [{ name: 'Review Credit' }, { name: 'Send Email', needs: ['Review Credit'] }]
  await client.registerDefinition({ name: 'loan', defaults: { retry: { limit: 1, delay: '1h' } }, tasks })
})

const parsed = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** A process of its own, and the claim of its first task, made by the command. */
async function claimed(): Promise<{ process: string; task: string; claim: string }> {
  const { id: process } = await client.startProcess({ definition: 'loan', input: { applicant: 'Ada' } })
  const { stdout } = await server().cli(['claim', `${process}.0`, '--json'])
  const [{ id, claim } = {}] = parsed(stdout)
  return { process, task: String(id), claim: String(claim) }
}

test('claim prints what is known of the next task of a name, and how it is reported', async () => {
  const { id } = await client.startProcess({ definition: 'loan', input: { applicant: 'Ada' }, priority: 9 })
  const { code, stdout, stderr } = await server().cli([
    'claim',
    'Review Credit',
    '--worker',
    'me',
    '--lease',
    '1m',
  ])
  expect(code).toBe(0)
  expect(stdout).toContain(`task     ${id}.0\nname     Review Credit\nclaim    1.`)
  expect(stdout).toContain('known    {"applicant":"Ada"}\n')
  expect(stderr).toMatch(new RegExp(`^When it is done: tunacorn complete ${id}\\.0 --claim 1\\.\\S+\n$`))
  expect(await client.getTask(`${id}.0`)).toMatchObject({ state: 'claimed', worker: 'me' })
  const taken = await server().cli(['claim', `${id}.0`])
  expect(taken).toMatchObject({ code: 5, stdout: '' })
  expect(taken.stderr).toContain('"me" has it until')
})

test('claim ends with 1 when there is none, and says what was meant', async () => {
  const none = await server().cli(['claim', 'Send Email'])
  expect(none).toEqual({ code: 1, stdout: '', stderr: 'There is no such task to claim now.\n' })
  const { code, stderr } = await server().cli(['claim', 'Send Emial'])
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'No definition has a task "Send Emial". Did you mean "Send Email"?\n',
  })
})

test('complete reports an output, may be said again, and ends with 5 when the claim is not live', async () => {
  const { task, claim } = await claimed()
  const report = ['complete', task, '--claim', claim, '--output', '@-']
  const done = { code: 0, stdout: `${task}  completed\n`, stderr: '' }
  expect(await server().cli(report, { input: '{"score": 7}' })).toEqual(done)
  expect(await server().cli(report, { input: '{"score": 7}' })).toEqual(done)
  expect(await client.getTask(task)).toMatchObject({ output: { score: 7 } })
  const lost = await server().cli(['complete', task, '--claim', `1.${'n'.repeat(22)}`])
  expect(lost).toMatchObject({ code: 5, stdout: '' })
  const cut = await server().cli(['complete', task, '--claim', '1.cut'])
  expect(cut).toMatchObject({ code: 2, stdout: '' })
  expect(cut.stderr).toContain('Expected all of it, as "tunacorn claim" has printed it.')
  const missing = await server().cli(['complete', task])
  expect(missing).toMatchObject({ code: 2, stdout: '' })
  expect(missing.stderr).toContain("required option '--claim <claim>'")
})

test('fail says why; another attempt follows when there is one, unless --no-retry', async () => {
  const first = await claimed()
  const again = await server().cli([
    'fail',
    first.task,
    '--claim',
    first.claim,
    '--message',
    'No such customer',
  ])
  expect(again).toEqual({ code: 0, stdout: `${first.task}  retrying\n`, stderr: '' })
  const second = await claimed()
  const error = '{"message": "Never", "score": 3}'
  const forGood = ['fail', second.task, '--claim', second.claim, '--error', error, '--no-retry', '--json']
  expect(parsed((await server().cli(forGood)).stdout)).toMatchObject([{ id: second.task, state: 'failed' }])
  expect(await client.getProcess(second.process)).toMatchObject({ error: { message: 'Never', score: 3 } })
  const why = await server().cli(['fail', second.task, '--claim', second.claim])
  expect(why).toMatchObject({ code: 2, stdout: '' })
})

test('tasks lists the board, or all tasks of a process', async () => {
  const { process, task } = await claimed()
  const board = await server().cli(['tasks', '--state', 'claimed', '--name', 'Review Credit', '--all'])
  expect(board.code).toBe(0)
  expect(board.stdout).toMatch(/^ID +STATE +ATTEMPT +SINCE +NAME +WORKER\n/)
  expect(board.stdout).toMatch(new RegExp(`^${task} +claimed +1/2 .* Review Credit +\\S+@\\S+$`, 'm'))
  const all = await server().cli(['tasks', process, '--json'])
  expect(parsed(all.stdout)).toMatchObject([
    { name: 'Review Credit', state: 'claimed' },
    { name: 'Send Email', state: 'pending' },
  ])
  const none = await server().cli(['tasks', '--name', 'Revew Credit'])
  expect(none).toEqual({
    code: 0,
    stdout: '',
    stderr: 'No definition has a task "Revew Credit". Did you mean "Review Credit"?\n',
  })
  expect(await server().cli(['tasks', '--state', 'completed'])).toMatchObject({ code: 2, stdout: '' })
})
