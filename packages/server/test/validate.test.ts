import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tunacorn } from './support/command.js'

const good = 'tasks:\n  - name: A\n  - name: B\n    needs: [A]\n'
const broken = 'name: x\ntasks:\n  - name: Review\n    needs: [Reveiw]\n  - nam: Answer\n'

/** A definition with a failure process. */
const naming = (name: string, failureProcess?: string) =>
  `name: ${name}\n${failureProcess === undefined ? '' : `failureProcess: ${failureProcess}\n`}tasks: [{ name: A }]\n`

let cwd = ''
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'tunacorn-validate-'))
  await writeFile(join(cwd, 'good.yaml'), good)
  await writeFile(join(cwd, 'one.json'), '{ "tasks": [{ "name": "A" }] }')
  await writeFile(join(cwd, 'broken.yaml'), broken)
  await writeFile(join(cwd, 'yaml.json'), good)
  await writeFile(join(cwd, 'binary.yaml'), Buffer.from([0x6e, 0xff, 0xfe]))
  await mkdir(join(cwd, 'empty'))
  await mkdir(join(cwd, 'trips'))
  await writeFile(join(cwd, 'trips', 'book.yaml'), naming('book', 'undo'))
  await writeFile(join(cwd, 'trips', 'undo.yml'), naming('undo'))
  await writeFile(join(cwd, 'trips', 'notes.txt'), 'not a definition')
  await writeFile(join(cwd, 'typo.yaml'), naming('typo', 'undoo'))
  await writeFile(join(cwd, 'back.yaml'), naming('undo', 'book'))
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const brokenLines = (file: string) => [
  `${file}:4:13: Expected the name of a task of this definition, but there is no task named "Reveiw". Correct the name, or add the task. Did you mean "Review"?`,
  `${file}:5:5: Expected only the keys name, needs, retry, timeout, heartbeat, scheduleTimeout, delay, priority in a task, but found "nam". Did you mean "name"?`,
  `${file}:5:5: Expected every task to have a name, but found none here. Add one: "name: …".`,
]

const soundGood = (file: string) =>
  `${file}: sound, 2 tasks; ends within 62d, pauses and tasks that workers give back apart (process timeout: 365d); critical path, 2 tasks deep: A → B; no name, which a server asks for`

const lines = (...all: string[]) => all.map((line) => `${line}\n`).join('')

test('sound definitions get a line each, and exit code 0', async () => {
  expect(await tunacorn(['validate', 'good.yaml', 'one.json'], { cwd })).toEqual({
    code: 0,
    stdout: lines(
      soundGood('good.yaml'),
      'one.json: sound, 1 task; ends within 31d, pauses and tasks that workers give back apart (process timeout: 365d); critical path, 1 task deep: A; no name, which a server asks for',
    ),
    stderr: '',
  })
})

test('every problem gets a line as compilers write it, and the exit code is 3', async () => {
  expect(await tunacorn(['validate', 'broken.yaml', 'good.yaml'], { cwd })).toEqual({
    code: 3,
    stdout: lines(...brokenLines('broken.yaml'), soundGood('good.yaml')),
    stderr: '',
  })
})

test('a dash reads standard input', async () => {
  expect(await tunacorn(['validate', '-'], { cwd, input: broken })).toEqual({
    code: 3,
    stdout: lines(...brokenLines('-')),
    stderr: '',
  })
  expect(await tunacorn(['validate', '-'], { cwd, input: good })).toMatchObject({
    code: 0,
    stdout: lines(soundGood('-')),
  })
})

test('a file that is named .json must be JSON', async () => {
  const { code, stdout } = await tunacorn(['validate', 'yaml.json'], { cwd })
  expect(code).toBe(3)
  expect(stdout).toMatch(/^yaml\.json:1:1: /)
})

test('a file that cannot be read is told, the others are checked, and the exit code is that of the first', async () => {
  expect(await tunacorn(['validate', 'nope.yaml', 'binary.yaml', 'broken.yaml'], { cwd })).toEqual({
    code: 4,
    stdout: lines(...brokenLines('broken.yaml')),
    stderr: lines(
      'tunacorn: nope.yaml: There is no such file.',
      'tunacorn: binary.yaml: Expected text in UTF-8, but found bytes that are not.',
    ),
  })
})

test('of a folder, all definition files in it are checked', async () => {
  const { code, stdout, stderr } = await tunacorn(['validate', 'trips'], { cwd })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^trips\/book\.yaml: sound, .*\ntrips\/undo\.yml: sound, .*\n$/)
  const empty = await tunacorn(['validate', 'empty'], { cwd })
  expect(empty).toMatchObject({ code: 1, stdout: '' })
  expect(empty.stderr).toMatch(/^tunacorn: empty: Expected definition files .* there are none\.\n$/)
})

test('what several files name of one another must be among them, and must not lead back', async () => {
  const typo = await tunacorn(['validate', 'typo.yaml', 'trips'], { cwd })
  expect(typo).toMatchObject({ code: 3, stderr: '' })
  expect(typo.stdout).toMatch(
    /^typo\.yaml:2:17: Expected the name of a registered definition, .*"undoo"\. .*Did you mean "undo"\?\ntrips\/book\.yaml: sound/,
  )
  const circle = await tunacorn(['validate', 'trips/book.yaml', 'back.yaml'], { cwd })
  expect(circle.code).toBe(3)
  expect(circle.stdout).toMatch(
    /^trips\/book\.yaml:2:17: .* book → undo → book\. .*\nback\.yaml:2:17: .* undo → book → undo\. /,
  )
  // Of a single file, and of what may be in a file that is not sound, that is not known.
  expect(await tunacorn(['validate', 'typo.yaml'], { cwd })).toMatchObject({ code: 0 })
  const withBroken = await tunacorn(['validate', 'typo.yaml', 'broken.yaml'], { cwd })
  expect(withBroken.stdout).toMatch(/^typo\.yaml: sound/)
})

test('--json gives a line for each file, as the server would answer', async () => {
  const { code, stdout } = await tunacorn(['validate', '--json', 'good.yaml', 'broken.yaml', 'nope.yaml'], {
    cwd,
  })
  expect(code).toBe(4)
  const found = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(found).toMatchObject([
    { file: 'good.yaml', valid: true, taskCount: 2, endsWithin: '62d', criticalPath: ['A', 'B'] },
    { file: 'broken.yaml', valid: false, problems: [{ code: 'unknown-need', line: 4, column: 13 }, {}, {}] },
    { file: 'nope.yaml', valid: false, unreadable: 'nope.yaml: There is no such file.' },
  ])
})
