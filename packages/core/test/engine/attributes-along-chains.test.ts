import { MemoryStore } from '@tunacorn/core'
import { expect, test } from 'vitest'
import { claim, complete, engineOn } from './support.js'

/** An engine with a process of tasks that need one another as said, with their input. */
async function running(tasks: Readonly<Record<string, readonly string[]>>, input?: unknown) {
  const engine = engineOn(new MemoryStore())
  const definition = { name: 'd', tasks: Object.entries(tasks).map(([name, needs]) => ({ name, needs })) }
  await engine.registerDefinition(JSON.stringify(definition))
  const { id } = await engine.startProcess({ definition: 'd', input })
  return { engine, id }
}

const chain = (length: number) =>
  Object.fromEntries(Array.from({ length }, (_, step) => [`s${step}`, step === 0 ? [] : [`s${step - 1}`]]))

/** Goes along a chain, each step putting out what `output` says; answers what each was given. */
async function walk(length: number, input: unknown, output: (step: number) => unknown, options = {}) {
  const { engine, id } = await running(chain(length), input)
  const given: unknown[] = []
  for (let step = 0; step < length; step += 1) {
    const { tasks } = await engine.claimTasks({ worker: 'w', process: id, ...options })
    for (const task of tasks) {
      given.push(task.attributes?.value())
      await engine.completeTask(task.id, task.claim, output(step))
    }
  }
  return { engine, id, given }
}

test('each step of a chain has the input and what all before it have put out, later ones first', async () => {
  const output = (step: number) => ({ last: step, [`only-${step}`]: step, nested: { step } })
  const { given } = await walk(6, { last: 'input', input: true }, output)
  for (const [step, attributes] of given.entries()) {
    let expected: object = { last: 'input', input: true }
    for (let before = 0; before < step; before += 1) expected = { ...expected, ...output(before) }
    expect(attributes).toEqual(expected)
  }
})

test('steps that put out nothing, or no object, add nothing', async () => {
  const outputs = [undefined, [1], { a: 1 }, undefined, null, { b: 1 }]
  const { given } = await walk(7, { i: 1 }, (step) => outputs[step])
  expect(given).toEqual([
    { i: 1 },
    { i: 1 },
    { i: 1 },
    { i: 1, a: 1 },
    { i: 1, a: 1 },
    { i: 1, a: 1 },
    { i: 1, a: 1, b: 1 },
  ])
})

test('what was asked for before a need had ended is not what its task has in the end', async () => {
  const { engine, id } = await running({ A: [], B: ['A'], C: ['B'], D: ['C'] }, { i: 1 })
  await complete(engine, id, 'A', { a: 1 })
  expect((await engine.fetchAttributes(`${id}.2`)).attributes.value()).toEqual({ i: 1, a: 1 })
  expect((await engine.fetchAttributes(`${id}.3`)).attributes.value()).toEqual({ i: 1, a: 1 })
  await complete(engine, id, 'B', { b: 1 })
  expect((await claim(engine, id, 'C')).attributes?.value()).toEqual({ i: 1, a: 1, b: 1 })
  expect((await engine.fetchAttributes(`${id}.3`)).attributes.value()).toEqual({ i: 1, a: 1, b: 1 })
})

test('tasks of a fan have the same; what joins them has all', async () => {
  const { engine, id } = await running({ A: [], B: ['A'], C: ['A'], D: ['B'], E: ['C', 'D'] }, { i: 1 })
  await complete(engine, id, 'A', { nested: { a: 1 } })
  const [first, second] = (await engine.claimTasks({ worker: 'w', max: 2 })).tasks
  expect(first?.attributes?.value()).toEqual({ i: 1, nested: { a: 1 } })
  expect(second?.attributes?.value()).toEqual({ i: 1, nested: { a: 1 } })
  for (const task of [first, second])
    if (task !== undefined) await engine.completeTask(task.id, task.claim, { [task.name]: 1 })
  await complete(engine, id, 'D', { D: 1 })
  expect((await claim(engine, id, 'E')).attributes?.value()).toEqual({
    i: 1,
    nested: { a: 1 },
    B: 1,
    C: 1,
    D: 1,
  })
})

test('beyond a thousand ancestors a step has no attributes, and up to there it has', async () => {
  const { given } = await walk(1_004, {}, (step) => ({ [`s${step}`]: 1 }))
  const sizes = given.map((attributes) => attributes && Object.keys(attributes).length)
  expect(sizes.slice(998)).toEqual([998, 999, 1_000, undefined, undefined, undefined])
})

test('what is counted for the limit is all that was put out, also where something else took its place', async () => {
  const { engine, id, given } = await walk(5, {}, () => ({ same: 'x'.repeat(100 * 1024) }))
  expect(given.map((attributes) => attributes !== undefined)).toEqual([true, true, true, false, false])
  expect((await engine.fetchAttributes(`${id}.4`)).attributes.value()).toEqual({
    same: 'x'.repeat(100 * 1024),
  })
})

test('who wants none is given none, and those after it all the same theirs', async () => {
  const { engine, id } = await walk(3, { i: 1 }, (step) => ({ [`s${step}`]: 1 }), { attributes: false })
  expect((await engine.fetchAttributes(`${id}.2`)).attributes.value()).toEqual({ i: 1, s0: 1, s1: 1 })
})

test.each(['the replica that saw it fail', 'another replica'])(
  'what failed has put out nothing, and what it puts out in the end is there, when %s tries it again',
  async (who) => {
    const store = new MemoryStore()
    const engine = engineOn(store)
    const other = who === 'another replica' ? engineOn(store) : engine
    const tasks = { A: [], B: ['A'], C: ['B'], D: ['C'] }
    const definition = Object.entries(tasks).map(([name, needs]) => ({ name, needs }))
    await engine.registerDefinition(JSON.stringify({ name: 'd', tasks: definition }))
    const { id } = await engine.startProcess({ definition: 'd', input: { i: 1 } })
    await complete(engine, id, 'A', { a: 1 })
    const failing = await claim(engine, id, 'B')
    await engine.failTask(failing.id, failing.claim, { b: 'wrong' })
    const before = await engine.fetchAttributes(`${id}.2`)
    expect([before.needs, before.attributes.value()]).toEqual([{}, { i: 1, a: 1 }])

    await other.retryProcess(id)
    await complete(other, id, 'B', { b: 1 })
    const task = await claim(engine, id, 'C')
    expect(task.needs?.['B']?.value()).toEqual({ b: 1 })
    expect(task.attributes?.value()).toEqual({ i: 1, a: 1, b: 1 })
    await engine.completeTask(task.id, task.claim, { c: 1 })
    expect((await claim(engine, id, 'D')).attributes?.value()).toEqual({ i: 1, a: 1, b: 1, c: 1 })
  },
)
