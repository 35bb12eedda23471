import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tunacorn } from './support/command.js'

const good = 'tasks:\n  - name: A\n  - name: B\n    needs: [A]\n'
const broken = 'name: x\ntasks:\n  - name: Review\n    needs: [Reveiw]\n  - nam: Answer\n'

let cwd = ''
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'tunacorn-validate-'))
  await writeFile(join(cwd, 'good.yaml'), good)
  await writeFile(join(cwd, 'one.json'), '{ "tasks": [{ "name": "A" }] }')
  await writeFile(join(cwd, 'broken.yaml'), broken)
  await writeFile(join(cwd, 'yaml.json'), good)
  await writeFile(join(cwd, 'binary.yaml'), Buffer.from([0x6e, 0xff, 0xfe]))
  await mkdir(join(cwd, 'folder'))
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const brokenLines = (file: string) => [
  `${file}:4:13: Expected the name of a task of this definition, but there is no task named "Reveiw". Correct the name, or add the task. Did you mean "Review"?`,
  `${file}:5:5: Expected only the keys name, needs, retry, timeout, heartbeat, scheduleTimeout, delay, priority in a task, but found "nam". Did you mean "name"?`,
  `${file}:5:5: Expected every task to have a name, but found none here. Add one: "name: …".`,
]

const soundGood = (file: string) =>
  `${file}: sound, 2 tasks; ends within 62d, pauses and tasks that workers give back apart (process timeout: 365d); critical path, 2 tasks deep: A → B`

const lines = (...all: string[]) => all.map((line) => `${line}\n`).join('')

test('sound definitions get a line each, and exit code 0', async () => {
  expect(await tunacorn(['validate', 'good.yaml', 'one.json'], { cwd })).toEqual({
    code: 0,
    stdout: lines(
      soundGood('good.yaml'),
      'one.json: sound, 1 task; ends within 31d, pauses and tasks that workers give back apart (process timeout: 365d); critical path, 1 task deep: A',
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

test('a file that cannot be read is told, the others are checked, and the exit code is 1', async () => {
  expect(await tunacorn(['validate', 'nope.yaml', 'folder', 'binary.yaml', 'broken.yaml'], { cwd })).toEqual({
    code: 1,
    stdout: lines(...brokenLines('broken.yaml')),
    stderr: lines(
      'tunacorn: nope.yaml: There is no such file.',
      'tunacorn: folder: Expected a file, but it is a folder. Name the files in it.',
      'tunacorn: binary.yaml: Expected text in UTF-8, but found bytes that are not.',
    ),
  })
})
