import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { Command, killAll, tunacorn } from './support/command.js'
import { dataDirectories } from './support/data-directory.js'
import { ask, takenPort } from './support/http.js'

const directories = dataDirectories()
afterEach(killAll)

const tasks = [
  'Open Loan Application',
  'Review Credit',
  'Review Assets',
  'Review Application Details',
  'Send Email',
]

async function startDev(...args: string[]): Promise<{ server: Command; url: string }> {
  const server = new Command(['dev', '--port', '0', ...args])
  const [, url = ''] = await server.says(/Listening +(http:\S+)/)
  return { server, url }
}

/** The commands that are printed to be pasted, each with the lines that go on below it. */
function printedCommands(output: string): string[] {
  return [...output.matchAll(/^ {2}curl (?:.*\\\n)*.*$/gm)].map(([command]) => command)
}

async function paste(command: string): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)('bash', ['-c', command])
  const answer: Record<string, unknown> = JSON.parse(stdout)
  return answer
}

test('it shows a loan application from start to end, and what to try next really works', async () => {
  const { server } = await startDev('--data-dir', await directories.copy())
  await server.says(/Ctrl-C stops TunaCorn/)
  const { stdout } = server
  expect(stdout).toContain(
    'Definitions  loan-application (5 tasks), undo-trip (2 tasks), book-trip (4 tasks) from ./examples',
  )
  expect(stdout).toMatch(/Database .*, no processes from before\n/)
  for (const task of tasks) {
    expect(stdout).toMatch(new RegExp(`^ {2}→ ${task}$`, 'm'))
    expect(stdout).toMatch(new RegExp(`^ {2}✓ ${task} +\\d+ ms  \\{.*\\}$`, 'm'))
  }
  expect(stdout.indexOf('✓ Open Loan')).toBeLessThan(stdout.indexOf('→ Review'))
  expect(stdout).toMatch(/The loan application is completed: 5 tasks, \d\.\d s of work in \d\.\d s\./)

  const [start = '', claim = '', look = ''] = printedCommands(stdout)
  const process = await paste(start)
  expect(process).toMatchObject({ definition: 'loan-application', state: 'running' })
  expect(await paste(claim)).toMatchObject({
    tasks: [{ name: 'Open Loan Application', process: { id: process['id'] } }],
  })
  const { items } = await paste(look)
  expect(items).toHaveLength(6)
  expect(server.stderr).toBe('')
})

test('Ctrl-C ends it soon with exit code 0, and the next start finds what is there', async () => {
  const dataDir = await directories.copy()
  const { server, url } = await startDev('--data-dir', dataDir)
  // In the middle of the demo: the task that was under way is given back.
  await server.says(/→ Open Loan Application/)
  const stoppedAt = performance.now()
  const { code, stdout, stderr } = await server.kill('SIGINT')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(performance.now() - stoppedAt).toBeLessThan(2_000)
  expect(stdout).toMatch(/\nStopping\nStopped\. .*\n$/)
  expect(url).not.toBe('')

  const again = await startDev('--data-dir', dataDir)
  await again.server.says(/Database .*, 1 process from before\n/)
  await again.server.says(/Ctrl-C stops TunaCorn/)
  // The sample worker has left the one from before alone, whose task can be claimed at once.
  const { body } = await ask(`${again.url}/tasks`)
  expect(body['items']).toMatchObject([{ name: 'Open Loan Application', state: 'scheduled' }])
})

test('a broken definition prints its problems, the others go on; without a loan application there is no demo', async () => {
  const folder = directories.path('definitions')
  await mkdir(join(folder, 'below'), { recursive: true })
  await writeFile(join(folder, 'a.yaml'), 'name: a\ntasks:\n  - name: A\n    needs: [B]\n')
  await writeFile(join(folder, 'b.json'), '{ "name": "b", "tasks": [{ "name": "B" }] }')
  await writeFile(join(folder, 'c.yml'), 'name: c\ntasks: [{ name: C }, { name: D }]\n')
  await writeFile(join(folder, 'notes.txt'), 'not a definition')
  await writeFile(join(folder, 'below', 'd.yaml'), 'name: d\ntasks: [{ name: D }]\n')
  const { server, url } = await startDev('--data-dir', await directories.copy(), '--definitions', folder)
  await server.says(/Ctrl-C stops TunaCorn/)
  expect(server.stdout).toContain(`Definitions  b (1 task), c (2 tasks) from ${folder}\n`)
  expect(server.stdout).toContain(`  ${join(folder, 'a.yaml')}:4:13: Expected the name of a task`)
  expect(server.stdout).toContain('There is no definition "loan-application", so nothing is started.')
  expect((await ask(`${url}/definitions`)).body['items']).toMatchObject([{ name: 'b' }, { name: 'c' }])
  expect((await ask(`${url}/processes`)).body['items']).toEqual([])
})

test('a port that is taken is said in one line', async () => {
  const { port, release } = await takenPort()
  const { code, stderr } = await tunacorn([
    'dev',
    '--port',
    port,
    '--data-dir',
    directories.path('never-made'),
  ])
  release()
  expect(code).toBe(1)
  expect(stderr).toMatch(/^tunacorn: Port \d+ on 127\.0\.0\.1 is taken: .* --port \d+\.\n$/)
})
